"""Weights of backbones: from a folder, a file, Keras' cache or a download; and weights of an earlier Run.

A download needs a network. Without one, the official file can be put into the weights folder by hand; the errors here
name file and folder. The files are those of Keras, from its server, but not fetched by its get_file: that one writes
to the final place, where a killed process leaves, and another one finds, a part.
"""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fmnist_core import paths
from fmnist_core.backbones import BACKBONES
from fmnist_core.datasets.base import Progress
from fmnist_core.datasets.fetch import download
from fmnist_core.datasets.files import named_path
from fmnist_core.epoch_record import read_weights
from fmnist_core.errors import DataError, ModelError
from fmnist_core.files import patient_lock
from fmnist_core.runs import KERAS_FILE, Run

if TYPE_CHECKING:
    import keras
    import numpy as np

TRUNK, HEAD = "trunk", "head"  # parts of a network with a backbone
_LARGEST_BYTES = 2_000_000_000
_HDF5 = b"\x89HDF\r\n\x1a\n"


def folder() -> Path:
    """Return the local weights folder: $FMNIST_LAB_WEIGHTS, or `weights/` in the workspace. It need not exist."""
    return _of_environment(os.environ.get("FMNIST_LAB_WEIGHTS") or paths.home() / "weights").resolve()


def find(backbone: str) -> Path | None:
    """Return the official ImageNet file of the backbone if it is here: in the weights folder or in Keras' cache."""
    name = BACKBONES[backbone].weights_file
    keras_home = _of_environment(os.environ.get("KERAS_HOME") or "~/.keras")
    return next((path for path in (folder() / name, keras_home / "models" / name) if _is_file(path)), None)


def named_file(backbone: str, text: str) -> Path:
    """Return the file of weights whose path a user has typed, with ~ for a home folder.

    Raises:
        ModelError: if there is no such file, or it cannot be reached.
    """
    title = BACKBONES[backbone].title
    try:
        path = named_path(text.strip())
        if path.is_file():
            return path
    except (DataError, OSError) as error:
        raise ModelError(
            f"Expected a file with weights of {title}. Received a path that leads to none. {error}"
        ) from error
    raise ModelError(f"Expected a file with weights of {title}. Received a path where there is none: {path}.")


def _of_environment(text: str | Path) -> Path:
    """Return a path of the environment, as it stands there where it cannot be reached: a download then says why."""
    try:
        return named_path(text)
    except DataError:
        return Path(text)


def _is_file(path: Path) -> bool:
    with suppress(OSError):  # of a folder that may not be read
        return path.is_file()
    return False


def fetch(backbone: str, report: Progress | None = None) -> Path:
    """Return the official ImageNet file of the backbone, downloaded into the weights folder if it is not here.

    Args:
        report: called with a sentence and the share done, 0..1; it may raise to give up. What came stays for next time.

    Raises:
        ModelError: if it cannot be had.
    """
    if path := find(backbone):
        return path
    line, target = BACKBONES[backbone], folder() / BACKBONES[backbone].weights_file

    def tell(sentence: str, share: float) -> None:
        if report:
            report(f"Weights of {line.title}. {sentence}", share)

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.with_name(f".{target.name}.lock")
        with patient_lock(lock, lambda: tell("Another process downloads them", 0.0)):
            return find(backbone) or download(
                line.weights_address, target, verify=lambda file: _check(file, line.weights_hash),
                max_bytes=_LARGEST_BYTES, progress=tell,
            )  # fmt: skip
    except (DataError, OSError) as error:
        raise ModelError(
            f"Expected the ImageNet weights of {line.title}. Received no download: {str(error).rstrip('. ')}. Without "
            f"a network, put the file {line.weights_file} into {folder()}, or choose weights from a file or random "
            "ones."
        ) from error


def _check(file: Path, expected: str) -> None:
    """Raise DataError unless the file is HDF5 and has this hash; without a hash, HDF5 is enough."""
    with file.open("rb") as stream:
        if stream.read(len(_HDF5)) != _HDF5:
            raise DataError("Expected a file of weights in HDF5. Received something else.")
        stream.seek(0)
        kind = "sha256" if len(expected) == 64 else "md5"
        if expected and (received := hashlib.file_digest(stream, kind).hexdigest()) != expected:
            raise DataError(f"Expected a file of the {kind.upper()} {expected}. Received {received}.")


def load(base: "keras.Model", backbone: str, kind: str, file: str = "") -> None:
    """Give the backbone its weights.

    Args:
        base: the whole backbone without top.
        kind: "imagenet", "file" or "random"; random leaves it as it was built.
        file: path of an HDF5 file of weights, for "file".

    Raises:
        ModelError: if there are no such weights, or they do not fit.
    """
    if kind == "imagenet":
        _read(base, backbone, fetch(backbone))
    elif kind == "file":
        _read(base, backbone, named_file(backbone, file))


