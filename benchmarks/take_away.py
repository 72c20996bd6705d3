"""Whether a Run's files give its answers, and its script the Run: python -m benchmarks.take_away [preset] [--recreate]

Trains a preset in this process, makes the files of the page Take away, and prints what their proofs measured. With
--recreate it also carries the script out in a process of its own, which has nothing of this project, and prints the
largest difference of a probability on the test images.

    python -m benchmarks.take_away C-lenet5 --images 12000 --epochs 3 --recreate
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fmnist_core.processes import ONEDNN

os.environ.update(ONEDNN)  # as in a worker; read when TensorFlow loads
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from fmnist_core import datasets, training
from fmnist_core.datasets import debian
from fmnist_core.exports import FORMATS, Exports
from fmnist_core.exports.making import make_exports
from fmnist_core.exports.script import NAME, recreate_script
from fmnist_core.presets import PRESETS
from fmnist_core.runs import PROBABILITIES_FILE, Run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", nargs="?", default="C-lenet5", choices=sorted(PRESETS))
    parser.add_argument("--images", type=int, default=12_000, help="training images, validation included; 0 for all")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--recreate", action="store_true", help="carry the training script out, too")
    parser.add_argument("--data", type=Path, default=debian.INSTALLED_FOLDER, help="folder of IDX files for the script")
    chosen = parser.parse_args()
    spec = PRESETS[chosen.preset].replace(epochs=chosen.epochs, train_limit=chosen.images)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(spec, Path(folder))
        result = training.fit(run)
        print(f"{chosen.preset}: {result['parameters']:,} parameters, the Run {result['test_accuracy']:.2%}\n")
        _print_proofs(make_exports(run, datasets.load(spec.dataset)))
        if chosen.recreate:
            print(f"\n{NAME}: no probability more than {_recreated(run, chosen.data):.1e} off")


def _print_proofs(exports: Exports) -> None:
    print("| File | Size | Images | Right | Same answer | Largest difference |\n|---|---|---|---|---|---|")
    for name, proof in exports.proofs.items():
        print(
            f"| {FORMATS[name].file} | {proof.bytes / 1e3:.0f} kB | {proof.images:,} | {proof.accuracy:.2%} | "
            f"{proof.same_answers:.2%} | {proof.largest_difference:.1e} | {proof.reason}"
        )


def _recreated(run: Run, data: Path) -> float:
    """Return how far any probability of the script is from the Run's, 0..1."""
    place = run.folder.with_name("recreated")
    place.mkdir()
    (place / NAME).write_text(recreate_script(run))
    known_data = ["--data", str(data)] if data.is_dir() else []  # else Keras downloads them
    subprocess.run([sys.executable, "-P", NAME, *known_data, "--out", "out"], cwd=place, check=True)
    again = np.load(place / "out" / PROBABILITIES_FILE)
    return float(np.abs(again - run.test_probabilities()).max())


if __name__ == "__main__":
    main()
