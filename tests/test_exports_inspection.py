"""A file from outside is looked into before anything loads it: code, foreign forms and damage are refused."""

import io
import json
import pickle
import zipfile

import pytest

from fmnist_core.errors import ModelError
from fmnist_core.exports import inspection
from fmnist_core.exports.inspection import inspect

INPUT = {
    "module": "keras.layers",
    "class_name": "InputLayer",
    "config": {"name": "pixels", "batch_shape": [None, 28, 28, 1]},
}
DENSE = {
    "module": "keras.layers", "class_name": "Dense",
    "config": {
        "name": "dense", "units": 10,
        "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}},
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": None}},
    },
}  # fmt: skip


def layer(kind, module="keras.layers", **config):
    return {"module": module, "class_name": kind, "config": {"name": kind.lower(), **config}}


def keras_file(*layers, members=None, **more):
    """Bytes of a .keras file with these layers; members: by name, beside or instead of the usual ones."""
    config = {
        "module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [INPUT, *layers]}, **more,
    }  # fmt: skip
    files = {
        "config.json": json.dumps(config), "metadata.json": json.dumps({"keras_version": "3.9.0"}),
        "model.weights.h5": b"", **(members or {}),
    }  # fmt: skip
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if content is not None:
                archive.writestr(name, content)
    return stream.getvalue()


def test_a_plain_model_tells_its_layers_and_version():
    found = inspect(keras_file(DENSE), "m.keras")
    assert found.keras_version == "3.9.0"
    assert "Dense" in found.layers


def test_parts_of_unusual_forms_are_looked_at_all_the_same():
    assert inspect(keras_file(DENSE, {"class_name": "Dense", "config": 5}), "m.keras")
    assert inspect(keras_file(DENSE, {"class_name": "__tuple__", "items": [1]}), "m.keras")


def test_what_it_was_compiled_with_is_never_loaded_and_does_not_count():
    custom = {"loss": {"module": "their.losses", "class_name": "Loss", "config": {"name": "loss"}}}
    assert inspect(keras_file(DENSE, compile_config=custom), "m.keras")


def compiled(loss):
    """A model within the model, with what it was compiled with."""
    config = {"optimizer": layer("Adam", "keras.optimizers"), "loss": loss, "metrics": ["accuracy"]}
    return layer("Sequential", "keras", layers=[INPUT, DENSE]) | {"compile_config": config}


def test_what_a_model_within_it_was_compiled_with_is_made_anew_and_is_looked_at():
    found = inspect(keras_file(compiled(layer("CategoricalCrossentropy", "keras.losses"))), "m.keras")
    assert "Adam" not in found.layers and "Dense" in found.layers
    with pytest.raises(ModelError, match="Received Loss .* of their.losses, whose code is not"):
        inspect(keras_file(compiled(layer("Loss", "their.losses"))), "m.keras")


def test_keras_makes_a_nested_models_loss_and_drops_the_outer_ones(tmp_path):
    import keras

    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    inner.compile("adam", loss=keras.losses.MeanSquaredError())
    outer = keras.Sequential([keras.Input((4,)), inner])
    outer.compile("adam", loss=keras.losses.MeanAbsoluteError())
    outer.save(tmp_path / "m.keras")
    inspect((tmp_path / "m.keras").read_bytes(), "m.keras")
    read = keras.models.load_model(tmp_path / "m.keras", compile=False)
    assert not read.compiled and read.layers[0].compiled  # why the one is left out of the look, and the other is not


def overwritten(content):
    """The archive with other bytes where the packed config.json begins."""
    at = content.index(b"config.json") + len("config.json")
    return content[:at] + b"\xff" * 8 + content[at + 8 :]


BAD = {
    "Lambda": (keras_file(layer("Lambda")), "Received a Lambda \\(layer 'lambda'\\): it is Python code"),
    "Lambda within": (keras_file(layer("TimeDistributed", layer=layer("Lambda"))), "Received a Lambda"),
    "lambda function": (
        keras_file(layer("Dense", activation={"class_name": "__lambda__", "config": {"value": "AAA"}})),
        "Received a Lambda",
    ),
    "custom layer": (keras_file(layer("Squeeze", "their.layers")), "Squeeze .* of their.layers, whose code"),
    "function": (keras_file(layer("Dense", activation=layer("system", "os"))), "system .* of os, whose code"),
    "utilities": (keras_file(layer("Dense", activation=layer("get_file", "keras.utils"))), "of keras.utils"),
    "torch module": (keras_file(layer("TorchModuleWrapper")), "TorchModuleWrapper .*, which runs other programs"),
    "pickle": (pickle.dumps({"a": 1}), "Received a pickle, which runs code"),
    "torch archive": (keras_file(DENSE, members={"archive/data.pkl": b"x"}), r"a pickle \(archive/data.pkl\)"),
    "h5": (b"\x89HDF\r\n\x1a\n" + bytes(50), r"Received an HDF5 file \(.h5\)"),
    "tflite": (bytes(4) + b"TFL3" + bytes(50), "Received a TFLite file"),
    "text": (b"hello", "Received another kind of file"),
    "empty": (b"", "Received another kind of file"),
    "no weights": (keras_file(DENSE, members={"model.weights.h5": None}), "an archive without model.weights.h5"),
    "more files": (keras_file(DENSE, members={"run.py": b"x"}), "and nothing else. Received run.py"),
    "torn": (keras_file(DENSE)[:-30], "Received a damaged one"),
    "overwritten": (overwritten(keras_file(DENSE)), "Received a damaged one"),
    "no JSON": (keras_file(members={"config.json": "{"}), "Received a damaged one"),
    "other JSON": (keras_file(members={"config.json": "[1]"}), "Received other JSON"),
    "endless": (keras_file(members={"config.json": "[" * 100_000}), "nested without end|a damaged one"),
    "deep": (keras_file(members={"config.json": '{"a":' * 900 + "1" + "}" * 900}), "nested without end|no layer"),
    "no layer": (keras_file(members={"config.json": "{}"}), "Received no layer"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
def test_everything_else_is_refused_with_the_reason(content, reason):
    with pytest.raises(ModelError, match=reason) as refusal:
        inspect(content, "theirs.keras")
    assert str(refusal.value).startswith("theirs.keras: expected")


def test_sizes_are_bounded(monkeypatch):
    monkeypatch.setattr(inspection, "MAX_UNPACKED", 1 << 20)
    bomb = keras_file(DENSE, members={"model.weights.h5": bytes(2 << 20)})
    assert len(bomb) < 10_000
    with pytest.raises(ModelError, match="when unpacked"):
        inspect(bomb, "m.keras")
    monkeypatch.setattr(inspection, "MAX_BYTES", 1000)
    with pytest.raises(ModelError, match="expected at most 0 MB"):
        inspect(bomb, "m.keras")


def test_what_is_unpacked_here_is_bounded_and_stands_once():
    metadata = b'{"keras_version": "3.9.0", "more": "' + bytes(2 << 20).replace(b"\0", b"x") + b'"}'
    bomb = keras_file(DENSE, members={"metadata.json": metadata})
    assert len(bomb) < 20_000
    with pytest.raises(ModelError, match="expected at most 1 MB in metadata.json when unpacked. Received 2.1 MB"):
        inspect(bomb, "m.keras")
    stream = io.BytesIO(keras_file(DENSE))
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelError, match="once each. Received one of them twice"):
        inspect(stream.getvalue(), "m.keras")
