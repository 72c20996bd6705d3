"""Measure what "none of these" turns away of images like the data, and what it catches of others.

    python -m benchmarks.rejection [--run FOLDER ...] [--digits FOLDER]

For the model that comes along, or for each Run named by its folder. Every method has its threshold set so that 5 % of
the images that validated the Run are turned away; then the test images show what is really turned away (limit 7 %),
and the others what is caught: MNIST digits, two kinds of noise, blank images, crops of the two photographs that
scikit-learn ships, and garments turned by 90 degrees. Outlines filled with one grey stand for drawings; they are not
to be caught, but the pixels of many are far from the data. Returns 1 if the limit is missed.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fmnist_core import datasets, prediction
from fmnist_core.content import otsu_threshold
from fmnist_core.datasets import Dataset
from fmnist_core.ready_made import FOLDER
from fmnist_core.rejection import FALSE_REJECTS, Detector, detector_of, entropy, held_out
from fmnist_core.runs import Run

LIMIT = 0.07
COUNT = 1000
Method = Callable[[np.ndarray, np.ndarray], np.ndarray]  # images, probabilities -> the higher, the stranger


def main() -> int:
    """Measure, print, and return 0 if the limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, nargs="*", default=[FOLDER], help="folders of Runs on Fashion-MNIST")
    parser.add_argument("--digits", type=Path, help="folder of MNIST's files; else wherever the app has it from")
    options = parser.parse_args()
    dataset = datasets.load("fashion-mnist")
    others = _others(dataset, options.digits)
    return max(_measure(Run(folder), dataset, others) for folder in options.run)


def _measure(run: Run, dataset: Dataset, others: dict[str, np.ndarray]) -> int:
    predictor = prediction.load(run)
    detector = detector_of(run, predictor, dataset)
    index, _ = held_out(run, dataset)
    if index is None:
        print(f"{run.spec.title}: kept no validation images, so the methods cannot be compared.")
        return 1
    known = np.asarray(dataset.x_train[index])
    sets = {"held out": known, "test": np.asarray(dataset.x_test), **others}
    rows = {name: predictor.probabilities(images) for name, images in sets.items()}
    print(f"\n{run.spec.title}: turned away at {FALSE_REJECTS:.0%} of {len(known):,} held-out images")
    print(f"{'':<34}" + "".join(f"{name:>13}" for name in sets))
    for title, method in _methods(detector).items():
        threshold = np.quantile(method(known, rows["held out"]), 1 - FALSE_REJECTS)
        shares = [(method(images, rows[name]) > threshold).mean() for name, images in sets.items()]
        print(f"{title:<34}" + "".join(f"{share:>13.1%}" for share in shares))
    ours = {name: detector.judge(images, rows[name]).is_none.mean() for name, images in sets.items()}
    print(f"{'the app: chosen, blank ones too':<34}" + "".join(f"{share:>13.1%}" for share in ours.values()))
    print(f"{'images':<34}" + "".join(f"{len(images):>13,}" for images in sets.values()))
    one, row = known[:1], rows["held out"][:1]
    times = [_timed(lambda: detector.judge(one, row)) for _ in range(200)]
    print(f"one image: {1000 * float(np.median(times)):.2f} ms beside the prediction (median of 200)")
    return int(ours["test"] > LIMIT)


def _methods(detector: Detector) -> dict[str, Method]:
    anywhere = Detector(
        detector.mean, detector.axes, detector.points, np.zeros(len(detector.points), np.int64), detector.distances,
        detector.entropies, detector.threshold,
    )  # fmt: skip
    return {
        "largest probability": lambda images, rows: -rows.max(axis=1),
        "entropy": lambda images, rows: entropy(rows),
        "nearest training image": lambda images, rows: anywhere.distance(images, np.zeros(len(images), int)),
        "nearest of the class named": lambda images, rows: detector.distance(images, rows.argmax(axis=1)),
        "that and entropy, half (chosen)": lambda images, rows: detector.judge(images, rows).strangeness,
    }


def _others(dataset: Dataset, digits_folder: Path | None) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    test = np.asarray(dataset.x_test)
    found = {}
    digits = datasets.load("mnist", digits_folder)
    if digits.synthetic:
        print("MNIST is not at hand, so no digits are measured: name its folder with --digits.")
    else:
        found["digits"] = np.concatenate([digits.x_train, digits.x_test])[:10_000]
    found["white noise"] = rng.integers(0, 256, (COUNT, 28, 28), np.uint8)
    found["smooth noise"] = _smooth_noise(rng)
    found["blank"] = np.repeat(np.arange(256, dtype=np.uint8), 784).reshape(-1, 28, 28)
    found["photographs"] = _photographs(rng)
    found["turned by 90"] = np.rot90(test, 1, (1, 2))
    found["flat shapes"] = np.stack([np.where(i > otsu_threshold(i), 230, 0) for i in test[:2000]]).astype(np.uint8)
    return found


def _smooth_noise(rng: np.random.Generator) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    fields = np.stack([
        gaussian_filter(rng.standard_normal((28, 28)), sigma) for sigma in np.repeat([1, 2, 3, 4], COUNT // 4)
    ])  # fmt: skip
    fields -= fields.min(axis=(1, 2), keepdims=True)
    return (255 * fields / fields.max(axis=(1, 2), keepdims=True)).astype(np.uint8)


def _photographs(rng: np.random.Generator) -> np.ndarray:
    """Return square crops of all sizes at random places of the two photographs, grey, 28x28."""
    from sklearn.datasets import load_sample_images

    crops = []
    for photograph in load_sample_images().images:
        grey = Image.fromarray(photograph).convert("L")
        for _ in range(COUNT // 2):
            side = int(rng.integers(28, min(grey.size) + 1))
            left, top = int(rng.integers(0, grey.width - side + 1)), int(rng.integers(0, grey.height - side + 1))
            box = (left, top, left + side, top + side)
            crops.append(np.asarray(grey.resize((28, 28), Image.Resampling.LANCZOS, box=box)))
    return np.stack(crops)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
