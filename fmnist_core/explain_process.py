"""The process that explains: it keeps TensorFlow and the models used last, and answers one question at a time.

    python -m fmnist_core.explain_process

Questions come over standard input, answers leave by standard output, each one frame (see read_frame). It ends when its
input is closed, so with the process that asks, however that one ended, and by itself after five minutes without a
question: TensorFlow takes too much memory to be kept for nobody.
"""

import io
import json
import os
import queue
import struct
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from fmnist_core.errors import LabError
from fmnist_core.runs import KERAS_FILE, Run

if TYPE_CHECKING:
    from fmnist_core.explain_anatomy import Anatomy

IDLE_S = 300.0
MODELS_KEPT = 3
_LENGTH = struct.Struct(">Q")
LARGEST = 1 << 28  # bytes of a frame: a damaged length must not fill the memory

Arrays = dict[str, np.ndarray]


def write_frame(stream: BinaryIO, head: dict[str, Any], arrays: Arrays) -> None:
    """Write one frame: its length, then an .npz with the arrays and the head, JSON types, as text."""
    buffer = io.BytesIO()
    np.savez(buffer, head=np.frombuffer(json.dumps(head).encode(), np.uint8), **arrays)
    stream.write(_LENGTH.pack(buffer.tell()) + buffer.getvalue())
    stream.flush()


def read_frame(read: Callable[[int], bytes]) -> tuple[dict[str, Any], Arrays] | None:
    """Read one frame; None where the stream ends.

    read: returns exactly so many bytes, or fewer at the end of the stream.
    """
    length = read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    count = _LENGTH.unpack(length)[0]
    body = read(count) if count <= LARGEST else b""
    if len(body) < count:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    return json.loads(found.pop("head").tobytes()), found


class Answers:
    """Answers questions about Runs; the models used last stay loaded."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[str, int], Anatomy] = OrderedDict()

    def answer(self, head: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
        """Answer {"ask": "image", "contrast" or "slope", "folder": of the Run, ...}; trouble comes back as "error"."""
        try:
            anatomy = self._anatomy(Run(Path(head["folder"])))
            taps = [{"name": tap.name, "shape": tap.shape, "picture": tap.is_picture} for tap in anatomy.taps]
            about = {"taps": taps, "mirrored": anatomy.mirrored}
            if head["ask"] == "contrast":
                return about, {"mean": anatomy.contrast(arrays["images"], head["first"], head["second"])}
            if head["ask"] == "slope":
                return about, {"slope": anatomy.slope(arrays["images"], np.array(head["labels"]))}
            return about, anatomy.explain(arrays["images"][0], head["label"])
        except LabError as error:
            return {"error": str(error)}, {}
        except Exception as error:  # whatever else: the page says it, the log has the rest
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"}, {}

    def _anatomy(self, run: Run) -> "Anatomy":
        from fmnist_core.explain_anatomy import Anatomy

        file = run.folder / KERAS_FILE
        key = str(file), file.stat().st_mtime_ns if file.is_file() else 0
        self._open[key] = self._open.pop(key, None) or Anatomy.of(run)
        while len(self._open) > MODELS_KEPT:
            self._open.popitem(last=False)
        return self._open[key]


def main() -> int:
    """Answer until nobody asks any more."""
    # What TensorFlow prints must not come between the frames: it goes where errors go.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions: queue.Queue[tuple[dict[str, Any], Arrays]] = queue.Queue()
    threading.Thread(target=_listen, args=(questions,), daemon=True).start()
    _load_tensorflow()
    answers = Answers()
    while True:
        try:
            head, arrays = questions.get(timeout=float(os.environ.get("FMNIST_LAB_EXPLAIN_IDLE_S", IDLE_S)))
        except queue.Empty:
            return 0
        write_frame(out, *answers.answer(head, arrays))


def _load_tensorflow() -> None:
    import fmnist_core.explain_anatomy  # noqa: F401  # while the user still looks at what is there without it


def _listen(questions: "queue.Queue[tuple[dict[str, Any], Arrays]]") -> None:
    """Hand on questions; when whoever asks is gone, end at once, even in the middle of an answer."""
    while (frame := read_frame(sys.stdin.buffer.read)) is not None:
        questions.put(frame)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
