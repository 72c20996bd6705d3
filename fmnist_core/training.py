"""Training: the only place that calls model.fit. It takes a Run's spec and leaves the artefacts in its folder.

A Run has one phase or two. In the first, a network, or the head on a frozen backbone, learns; in the second, the
backbone's last layers are fine-tuned along with the head. See phases.py.
"""

import keras

from fmnist_core import datasets, zoo
from fmnist_core.batch_norm import measure_statistics, measured
from fmnist_core.callbacks import (
    BEST_FILE,
    BEST_FINE_TUNED_FILE,
    AveragedValidation,
    BestWeights,
    Checkpoint,
    EarlyStopping,
    EpochRandomness,
    EventLog,
    SavedEpoch,
    read_checkpoint,
    teller,
)
from fmnist_core.epoch_recording import KeepEpochs
from fmnist_core.errors import RunError
from fmnist_core.finishing import finish
from fmnist_core.fork import keep_start
from fmnist_core.phases import Phase, fine_tuning_phase, first_phase
from fmnist_core.preprocess import prepare
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from fmnist_core.training_data import TrainingData, kept_marks, load_data
from fmnist_core.zoo import weights
from fmnist_core.zoo.mirror import with_mirror
from fmnist_core.zoo.transfer import TRUNK

TENSORBOARD_FOLDER = "tensorboard"


def fit(run: Run) -> dict:
    """Train the Run's network from its last checkpoint, or from the start, to its end, and return the result.

    Raises:
        StopRequested, Diverged, LabError: see callbacks, datasets and zoo.
    """
    spec = run.spec
    run.write_event("phase", phase="loading data")
    data = load_data(spec, kept_marks(run))
    saved = read_checkpoint(run.folder)
    if spec.is_transfer and spec.weights == "imagenet" and not spec.start_epoch:
        tell = teller(run)
        weights.fetch(spec.backbone, lambda sentence, _: tell(sentence))
    run.write_event("phase", phase="building the network")
    network = build(run, data, resumed=saved is not None)
    phase = first_phase(run, network, data)
    if saved is None or saved.fine_tuning_from is None:
        _train(run, network, phase, data, saved)
    if spec.is_transfer and spec.fine_tune_epochs:
        if saved is None or saved.fine_tuning_from is None:
            _load_best(run, phase)
            saved = None
        before = len(run.history()) if saved is None else saved.fine_tuning_from
        fine = fine_tuning_phase(network, data, spec, before)
        _train(run, network, fine, data, saved)
        if _load_best(run, fine):
            phase = fine
        elif _is_kept(run, BEST_FILE):  # an epoch of the first phase was better than all of the second
            network = build(run, data, resumed=False)
            phase = first_phase(run, network, data)
            _load_best(run, phase)
        else:
            phase = fine
    else:
        _load_best(run, phase)
    phase.give_weights_to(network)
    if spec.mirror_averaging:
        network = with_mirror(network)
    return finish(run, network, data, *phase.scoring(network, data))


def build(run: Run, data: TrainingData, *, resumed: bool) -> keras.Model:
    """Build the Run's network with seeded weights; one that is resumed has no need of the Run that it started from."""
    spec, classes = run.spec, len(data.dataset.class_names)
    keras.utils.set_random_seed(spec.seed)
    if spec.start_epoch:
        return zoo.build_from_epoch(spec, classes, *keep_start(run))
    network = zoo.build(spec.replace(start_run="") if resumed else spec, classes)
    if spec.is_untrained_transfer:
        measure_statistics(network.get_layer(TRUNK), prepare(measured(data.train[0]), spec))
    return network


