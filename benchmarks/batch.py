"""Measure a batch from its files to the answers on disk: a CSV, IDX and a zip of pictures.

    python -m benchmarks.batch [--rows 10000] [--pictures 1000]

The model that comes with the product (LeNet-5) answers. "Predicting" is the model's time alone. The whole is given as
processor time, too, because the clock of a busy machine says more about the others. Memory is the growth of the
process's peak. Returns 1 if predicting 10,000 rows takes 2 s or more.
"""

import argparse
import io
import os
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable

import numpy as np
from PIL import Image

LIMIT_S = 2.0
REPEATS = 4  # others use the machine, too: the quickest of five says what the model takes


def main() -> int:
    """Measure, print, and return 0 if the limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--pictures", type=int, default=1000)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load of the last minute {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as home:
        os.environ["FMNIST_LAB_HOME"] = home
        images = _images(options.rows)
        forms: dict[str, tuple[str, Callable[[], bytes], int]] = {
            "IDX": ("rows-idx3-ubyte", lambda: _idx(images), len(images)),
            "CSV": ("rows.csv", lambda: _csv(images), len(images)),
            "zip of PNG, 112x112": ("rows.zip", lambda: _zip(images[: options.pictures]), options.pictures),
        }
        slowest = max(_measure(name, file, make(), count) for name, (file, make, count) in forms.items())
    print(f"  predicting 10,000 rows, quickest of {REPEATS + 1}, slowest form: {slowest:.2f} s (limit {LIMIT_S:g} s)")
    return 0 if slowest < LIMIT_S else 1


def _measure(name: str, file: str, content: bytes, count: int) -> float:
    """Carry out one batch, print its figures, and return the seconds of predicting, for 10,000 rows."""
    from fmnist_core import batch
    from fmnist_core.batch.keeping import remember
    from fmnist_core.ready_made import ready_made

    run = ready_made()
    kept = batch.keep_files([(file, content)])
    before, wall, processor = _peak_mb(), time.perf_counter(), time.process_time()
    remember(None, lambda words, share: None, **batch.batch_task(kept, run).parameters)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    answers = batch.read_answers(kept, run)
    print(
        f"  {name:<20} {count:7,} rows, {len(content) / 1e6:6.1f} MB: in all {wall:6.2f} s (processor {processor:.2f} "
        f"s), memory +{_peak_mb() - before:.0f} MB; predicting {answers.seconds:.2f} s"
    )
    return min(answers.seconds, *(_predicting(answers.images) for _ in range(REPEATS))) * 10_000 / count


def _predicting(images: np.ndarray) -> float:
    """Return the seconds that the model takes for images (n, 28, 28) uint8, in steps as the task takes them."""
    from fmnist_core import prediction
    from fmnist_core.batch.keeping import CHUNK
    from fmnist_core.ready_made import ready_made

    predictor, began = prediction.load(ready_made()), time.perf_counter()
    for start in range(0, len(images), CHUNK):
        predictor.probabilities(np.asarray(images[start : start + CHUNK]))
    return time.perf_counter() - began


def _images(count: int) -> np.ndarray:
    from fmnist_core import datasets

    test = datasets.load("fashion-mnist").x_test
    return np.asarray(test)[np.arange(count) % len(test)]


def _idx(images: np.ndarray) -> bytes:
    from fmnist_core.datasets.idx import header

    return header(images) + images.tobytes()


def _csv(images: np.ndarray) -> bytes:
    stream = io.StringIO()
    np.savetxt(stream, images.reshape(len(images), -1), fmt="%d", delimiter=",")
    return stream.getvalue().encode()


def _zip(images: np.ndarray) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for at, image in enumerate(images):
            picture = io.BytesIO()
            Image.fromarray(255 - image.repeat(4, axis=0).repeat(4, axis=1)).save(picture, "PNG")
            archive.writestr(f"{at:06d}.png", picture.getvalue())
    return stream.getvalue()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
