"""Measure a batch from its files to the answers on disk: a CSV, IDX and a zip of pictures.

    python -m benchmarks.batch [--rows 10000] [--pictures 1000] [--forms CSV]

The model that comes with the product (LeNet-5) answers, in a process of its own, as in the app. "Predicting" is the
model's time alone; its limit is judged by benchmarks.prediction, beside Keras. All of it is given as processor time,
too, because the clock of a busy machine says more about the others. Memory is the peak of that process, and of it what
came on top of a batch of ten rows.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable

import numpy as np
from PIL import Image

# Ten rows first: what the process takes whatever it reads. Linux counts into ru_maxrss what the parent held.
TASK = """
import json, sys, time
from pathlib import Path
from fmnist_core import batch
from fmnist_core.batch.keeping import remember
from fmnist_core.ready_made import ready_made

def carry_out(batch_id):
    kept, wall, processor = batch.find_batch(batch_id), time.perf_counter(), time.process_time()
    remember(None, lambda words, share: None, **batch.batch_task(kept, ready_made()).parameters)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return wall, processor, peak, batch.read_answers(kept, ready_made()).seconds

few, many = map(carry_out, sys.argv[1:])
print(json.dumps([*many, many[2] - few[2]]))
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--forms", nargs="+", default=["IDX", "CSV", "zip"], choices=["IDX", "CSV", "zip"])
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load of the last minute {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as home:
        os.environ["FMNIST_LAB_HOME"] = home
        images = _images(max(options.rows, options.pictures))
        forms: dict[str, tuple[str, Callable[[np.ndarray], bytes], int]] = {
            "IDX": ("rows-idx3-ubyte", _idx, options.rows),
            "CSV": ("rows.csv", _csv, options.rows),
            "zip": ("rows.zip", _zip, options.pictures),  # of PNG, 112x112
        }
        for form in options.forms:
            file, make, count = forms[form]
            _measure(form, [(file, make(images[:few])) for few in (10, count)], count)
    return 0


def _measure(form: str, files: list[tuple[str, bytes]], count: int) -> None:
    """Carry out a small batch and a large one, and print the figures of the large one."""
    from fmnist_core import batch

    ids = [batch.keep_files([file]).id for file in files]
    done = subprocess.run([sys.executable, "-c", TASK, *ids], capture_output=True, text=True, check=True)
    wall, processor, peak, predicting, more = json.loads(done.stdout.splitlines()[-1])
    print(
        f"  {form:<4} {count:7,} rows, {len(files[1][1]) / 1e6:6.1f} MB: in all {wall:6.2f} s (processor "
        f"{processor:.2f} s), memory {peak:.0f} MB, +{more:.0f} MB; predicting {predicting:.2f} s"
    )


def _images(count: int) -> np.ndarray:
    from fmnist_core import datasets

    test = datasets.load("fashion-mnist").x_test
    return np.asarray(test)[np.arange(count) % len(test)]


def _idx(images: np.ndarray) -> bytes:
    from fmnist_core.datasets.idx import header

    return header(images) + images.tobytes()


def _csv(images: np.ndarray) -> bytes:
    words = [str(value).encode() for value in range(256)]
    rows = images.reshape(len(images), -1)
    return b"\n".join(b",".join([words[value] for value in row.tolist()]) for row in rows) + b"\n"


def _zip(images: np.ndarray) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for at, image in enumerate(images):
            picture = io.BytesIO()
            Image.fromarray(255 - image.repeat(4, axis=0).repeat(4, axis=1)).save(picture, "PNG")
            archive.writestr(f"{at:06d}.png", picture.getvalue())
    return stream.getvalue()


if __name__ == "__main__":
    sys.exit(main())
