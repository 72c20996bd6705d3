"""A Run's Progress as panels of the live chart."""

from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR, VALIDATION_COLOUR
from fmnist_core.progress import Progress
from pages.ui.live_chart import Mark, Panel, Series


def learning_panels(progress: Progress) -> list[Panel]:
    """Return loss and accuracy: each batch thinly, each epoch's training and validation strongly."""
    switch = progress.fine_tuning_from
    marks = () if switch is None else (Mark(switch, "fine-tuning"),)
    return [
        Panel("Loss", _curves(progress, "loss"), y_label="cross-entropy", y_format="number", marks=marks),
        Panel("Accuracy", _curves(progress, "accuracy"), y_label="share right", y_format="percent", marks=marks),
    ]


def machine_panels(progress: Progress) -> list[Panel]:
    """Return learning rate, speed, and what the process takes of the machine."""
    wanted = (
        ("Learning rate", "learning_rate", "rate", "scientific"),
        ("Speed", "images_per_s", "images/s", "number"),
        ("Processor", "cpu_percent", "% of one core", "number"),
        ("Memory", "memory_mb", "MB", "number"),
    )
    return [
        Panel(title, (_batch_series(progress, name, title),), y_label=label, y_format=form)
        for title, name, label, form in wanted
    ]


def summary(progress: Progress) -> str:
    """Return the curves in a sentence, for readers who cannot see them."""
    if not progress.epochs:
        return "No epoch is finished yet."
    last = progress.epochs[-1]
    return (
        f"After epoch {last['epoch']:g}: training loss {last['loss']:.3f}, accuracy {last['accuracy']:.1%}; "
        f"validation loss {last['val_loss']:.3f}, accuracy {last['val_accuracy']:.1%}."
    )


def _curves(progress: Progress, name: str) -> tuple[Series, ...]:
    rows = progress.epochs  # once: another session's update may replace it between two looks
    epochs, training, validation = ([row[key] for row in rows] for key in ("epoch", name, f"val_{name}"))
    return (
        Series("each batch", *_columns(progress, name), colour=NEUTRAL_COLOUR, style="thin"),
        Series("training", epochs, training, colour=TRAIN_COLOUR, style="line"),
        Series("validation", epochs, validation, colour=VALIDATION_COLOUR, style="dashed"),
    )


def _batch_series(progress: Progress, name: str, title: str) -> Series:
    return Series(title.lower(), *_columns(progress, name), colour=TRAIN_COLOUR, style="line")


def _columns(progress: Progress, name: str) -> tuple[list[float], list[float]]:
    columns = progress.batches.columns
    return columns.get("epoch", []), columns.get(name, [])
