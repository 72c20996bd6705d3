"""The model card of a Run: what it is, what it was measured to do, where it is weak, and what it is not for.

The form follows Mitchell et al.: Model Cards for Model Reporting, FAT* 2019. Every figure is computed here from the
Run's own probabilities; nothing is filled in by hand.
"""

import importlib.metadata
from dataclasses import dataclass
from datetime import date, datetime

from fmnist_core.calibration import reliability, with_temperature
from fmnist_core.comparison import hyperparameter_table, label
from fmnist_core.confidence import temperature_of
from fmnist_core.datasets import DATASETS, Dataset
from fmnist_core.datasets.fashion_mnist import NAME as FASHION
from fmnist_core.errors import RunError
from fmnist_core.evaluation import MACRO, Evaluation, wilson_interval
from fmnist_core.exports import FORMATS, Exports
from fmnist_core.exports.script import NAME as SCRIPT_NAME
from fmnist_core.preprocess import scale_and_offset
from fmnist_core.runs import Run

NAME = "MODEL_CARD.md"
WEAK_CLASSES = 3  # named in words; the table has all of them
FEWEST_IMAGES = 30  # of a class, for its recall to be called a weakness
PACKAGES = ("tensorflow", "keras", "numpy")
_NEEDED = ("class_names", "parameters", "test_images", "source")


@dataclass(frozen=True)
class _Facts:
    """What the sections are written from."""

    run: Run
    result: dict
    dataset: Dataset
    made: Evaluation


def model_card(run: Run, dataset: Dataset, exports: Exports | None = None) -> str:
    """Return the card in Markdown.

    Args:
        dataset: the one that the Run was tested on.
        exports: its proven files, if they were made.

    Raises:
        LabError: the Run has no result, or the data at hand are others.
    """
    result = run.result or {}
    if result.get("sha256") != dataset.sha256:
        raise RunError(
            f"Expected the data that this Run was tested on ({result.get('source', 'unknown')}). Received others "
            f"({dataset.source}), so its figures cannot be computed."
        )
    if missing := [name for name in _NEEDED if name not in result]:
        raise RunError(f"Run {run.id}: expected {', '.join(missing)} in its result. Received none.")
    made = Evaluation(dataset.y_test, run.test_probabilities(), tuple(result["class_names"]))
    facts = _Facts(run, result, dataset, made)
    sections = [_what(facts), _data(facts), _figures(facts), _weaknesses(facts), _calibration(facts)]
    sections += [_files(exports)] if exports and exports.offered else []
    return "\n\n".join([*sections, _use(facts), _limits(facts), _provenance(facts)]) + "\n"


def _what(facts: _Facts) -> str:
    result, spec = facts.result, facts.run.spec
    given = " It was made elsewhere and only measured here." if "imported" in result else ""
    given += " Its backbone was not pretrained: it began with random weights." * spec.is_untrained_transfer
    scale, offset = (float(number) for number in scale_and_offset(spec))
    return (
        f"# {spec.title}\n\n"
        f"A network of {result['parameters']:,} parameters that puts 28x28 grey pictures into "
        f"{len(facts.made.class_names)} classes: {', '.join(facts.made.class_names)}.{given}\n\n"
        f"Input of the network itself: {spec.image_size_px}x{spec.image_size_px} pixels, each times {scale:.6g} plus "
        f"{offset:.6g}. The files taken away do that themselves: they take pixels 0 to 255, light on black."
    )


def _data(facts: _Facts) -> str:
    result, spec, dataset = facts.result, facts.run.spec, facts.dataset
    train, validation = _image_counts(facts)
    lines = [f"{DATASETS[spec.dataset].title}, from {dataset.source}. SHA-256 of the content: `{dataset.sha256}`."]
    if "imported" in result:
        lines.append("On which images it was trained is not known here.")
    elif train:
        held = f"{validation:,} images held out for validation" if spec.split != "test" else "the test images"
        lines.append(f"Trained on {train:,} images, validated on {held}, tested once on {result['test_images']:,}.")
    if spec.split == "test" and "imported" not in result:
        lines.append("**It was validated on the test images, so its figures are optimistic.**")
    if result.get("synthetic"):
        lines.append("**These were a stand-in drawn by code; the figures say nothing about the real data.**")
    if spec.label_marks:
        lines.append("Training images that a person had marked were dropped or relabelled; test images never are.")
    return "## Data\n\n" + " ".join(lines)


def _figures(facts: _Facts) -> str:
    made, count = facts.made, len(facts.made.y_true)
    rows = [("Accuracy", made.accuracy, made.accuracy_interval())]
    if len(made.class_names) > 2:
        top = made.top_accuracy(2)
        rows.append(("Right class among the first two", top, wilson_interval(top, count)))
    low, high = made.loss_interval()
    lines = [f"| {name} | {value:.2%} | {a:.2%} to {b:.2%} |" for name, value, (a, b) in rows]
    lines.append(f"| Loss (mean cross-entropy, nats) | {made.loss:.4f} | {low:.4f} to {high:.4f} |")
    seeds = ": another seed moves the accuracy by a few tenths of a percent" if _is_fashion(facts) else ""
    lines.append(f"| F1, mean over classes | {made.report().loc[MACRO, 'f1']:.2%} | |")
    return (
        f"## Figures on {count:,} test images\n\n| | | 95 % interval |\n|---|---|---|\n" + "\n".join(lines) + "\n\n"
        "Intervals are Wilson's; that of the loss is the normal approximation. They cover the luck of which images are "
        f"in the test set, not that of training{seeds}."
    )


