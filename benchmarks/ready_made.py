"""Train the model that comes with the product and write its folder, with its card: python -m benchmarks.ready_made

Three minutes on two free cores. The recipe is LeNet-5, modernised (docs/recipes.md), seed 0.
"""

import argparse
import json
import os
import shutil
import tempfile
from datetime import date
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from fmnist_core import datasets, training
from fmnist_core.calibration import fit_temperature, reliability, with_temperature
from fmnist_core.confidence import SHIPPED
from fmnist_core.evaluation import Evaluation
from fmnist_core.files import write_atomically
from fmnist_core.presets import PRESETS
from fmnist_core.ready_made import CARD_FILE, FOLDER
from fmnist_core.runs import KERAS_FILE, LITERT_FILE, RESULT_FILE, SPEC_FILE, Run

CARD = """# {title}

A convolutional network of {parameters:,} parameters that puts 28x28 grey pictures of garments into ten classes. It
comes with FMNIST Lab, so that the Predict page answers before anything was trained. Made on {today} by
`python -m benchmarks.ready_made` with TensorFlow {tensorflow} and Keras {keras}; the hyperparameters are in spec.json.

## Data

Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017; MIT licence): {train:,} training images, {validation:,} for validation,
{test:,} for the test, which was scored once.

## Figures on the test images

- Accuracy {accuracy:.2%}, 95 % interval {low:.2%} to {high:.2%} (Wilson).
  Another seed gives another figure: docs/recipes.md has three.
- Among its first two answers: {top_two:.2%}.
- Expected calibration error {ece:.1%} in 15 bins; {ece_after:.1%} with a temperature of {temperature:.2f}, fitted on
  the validation images.

| Class | Precision | Recall | F1 |
|---|---|---|---|
{rows}

Its most frequent mistakes: {worst}.

## Use

For demonstrations and for learning. It has seen only centred garments on black ground, 28 pixels wide; it gives a
garment's name to whatever it is shown, be it a face or a digit.
"""


def main() -> None:
    """Train, and replace the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=0, help="train on so few images, for a look; writes nothing")
    options = parser.parse_args()
    spec = PRESETS["lenet5-modern"].replace(title="Ready-made LeNet-5", train_limit=options.limit)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(spec, Path(folder))
        result = training.fit(run)
        temperature = _temperature(run)
        card = _card(run, result, temperature)
        print(card)
        if options.limit:
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in (SPEC_FILE, RESULT_FILE, LITERT_FILE, KERAS_FILE):
            shutil.copyfile(run.folder / name, FOLDER / name)
    # Its validation images do not come along, so what was fitted on them does.
    write_atomically(FOLDER / RESULT_FILE, json.dumps(result | {SHIPPED: round(temperature, 4)}, indent=2))
    write_atomically(FOLDER / CARD_FILE, card)
    (FOLDER / "events.jsonl").unlink(missing_ok=True)
    Run(FOLDER).write_event("completed", test_accuracy=result["test_accuracy"], test_loss=result["test_loss"])


def _temperature(run: Run) -> float:
    index, held_out = run.validation_probabilities()
    return fit_temperature(np.asarray(datasets.load(run.spec.dataset).y_train)[index], held_out)


def _card(run: Run, result: dict, temperature: float) -> str:
    dataset = datasets.load(run.spec.dataset)
    made = Evaluation(dataset.y_test, run.test_probabilities(), dataset.class_names)
    index, _ = run.validation_probabilities()
    low, high = made.accuracy_interval()
    pairs = list(made.most_confused_pairs(3).itertuples(index=False))
    report = made.report().loc[list(dataset.class_names)]
    return CARD.format(
        title=run.spec.title, parameters=result["parameters"], today=date.today().isoformat(),
        tensorflow=tf.__version__, keras=keras.__version__, train=len(dataset.y_train) - len(index),
        validation=len(index), test=len(dataset.y_test), accuracy=made.accuracy, low=low, high=high,
        top_two=made.top_accuracy(2),
        ece=reliability(made.y_true, made.probabilities).expected_error, temperature=temperature,
        ece_after=reliability(made.y_true, with_temperature(made.probabilities, temperature)).expected_error,
        worst="; ".join(f"{pair.true} taken for {pair.predicted} ({pair.count})" for pair in pairs),
        rows="\n".join(
            f"| {row.Index} | {row.precision:.1%} | {row.recall:.1%} | {row.f1:.1%} |" for row in report.itertuples()
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main()
