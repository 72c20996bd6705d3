"""The label loop on the real data: flip a tenth of the labels, find them, correct them, train with and without.

    python -m benchmarks.label_loop [--images 6000] [--flipped 0.1] [--folds 5] [--seeds 5] [--epochs 6] [--trusting]

Takes training images of Fashion-MNIST at random and gives a share of them another class at random. First steps, a
small LeNet-5, is cross-validated on them as the app does it. Printed: how many of the planted labels both judges find,
nearest images alone and confident learning on the out-of-fold probabilities. Then somebody reviews all that confident
learning takes for wrong: planted ones get their true label, the others are kept. With `--trusting` every proposal is
taken instead, as a careless reviewer would. The trial trains each seed with the labels as given and with the
decisions; the difference on the 10,000 test images, whose labels nobody touched, is printed with its interval over
seeds. Figures of a round with default options are kept in benchmarks/results/label_loop.json.
"""

import argparse
import json
import os
import platform
import struct
import sys
import tempfile
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np

from fmnist_core import datasets, neighbours, paths
from fmnist_core.crossval import CrossValidation, find_group
from fmnist_core.crossval import launch as launch_folds
from fmnist_core.datasets import Dataset
from fmnist_core.label_effect import Effect, effect_of, effect_text
from fmnist_core.label_issues import LabelIssues, read_issues, remember
from fmnist_core.label_queue import Judgement, by_neighbours, by_networks
from fmnist_core.label_trial import Trial, find_trial, launch
from fmnist_core.overlay import Overlay
from fmnist_core.places import all_labels
from fmnist_core.presets import PRESETS
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import RunSpec
from fmnist_core.suspects import strongest_other, suspects

RESULTS = Path(__file__).parent / "results" / "label_loop.json"
PATIENCE_S = 3600