def start_from(model: "keras.Model", run: Run, *, whole: bool = False) -> None:
    """Give a network the weights that an earlier Run of its kind learned.

    Its convolutions must be those of the Run. Dense layers take what fits and else keep their own start, as must be
    where the classes are others; the layer that gives the probabilities always does.

    Args:
        whole: take every weight, that layer's too; all layers must then be those of the Run.

    Raises:
        ModelError: if the Run has no finished model, or its layers are others.
    """
    import keras

    from fmnist_core.zoo.mirror import without_mirror

    try:
        earlier = without_mirror(keras.models.load_model(run.folder / KERAS_FILE, compile=False))
    except (OSError, ValueError) as error:
        raise ModelError(f"Expected the finished model of Run {run.id} to start from. Received: {error}") from error
    if whole:
        _take_all(model, earlier, run)
        return
    (our_convs, our_dense), (their_convs, their_dense) = map(_parts, (model, earlier))
    shapes, found = ([_shapes(layer) for layer in layers] for layers in (our_convs, their_convs))
    if shapes != found:
        at = next((i for i, pair in enumerate(zip(shapes, found, strict=False)) if pair[0] != pair[1]), None)
        received = (
            f"{len(found)} layers of them where this network has {len(shapes)}" if at is None else
            f"{their_convs[at].name} with weights {found[at]} where {our_convs[at].name} has {shapes[at]}"
        )  # fmt: skip
        raise ModelError(f"Expected Run {run.id} to have this network's convolutions. Received {received}.")
    for own, other in zip(our_convs, their_convs, strict=True):
        own.set_weights(other.get_weights())
    for own, other in zip(our_dense[:-1], their_dense[:-1], strict=False):
        if _shapes(own) == _shapes(other):
            own.set_weights(other.get_weights())


def _parts(model: "keras.Model") -> tuple[list["keras.Layer"], list["keras.Layer"]]:
    """Return the layers with weights: all but the dense ones, and those."""
    import keras

    layers = [layer for layer in model.layers if layer.weights]
    dense = [isinstance(layer, keras.layers.Dense) for layer in layers]
    return (
        [layer for layer, is_dense in zip(layers, dense, strict=True) if not is_dense],
        [layer for layer, is_dense in zip(layers, dense, strict=True) if is_dense],
    )


def _shapes(layer: "keras.Layer") -> list[tuple[int, ...]]:
    return [weight.shape for weight in layer.get_weights()]


def take_epoch(model: "keras.Model", file: Path, trunk: Path) -> None:
    """Give a network the weights that an earlier Run had after an epoch.

    Args:
        file: of the epoch: all weights, or the head's alone.
        trunk: of the backbone, where `file` has the head's alone.

    Raises:
        RunError: if a file is absent or damaged.
        ModelError: if the weights do not fit the network.
    """
    values = read_weights(file)
    if len(values) == len(model.weights):
        _set(model, values, file)
        return
    if not any(layer.name == HEAD for layer in model.layers):
        raise ModelError(f"Expected {len(model.weights)} arrays of weights in {file}. Received {len(values)}.")
    _set(model.get_layer(TRUNK), read_weights(trunk), trunk)
    _set(model.get_layer(HEAD), values, file)


def _set(model: "keras.Model", values: list["np.ndarray"], file: Path) -> None:
    shapes = [[tuple(weight.shape) for weight in one] for one in (model.weights, values)]
    if shapes[0] != shapes[1]:
        raise ModelError(f"Expected weights of the shapes {shapes[0]} in {file}. Received {shapes[1]}.")
    model.set_weights(values)


def _take_all(model: "keras.Model", earlier: "keras.Model", run: Run) -> None:
    shapes = [[weight.shape for weight in one.get_weights()] for one in (model, earlier)]
    if shapes[0] != shapes[1]:
        raise ModelError(
            f"Expected Run {run.id} to have all of this network's layers, weights of the shapes {shapes[0]}. "
            f"Received {shapes[1]}."
        )
    model.set_weights(earlier.get_weights())


def _read(base: "keras.Model", backbone: str, path: Path) -> None:
    try:
        base.load_weights(path)
    except Exception as error:  # h5py, Keras and NumPy each have their own kinds for a file that does not fit
        raise ModelError(
            f"Expected weights of {BACKBONES[backbone].title} without top, {base.count_params():,} numbers in HDF5 "
            f"(.h5 or .weights.h5). Received {path}, which does not fit: {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """Return in a sentence why Keras could not load a file.

    Of several layers that do not fit, its message names one in the first paragraph and says in the second what it has.
    """
    first, *more = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    layers = re.match(r"A total of (\d+) objects could not be loaded\..* name=([^,>]+)", first)
    if not layers or not more:
        return first[:300]
    shapes = re.search(r"variable\.shape=(\(.*?\)), Received: value\.shape=(\(.*?\))", more[0])
    found = f"it wants the shape {shapes[1]}, the file has {shapes[2]}" if shapes else more[0].rstrip(".")
    return (
        f"{layers[1]} layers of the base found other weights than theirs, the first of them {layers[2]}: {found[:300]}."
    )