def _weaknesses(facts: _Facts) -> str:
    made = facts.made
    report = made.report().loc[list(made.class_names)]
    judged = report[report["support"] >= FEWEST_IMAGES].sort_values("recall")
    weak = [f"{row.Index} ({row.recall:.1%} of its images found)" for row in judged[:WEAK_CLASSES].itertuples()]
    pairs = [f"{row.true} taken for {row.predicted} ({row.count_})" for row in _pairs(made)]
    lines = []
    for row in report.itertuples():
        reach = ""
        if row.support:
            low, high = wilson_interval(row.recall, int(row.support))
            reach = f"{low:.1%} to {high:.1%}"
        lines.append(
            f"| {row.Index} | {row.precision:.1%} | {row.recall:.1%} | {reach} | {row.f1:.1%} | {row.support:,} |"
        )
    words = f"Weakest on {'; '.join(weak)}. " if weak else ""
    words += f"Most frequent mistakes: {'; '.join(pairs)}." if pairs else "It made no mistake on these images."
    return (
        f"## Class by class, and where it is weak\n\n{words}\n\n"
        "| Class | Precision | Recall | 95 % interval of recall | F1 | Images |\n|---|---|---|---|---|---|\n"
        + "\n".join(lines)
    )


def _pairs(made: Evaluation) -> list:
    return list(made.most_confused_pairs(3).rename(columns={"count": "count_"}).itertuples(index=False))


def _calibration(facts: _Facts) -> str:
    made = facts.made
    found = reliability(made.y_true, made.probabilities)
    way = "too sure" if found.excess > 0 else "too modest"
    text = (
        f"Expected calibration error {found.expected_error:.1%} in 15 bins: on average its confidence is "
        f"{abs(found.excess):.1%} {way}."
    )
    temperature = temperature_of(facts.run)
    if not temperature.is_fitted:
        return f"## Calibration\n\n{text} No temperature mends that: {temperature.reason.removesuffix('.')}."
    after = reliability(made.y_true, with_temperature(made.probabilities, temperature.value)).expected_error
    return (
        f"## Calibration\n\n{text} Dividing the logarithm of its probabilities by {temperature.value:.2f}, a "
        f"temperature fitted on the validation images, brings the error to {after:.1%}. The files taken away give the "
        "probabilities as they are, without it."
    )


def _files(exports: Exports) -> str:
    rows = []
    for name in exports.offered:
        form, proof = FORMATS[name], exports.proofs[name]
        rows.append(
            f"| {form.file} | {proof.bytes / 1e6:.2f} MB | {proof.runtime} | {proof.accuracy:.2%} of {proof.images:,} "
            f"| {proof.largest_difference:.1e} | {proof.same_answers:.2%} |"
        )
    return (
        "## Files\n\nEach was loaded back in its own runtime and compared with the Run on the same images before it "
        "was offered.\n\n| File | Size | Read by | Accuracy | Largest difference of a probability | Same answer |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(rows)
    )


def _use(facts: _Facts) -> str:
    thing = "digits" if all(name.isdigit() for name in facts.made.class_names) else "items"
    return (
        "## Intended use\n\nTeaching, demonstrations, and comparing methods on this data set. It is not for decisions "
        f"about people or money, nor for sorting photographs of real {thing}: nothing like that was measured."
    )


def _limits(facts: _Facts) -> str:
    labels = "- Some labels of the data are wrong or a matter of opinion, so 100 % is out of reach.\n"
    return (
        "## Limits\n\n- It knows centred pictures on black ground, 28 pixels wide, and names one of its classes "
        "whatever it is shown.\n- The test images come from the same source as the training images; pictures from "
        f"elsewhere do worse.\n{labels if _is_fashion(facts) else ''}"
        "- One Run, one seed: differences between models that lie within the intervals above mean nothing."
    )


def _is_fashion(facts: _Facts) -> bool:
    """Whether this is Fashion-MNIST itself, of which more is known than the Run's own figures."""
    return facts.run.spec.dataset == FASHION and not facts.dataset.synthetic


def _provenance(facts: _Facts) -> str:
    run, result = facts.run, facts.result
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    lines = [f"- Run `{run.id}`{f', preset {run.spec.preset}' if run.spec.preset else ''}, finished {_finished(run)}."]
    if "imported" in result:
        given = result["imported"]
        lines.append(
            f"- Brought in as `{given['file']}`, SHA-256 `{given['sha256']}`. How it was trained is not known."
        )
    else:
        settings = hyperparameter_table(run.spec)
        told = "; ".join(
            f"{row[-2]}: {row[-1]}" for row in settings.itertuples(index=False) if row[-2] != label("seed")
        )
        lines += [f"- Seed {run.spec.seed}. {told}.", f"- `{SCRIPT_NAME}` re-creates it without FMNIST Lab."]
    lines.append(f"- This card was written by FMNIST Lab on {date.today().isoformat()}, with {versions} installed.")
    return "## Provenance\n\n" + "\n".join(lines)


def _finished(run: Run) -> str:
    last = next((event.time_s for event in reversed(run.events()) if event.kind == "completed"), None)
    return f"{datetime.fromtimestamp(last):%Y-%m-%d %H:%M}" if last else "at a time that is not noted"


def _image_counts(facts: _Facts) -> tuple[int, int]:
    """Return how many images trained and validated the Run, as its events say; zeros where they do not."""
    for event in reversed(facts.run.events()):
        if "train_images" in event.logs:
            return int(event.logs["train_images"]), int(event.logs.get("validation_images", 0))
    held_out = int(facts.result.get("validation_images", 0))
    return (len(facts.dataset.y_train) - held_out, held_out) if held_out else (0, 0)