def _train(run: Run, network: keras.Model, phase: Phase, data: TrainingData, saved: SavedEpoch | None) -> None:
    """Train the phase's model from the saved epoch, or its start, to its end."""
    spec = run.spec
    log = EventLog(run, phase.batches.steps_per_epoch, len(data.train[0]))
    log.check_stop()
    first_epoch, past = _restore(run, phase, data.dataset, saved)
    keep = [KeepEpochs(run, network, phase, data)] if spec.keep_epochs != "none" else []
    run.write_event(
        "phase", epoch=first_epoch, phase="training", steps_per_epoch=phase.batches.steps_per_epoch,
        train_images=len(data.train[0]), validation_images=len(data.validation[0]), source=data.dataset.source,
        sha256=data.dataset.sha256, fine_tuning_from=phase.fine_tuning_from,
    )  # fmt: skip
    stopped_early = _was_stopped_early(spec, past[phase.fine_tuning_from or 0 :])
    phase.model.fit(
        phase.batches.dataset(),
        epochs=first_epoch if stopped_early else phase.last_epoch,
        initial_epoch=first_epoch,
        validation_data=phase.validation,
        callbacks=[
            EpochRandomness(phase.batches, spec.seed), AveragedValidation(), *_callbacks(run, phase, past), log,
            *keep, Checkpoint(run, phase.fine_tuning_from),  # in this order: what a checkpoint counts is kept
        ],
        shuffle=False,  # the batches are in their order already
        verbose=0,
    )  # fmt: skip
    log.check_stop()


def _restore(run: Run, phase: Phase, dataset: datasets.Dataset, saved: SavedEpoch | None) -> tuple[int, list[dict]]:
    """Load the saved epoch if there is one; return finished epochs and the logs of all of them, both phases'."""
    history = run.history().to_dict("records")
    if saved is None:
        return phase.first_epoch, [row for row in history if row["epoch"] <= phase.first_epoch]
    before = next((event.logs["sha256"] for event in reversed(run.events()) if "sha256" in event.logs), dataset.sha256)
    if before != dataset.sha256:
        raise RunError(
            f"Expected the data that the Run began with (SHA-256 {before[:12]}…), to go on after epoch {saved.epoch}. "
            f"Received others ({dataset.sha256[:12]}…), from {dataset.source}."
        )
    phase.model.optimizer.build(phase.model.trainable_variables)  # else there is nothing to load its state into
    try:
        phase.model.load_weights(saved.weights)
    except (OSError, ValueError, KeyError) as error:
        raise RunError(
            f"Expected the weights after epoch {saved.epoch} in {saved.weights}. Received a file that cannot be read: "
            f"{error}. Without that file the Run starts anew."
        ) from error
    return saved.epoch, [row for row in history if row["epoch"] <= saved.epoch]


def _callbacks(run: Run, phase: Phase, past: list[dict]) -> list[keras.callbacks.Callback]:
    spec, fine_tuning = run.spec, phase.fine_tuning_from is not None
    callbacks: list[keras.callbacks.Callback] = [
        keras.callbacks.TensorBoard(run.folder / TENSORBOARD_FOLDER, write_graph=False)
    ]
    if spec.best_checkpoint != "none":
        callbacks.append(BestWeights(run, spec.best_checkpoint, past, fine_tuning))
    if spec.early_stopping != "none":
        callbacks.append(EarlyStopping(spec.early_stopping, spec.patience, past[phase.fine_tuning_from or 0 :]))
    return callbacks


def _was_stopped_early(spec: RunSpec, past: list[dict]) -> bool:
    """Whether early stopping had already ended the phase when the Run was interrupted."""
    if spec.early_stopping == "none" or not past:
        return False
    sign = 1 if spec.early_stopping == "val_accuracy" else -1
    values = [sign * row[spec.early_stopping] for row in past]
    best = max(range(len(values)), key=lambda index: values[index])
    return len(values) - 1 - best >= spec.patience


def _load_best(run: Run, phase: Phase) -> bool:
    """Give the phase's model the weights of its best epoch, if those are kept; return whether they are."""
    name = BEST_FILE if phase.fine_tuning_from is None else BEST_FINE_TUNED_FILE
    if not _is_kept(run, name):
        return False
    phase.model.load_weights(run.folder / name)
    return True


def _is_kept(run: Run, name: str) -> bool:
    return run.spec.best_checkpoint != "none" and (run.folder / name).is_file()
