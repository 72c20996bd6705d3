"""Take away: files in every form agree with the Run in their own runtimes, and what does not agree is not offered."""

import io
import json
import shutil
import zipfile

import numpy as np
import pytest
from exported_run import small_run
from small_data import TEST, small_data

from fmnist_core.errors import LabError
from fmnist_core.exports import FORMATS, bundle, export_folder, making, read_exports
from fmnist_core.exports.runtimes import PREDICTORS
from fmnist_core.runs import KERAS_FILE, PROBABILITIES_FILE, Run

DATA = small_data()
FLOATS = [name for name, form in FORMATS.items() if form.tolerance is not None]


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    original = small_run()
    run = Run(shutil.copytree(original.folder, tmp_path_factory.mktemp("runs") / original.id))
    return making.make_exports(run, DATA)


@pytest.fixture
def copy(exports, tmp_path):
    """The Run with its exports in a folder that a test may damage."""
    return Run(shutil.copytree(exports.run.folder, tmp_path / exports.run.id))


@pytest.mark.parametrize("name", FORMATS)
def test_each_form_is_proven_in_its_own_runtime(exports, name):
    proof = exports.proofs[name]
    assert proof.passed, proof.reason
    assert proof.runtime.startswith(FORMATS[name].runtime)
    assert proof.images >= making.PROOF_IMAGES
    assert proof.bytes == exports.path(name).stat().st_size
    known = exports.run.test_probabilities()
    if proof.images == len(known):
        assert proof.run_accuracy == pytest.approx(exports.run.result["test_accuracy"])


@pytest.mark.parametrize("name", FLOATS)
def test_a_file_of_floats_gives_the_runs_probabilities_from_bare_pixels(exports, name):
    rows = PREDICTORS[name](exports.path(name))(DATA.x_test[:70, ..., np.newaxis])
    assert np.allclose(rows, exports.run.test_probabilities()[:70], atol=1e-5)
    assert exports.proofs[name].largest_difference < 1e-4


def test_the_8_bit_file_has_whole_numbers_from_end_to_end_and_is_small(exports):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(exports.path("int8")))
    kinds = {tensor["dtype"] for tensor in interpreter.get_tensor_details() if tensor["shape"].size}
    assert np.float32 not in kinds
    assert interpreter.get_input_details()[0]["dtype"] == np.uint8
    assert exports.proofs["int8"].bytes < exports.proofs["litert"].bytes / 2
    assert exports.proofs["int8"].same_answers > 0.95


def test_the_onnx_file_names_its_ends_and_takes_any_number_of_pictures(exports):
    import onnxruntime

    session = onnxruntime.InferenceSession(exports.path("onnx"))
    assert [one.name for one in session.get_inputs()] == ["pixels"]
    assert [one.name for one in session.get_outputs()] == ["probabilities"]
    for count in (1, 7):
        (rows,) = session.run(None, {"pixels": np.zeros((count, 28, 28, 1), np.float32)})
        assert rows.shape == (count, 10)


def test_a_file_that_differs_from_the_run_fails_its_proof(exports):
    known = np.roll(exports.run.test_probabilities(), 1, axis=1)
    proof = making.prove("litert", exports.path("litert"), DATA, known, most_s=0)
    assert not proof.passed
    assert "to within 0.001. Received one that is" in proof.reason
    assert proof.images == making.PROOF_IMAGES
    proof = making.prove("int8", exports.path("int8"), DATA, np.eye(10, dtype=np.float32)[DATA.y_test], most_s=0)
    assert "Expected at most 2% less accuracy than the Run's 100.0%" in proof.reason


def test_a_form_that_cannot_be_written_says_why_and_the_others_go_on(exports, copy, monkeypatch):
    from fmnist_core.exports import writers

    def refuse(model, path, examples):
        path.write_bytes(b"half")
        raise ValueError("no such operation\nand a long story")

    only = {"keras": writers.write_keras, "litert": refuse, "int8": refuse, "onnx": refuse}
    monkeypatch.setattr(writers, "WRITERS", only)
    made = making.make_exports(copy, DATA)
    assert made.offered == ["keras"]
    assert made.proofs["onnx"].reason == "ONNX: expected a file. Received: no such operation"
    assert sorted(path.name for path in export_folder(copy).iterdir()) == ["model.keras", "proofs.json"]


def test_what_was_made_is_read_again_until_the_model_changes(copy):
    assert read_exports(copy).offered == list(FORMATS)
    model = copy.folder / KERAS_FILE
    model.write_bytes(model.read_bytes() + b" ")
    assert read_exports(copy) is None
    model.unlink()
    assert read_exports(copy) is None


def test_proofs_are_those_of_the_model_that_was_read(copy, monkeypatch):
    from fmnist_core.exports import writers

    def replace(model, path, examples):
        (copy.folder / KERAS_FILE).write_bytes(b"another model")
        writers.write_keras(model, path, examples)

    monkeypatch.setattr(writers, "WRITERS", dict.fromkeys(FORMATS, replace))
    assert making.make_exports(copy, DATA).offered == ["keras"]
    assert read_exports(copy) is None


def test_a_file_that_was_cut_is_no_longer_offered(copy):
    file = export_folder(copy) / FORMATS["onnx"].file
    file.write_bytes(file.read_bytes()[:100])
    assert "onnx" not in read_exports(copy).offered


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"version": 0})])
def test_damaged_proofs_count_as_none(copy, content):
    (export_folder(copy) / "proofs.json").write_text(content)
    assert read_exports(copy) is None


def test_a_damaged_model_and_other_test_images_are_refused(copy):
    (copy.folder / KERAS_FILE).write_bytes(b"PK nothing")
    with pytest.raises(LabError, match=f"Run {copy.id}: expected a whole Keras model"):
        making.make_exports(copy, DATA)
    np.save(copy.folder / PROBABILITIES_FILE, np.full((5, 10), 0.1, np.float32))
    with pytest.raises(LabError, match=f"probabilities of {TEST:,} test images. Received 5"):
        making.make_exports(copy, DATA)


def test_the_zip_holds_what_is_offered_and_the_texts(exports):
    content = bundle(exports, {"MODEL_CARD.md": "# Card"})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == sorted([*(form.file for form in FORMATS.values()), "MODEL_CARD.md"])
        assert archive.read("model.onnx") == exports.path("onnx").read_bytes()
