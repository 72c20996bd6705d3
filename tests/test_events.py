"""Events on disk: incremental, tolerant of what a crash leaves."""

import json

import pytest

from fmnist_core.events import FILE_NAME, EventReader, EventWriter, read_events


def test_a_reader_returns_each_event_once(tmp_path):
    writer, reader = EventWriter(tmp_path), EventReader(tmp_path)
    writer.write("queued")
    assert [event.kind for event in reader.read()] == ["queued"]
    writer.write("epoch", epoch=1, step=10, loss=0.5)
    (event,) = reader.read()
    assert (event.epoch, event.step, event.logs) == (1, 10, {"loss": 0.5})
    assert reader.read() == []


def test_a_torn_last_line_is_read_once_it_is_whole(tmp_path):
    reader = EventReader(tmp_path)
    EventWriter(tmp_path).write("queued")
    whole = (tmp_path / FILE_NAME).read_bytes()
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(whole[:20])
    assert len(reader.read()) == 1
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(whole[20:])
    assert len(reader.read()) == 1


def test_a_line_torn_by_a_crash_costs_only_itself(tmp_path):
    writer = EventWriter(tmp_path)
    writer.write("queued")
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b'{"kind": "epo')
    writer.write("started")
    assert [event.kind for event in read_events(tmp_path)] == ["queued", "started"]


def test_lines_that_are_no_event_are_passed_over(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b'\xff\xfe\n{"kind": 1}\n[]\n{"kind":"queued","time_s":1.0}\n')
    assert [event.kind for event in read_events(tmp_path)] == ["queued"]


WRONG = {
    "logs": [None, [], "loss", 3], "time_s": [None, "now", "NaN", -1, 1e300], "epoch": ["one", [1], "NaN"],
    "step": ["ten", {}], "kind": [None, 7],
}  # fmt: skip


@pytest.mark.parametrize("name, value", [(name, value) for name, values in WRONG.items() for value in values])
def test_a_line_of_whole_json_with_a_field_of_another_kind_is_passed_over(tmp_path, name, value):
    line = {"kind": "epoch", "time_s": 1.0, "epoch": 1, "step": 10, "logs": {"loss": 0.5}}
    damaged = json.dumps(line | {name: float(value) if value == "NaN" else value})
    (tmp_path / FILE_NAME).write_text(f"{damaged}\n{json.dumps(line)}\n")
    assert [event.logs for event in read_events(tmp_path)] == [{"loss": 0.5}]


def test_a_folder_without_events_has_none(tmp_path):
    assert read_events(tmp_path / "absent") == []


def test_numbers_of_numpy_are_written_as_numbers(tmp_path):
    import numpy as np

    EventWriter(tmp_path).write("epoch", epoch=1, loss=np.float32(0.25))
    assert read_events(tmp_path)[0].logs == {"loss": 0.25}