def main() -> None:
    """Go once round the loop and print what was found and what it was worth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--flipped", type=float, default=0.1, help="share of wrong labels to plant")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--trusting", action="store_true", help="take every proposal, right or wrong")
    options = parser.parse_args()
    real, cache = datasets.load("fashion-mnist"), paths.cache()
    with tempfile.TemporaryDirectory() as home:
        os.environ["FMNIST_LAB_HOME"] = home
        (Path(home) / "cache").symlink_to(cache)
        Settings(1).write(paths.runs())
        true, flipped, folder = plant(real, options.images, options.flipped, Path(home) / "planted")
        data = datasets.load("own", str(folder))
        base = PRESETS["first-steps"].replace(dataset="own", dataset_folder=str(folder), epochs=options.epochs)
        found = search(data, base, options.folds, true, flipped)
        decisions = review(data, found.pop("judgement"), true, trusting=options.trusting)
        print(f"decisions: {decisions}", flush=True)
        effect = measure(data, base, options.seeds)
    print(effect_text(effect).replace("**", ""))
    if vars(options) == vars(parser.parse_args([])):
        record(found, decisions, effect, vars(options))


def plant(real: Dataset, count: int, share: float, folder: Path) -> tuple[np.ndarray, np.ndarray, Path]:
    """Write images with flipped labels as files; return true labels, which are flipped (n,) bool, and the folder."""
    generator = np.random.default_rng(0)
    chosen = np.sort(generator.permutation(len(real.y_train))[:count])
    true = np.asarray(real.y_train[chosen])
    flipped = np.zeros(count, bool)
    flipped[generator.choice(count, round(count * share), replace=False)] = True
    labels = true.copy()
    labels[flipped] = (labels[flipped] + generator.integers(1, 10, flipped.sum())) % 10
    folder.mkdir()
    for part, images, some in (("train", real.x_train[chosen], labels), ("t10k", real.x_test, real.y_test)):
        for kind, array, magic in (("images-idx3", images, 2051), ("labels-idx1", some, 2049)):
            header = struct.pack(f">{1 + array.ndim}i", magic, *array.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + np.ascontiguousarray(array).tobytes())
    (folder / "classes.txt").write_text("\n".join(real.class_names))
    return true, flipped, folder


def search(data: Dataset, base: RunSpec, folds: int, true: np.ndarray, flipped: np.ndarray) -> dict:
    """Cross-validate, judge by both judges, print and return what each finds."""
    name = launch_folds(CrossValidation(base, folds=folds))
    wait(find_group(name, list_runs()).runs)
    remember(data, lambda *_: None, group=name)
    by_pixels = by_neighbours(suspects(all_labels(data), neighbours.neighbours(data, 10), len(data.class_names)))
    issues = read_issues(data, name)
    judgement = by_networks(issues, all_labels(data))
    figures = {"judgement": judgement}
    margin = by_networks(_by_margin(issues, data.y_train), all_labels(data))
    judges = {
        "nearest images alone": by_pixels, "confident learning": judgement, "the same, largest margin first": margin
    }  # fmt: skip
    for title, one in judges.items():
        figures[title] = found = _found(one, true, flipped)
        print(
            f"{title}: {found['suspects']:,} suspects, {found['precision']:.1%} of them planted, {found['found']:.1%} "
            f"of the {int(flipped.sum())} planted found; of as many as were planted, first in the list, "
            f"{found['precision_at_planted']:.1%} planted; true class proposed for {found['proposed']:.1%}",
            flush=True,
        )
    figures["confident learning"]["estimated_wrong"] = issues.noise
    print(f"confident learning estimates {issues.noise:.1%} of all labels wrong", flush=True)
    return figures


def _by_margin(issues: LabelIssues, labels: np.ndarray) -> LabelIssues:
    """Return them in another order: first where another class lies furthest above the label."""
    of = issues.probabilities[issues.issues]
    given = labels[issues.index[issues.issues]]
    rows = np.arange(len(of))
    margin = of[rows, strongest_other(of, given)] - of[rows, given]
    return replace(issues, issues=issues.issues[np.argsort(-margin, kind="stable")])


def _found(judgement: Judgement, true: np.ndarray, flipped: np.ndarray) -> dict[str, float]:
    count = len(true)
    suspect = judgement.suspect[:count]
    first = judgement.order[judgement.order < count][: int(flipped.sum())]
    return {
        "suspects": int(suspect.sum()), "precision": float(flipped[suspect].mean()),
        "found": float(suspect[flipped].mean()), "precision_at_planted": float(flipped[first].mean()),
        "proposed": float((judgement.suggestion[:count] == true)[suspect & flipped].mean()),
    }  # fmt: skip


def review(data: Dataset, judgement: Judgement, true: np.ndarray, *, trusting: bool) -> dict[str, int]:
    """Decide about every suspect, as somebody does who sees what is on the picture, or as one who believes all."""
    overlay = Overlay.read(data.sha256)
    for position in judgement.order[judgement.suspect[judgement.order]]:
        label = int(judgement.suggestion[position] if trusting else true[position])
        if label == data.y_train[position]:
            overlay = overlay.mark("train", int(position), "keep")
        else:
            overlay = overlay.mark("train", int(position), "relabel", label)
    return overlay.counts()


def measure(data: Dataset, base: RunSpec, seeds: int) -> Effect:
    """Train all pairs and return what the decisions did."""
    name = launch(Trial(base, seeds))
    wait(find_trial(name, list_runs()).runs)
    effect = effect_of(find_trial(name, list_runs()), data)
    print(effect.frame().to_string(index=False))
    return effect


def wait(runs: tuple[Run, ...]) -> None:
    """Wait for all Runs; ends the program if one does not complete."""
    for run in runs:
        if (state := run.wait(timeout_s=PATIENCE_S)) != RunState.COMPLETED:
            sys.exit(f"Expected {run.spec.title} to complete. Received: it is {state}. {run.log(2000)}")


def record(found: dict, decisions: dict[str, int], effect: Effect, options: dict) -> None:
    """Keep the figures with what they were made with."""
    rows = effect.frame().to_dict("records")
    RESULTS.parent.mkdir(exist_ok=True)
    made = {
        "options": options, "judges": found, "decisions": decisions, "mean_difference": effect.mean,
        "interval": effect.interval(), "seeds": rows, "date": f"{date.today():%Y-%m-%d}", "cores": os.cpu_count(),
        "machine": platform.machine(), **{name: version(name) for name in ("cleanlab", "tensorflow", "keras")},
    }  # fmt: skip
    RESULTS.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
