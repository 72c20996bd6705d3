"""Asking the process that explains (explain_process.py): started at the first question, shared by all sessions."""

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from fmnist_core import paths
from fmnist_core.errors import LabError, ModelError
from fmnist_core.explain_process import read_frame, write_frame
from fmnist_core.processes import ONEDNN
from fmnist_core.runs import Run

COMMAND = (sys.executable, "-m", "fmnist_core.explain_process")
LOG_FILE = "explain.log"
# For one answer; a process that takes longer is ended. Only contrast is about many images.
PATIENCE_S = {"image": 60.0, "slope": 60.0, "contrast": 300.0}
START_S = 120.0  # besides, for a first answer: TensorFlow is loaded, on a busy machine perhaps
WAIT_S, COLD_WAIT_S = 20.0, 60.0  # for the questions of others; before TensorFlow is loaded
# Trainings may need the graphics card whole, and TensorFlow would take all of its memory.
ENVIRONMENT = {**ONEDNN, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}


@dataclass(frozen=True)
class Tap:
    """A layer that can be looked into: its name, and its shape without the batch."""

    name: str
    shape: tuple[int, ...]
    is_picture: bool


@dataclass(frozen=True, eq=False)
class Explanation:
    """What the inside of a network says about one image.

    Attributes:
        taps: its layers, first to last.
        mirrored: whether the Run averages over image and mirror image.
        arrays: see explain_anatomy.Anatomy.explain.
    """

    taps: tuple[Tap, ...]
    mirrored: bool
    arrays: dict[str, np.ndarray]

    @property
    def label(self) -> int:
        """The class whose probability is explained."""
        return int(self.arrays["label"])

    def activation(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a tap's answer, (h, w, c) or (units,) float16, and which channels those are, (c,)."""
        return self.arrays[f"activation-{number}"], self.arrays[f"channels-{number}"]

    def cam(self, number: int) -> np.ndarray | None:
        """Return Grad-CAM at a tap, (28, 28) float32; None where the layer has no picture."""
        return self.arrays.get(f"cam-{number}")

    @property
    def cam_taps(self) -> list[int]:
        """The taps that have Grad-CAM, first to last."""
        return [number for number in range(len(self.taps)) if self.cam(number) is not None]

    @property
    def best_cam(self) -> int | None:
        """The tap whose Grad-CAM is shown first: the last with at least 5 places a side that has anything to say."""
        good = [number for number in self.cam_taps if self.cam(number).any()]
        fine = [number for number in good if min(self.taps[number].shape[:2], default=0) >= 5]
        return (fine or good or self.cam_taps or [None])[-1]


class Explainer:
    """One process at a time, asked by one thread at a time; the others wait, but not for long.

    patience_s: for every answer, instead of PATIENCE_S. wait_s: for others, instead of WAIT_S and COLD_WAIT_S.
    """

    def __init__(
        self, command: tuple[str, ...] = COMMAND, patience_s: float | None = None, wait_s: float | None = None
    ) -> None:  # fmt: skip
        self._command, self._patience_s, self._wait_s = command, patience_s, wait_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_warm = False  # it has answered once

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def warm(self) -> None:
        """Start the process if there is none, so that TensorFlow is loaded by the time somebody asks."""
        if self._lock.acquire(blocking=False):  # held: somebody is asking it already
            try:
                with suppress(OSError):
                    self._living()
            finally:
                self._lock.release()

    def ask(self, head: dict[str, Any], images: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Ask one question and return its answer.

        Raises:
            LabError: the question cannot be answered; the message says why.
        """
        wait_s = self._wait_s or (WAIT_S if self._is_warm else COLD_WAIT_S)
        if not self._lock.acquire(timeout=wait_s):
            raise ModelError(
                f"Expected the process that explains to be free within {wait_s:g} s. Received: it is busy with "
                "another question, of somebody else perhaps. Try again in a moment."
            )
        try:
            answer = self._asked(head, images)
        finally:
            self._lock.release()
        if answer is None:
            raise ModelError(
                "Expected an explanation. Received none: the process ended, for lack of memory perhaps. "
                f"What it said last is in {_log_path()}."
            )
        about, arrays = answer
        if "error" in about:
            raise LabError(about["error"])
        return about, arrays

    def _asked(self, head: dict[str, Any], images: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Return the process's answer; None if it ended over the question. Called under the lock."""
        began_s = time.monotonic()
        for _ in range(2):  # it may just have ended by itself: then a new one is asked
            try:
                process = self._living()
                patience_s = self._patience_s or PATIENCE_S[head["ask"]] + (0 if self._is_warm else START_S)
                write_frame(process.stdin, head, {"images": images})
                if (answer := read_frame(_reader(process, began_s + patience_s))) is not None:
                    self._is_warm = True
                    return answer
            except (BrokenPipeError, ConnectionResetError):
                pass
            except TimeoutError as error:
                self._end()
                raise ModelError(
                    f"Expected an explanation within {patience_s:.0f} s. Received none: the network is too large for "
                    "this machine, or the machine too busy."
                ) from error
            except OSError as error:
                raise ModelError(f"Expected a process to start. Received: {error}") from error
            self._end()
        return None

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _living(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            with _log_path().open("wb") as log:
                self._process = subprocess.Popen(
                    self._command, cwd=paths.PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                    start_new_session=True, env={**os.environ, **ENVIRONMENT},
                )  # fmt: skip
            # Whenever it ends, somebody takes note at once: else it would stay in the system's table.
            threading.Thread(target=self._process.wait, daemon=True).start()
        return self._process

    def _end(self) -> None:
        process, self._process, self._is_warm = self._process, None, False
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                stream.close()


def _reader(process: "subprocess.Popen[bytes]", deadline_s: float) -> Callable[[int], bytes]:
    """Return read(count), which waits until the deadline and then raises TimeoutError."""
    descriptor = process.stdout.fileno()

    def read(count: int) -> bytes:
        parts: list[bytes] = []
        missing = count
        while missing:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline_s - time.monotonic()))
            if not ready:
                raise TimeoutError
            part = os.read(descriptor, min(missing, 1 << 20))
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    return read


def _log_path() -> Any:
    return paths.cache() / LOG_FILE


_explainer = Explainer()


def warm() -> None:
    """Let the process load TensorFlow."""
    _explainer.warm()


def explain(run: Run, image: np.ndarray, label: int | None = None, explainer: Explainer | None = None) -> Explanation:
    """Return what the inside of a Run's network says about an image, (28, 28) uint8; milliseconds once it is loaded.

    label: the class that is explained; None: the one that the model names.

    Raises:
        LabError: the model is absent, damaged or too large.
    """
    head = {"ask": "image", "folder": str(run.folder), "label": label}
    about, arrays = (explainer or _explainer).ask(head, image[np.newaxis])
    taps = tuple(Tap(tap["name"], tuple(tap["shape"]), tap["picture"]) for tap in about["taps"])
    return Explanation(taps, about["mirrored"], arrays)


def contrast(run: Run, images: np.ndarray, first: int, second: int, explainer: Explainer | None = None) -> np.ndarray:
    """Return which pixels speak for the second class against the first in images (n, 28, 28) uint8, on average.

    Returns (28, 28) float32, see explain_anatomy.Anatomy.contrast. Raises LabError as `explain` does.
    """
    head = {"ask": "contrast", "folder": str(run.folder), "first": first, "second": second}
    return (explainer or _explainer).ask(head, images)[1]["mean"]


def slope(run: Run, image: np.ndarray, label: int, explainer: Explainer | None = None) -> np.ndarray:
    """Return which way each pixel of an image, (28, 28) uint8, raises the loss of a class: (28, 28) float32.

    See explain_anatomy.Anatomy.slope. Raises LabError as `explain` does.
    """
    head = {"ask": "slope", "folder": str(run.folder), "labels": [label]}
    return (explainer or _explainer).ask(head, image[np.newaxis])[1]["slope"][0]
