"""Where the seconds of a Run go: the phases fill its time, and resumed and two-phase Runs are told rightly."""

import pytest

from benchmarks.phase_times import phase_seconds
from fmnist_core.events import Event


def epoch_events(number, begin_s, training_s, validation_s):
    """Events of an epoch of ten steps that begins at this second."""
    batch_s, end_s = begin_s + training_s, begin_s + training_s + validation_s
    return [
        Event("batch", (begin_s + batch_s) / 2, number - 0.5, 10 * number - 5, {}),
        Event("batch", batch_s, number, 10 * number, {}),
        Event("epoch", end_s, number, 10 * number, {"duration_s": training_s + validation_s}),
    ]


def phase(name, time_s):
    return Event("phase", time_s, logs={"phase": name})


RUN = [
    Event("started", 0.0), phase("loading data", 4.0), phase("building the network", 5.0), phase("training", 8.0),
    *epoch_events(1, 8.0, 14.0, 3.0), *epoch_events(2, 26.0, 10.0, 2.0), *epoch_events(3, 39.0, 10.0, 2.0),
    phase("scoring the test set", 52.0), phase("saving the model", 57.0), Event("completed", 60.0),
]  # fmt: skip


def test_each_phase_has_its_seconds_and_together_they_are_the_run():
    taken = phase_seconds(RUN)
    assert taken == pytest.approx(
        {
            "start": 8, "tracing": 4 + 1, "training": 30, "validation": 6, "between epochs": 2, "scoring": 6,
            "saving": 3,
        }
    )  # fmt: skip
    assert sum(taken.values()) == pytest.approx(60)


def test_only_the_last_attempt_counts_and_one_epoch_tells_nothing_of_tracing():
    resumed = [*RUN[:9], Event("started", 100.0), phase("training", 103.0), *epoch_events(2, 104.0, 14.0, 3.0)]
    taken = phase_seconds(resumed)
    assert taken == pytest.approx({"start": 3, "tracing": 0, "training": 14, "validation": 3, "between epochs": 1})


def test_a_second_phase_is_traced_anew():
    fine = [*RUN[:13], phase("training", 52.0), *epoch_events(4, 52.0, 30.0, 2.0), *epoch_events(5, 84.0, 20.0, 2.0)]
    taken = phase_seconds(fine)
    assert taken["tracing"] == pytest.approx(4 + 1 + 10)
    assert taken["training"] == pytest.approx(30 + 40)


def test_a_run_without_a_finished_epoch_has_no_phases():
    assert phase_seconds(RUN[:5]) == {}
