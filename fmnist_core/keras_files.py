"""Reading .keras files: in safe mode, and in words where one cannot be read. TensorFlow is loaded when it is called."""

from pathlib import Path
from typing import TYPE_CHECKING

from fmnist_core.errors import ModelError, first_words

if TYPE_CHECKING:
    import keras


def load_model(path: Path, owner: str) -> "keras.Model":
    """Return a Keras model, not compiled, in safe mode: no code out of the file is run.

    Args:
        owner: whose model it is, as messages begin: "Run 2026...", or the name of a file that was brought in.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    if not path.is_file():
        raise ModelError(f"{owner}: expected a Keras model, {path.name}. Received: no such file.")
    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # zipfile, h5py and Keras each have their own
        raise ModelError(
            f"{owner}: expected a whole Keras model. Received one that cannot be read: {first_words(error)}"
        ) from error
