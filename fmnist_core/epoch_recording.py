"""The Keras callback that keeps a Run's epochs; see epoch_record.py for what is kept and how it is read."""

from collections.abc import Callable, Iterator

import keras
import numpy as np

from fmnist_core import epoch_record
from fmnist_core.callbacks import averaged, check_stop
from fmnist_core.phases import Phase
from fmnist_core.preprocess import prepare
from fmnist_core.runs import Run
from fmnist_core.training_data import TrainingData
from fmnist_core.zoo.mirror import with_mirror
from fmnist_core.zoo.transfer import TRUNK

CHUNK = 250  # images per step: a stop waits for one

Inputs = Callable[[np.ndarray], np.ndarray]


class KeepEpochs(keras.callbacks.Callback):
    """After each epoch keeps what the model answers on the test images, and its weights if the spec says so.

    Training does not notice: a model that predicts draws no random numbers, changes no state of its layers, and gets
    its own weights back where averaged ones answered.
    """

    def __init__(self, run: Run, network: keras.Model, phase: Phase, data: TrainingData) -> None:
        """Prepare; where the model takes features, those of the test images are computed or found now."""
        super().__init__()
        self._run = run
        self._views = list(_views(phase, data))
        self._count = len(data.dataset.y_test)
        through_pixels = run.spec.mirror_averaging and phase.test is None
        self._answering = with_mirror(phase.model) if through_pixels else phase.model
        self._folder = epoch_record.begin(
            run,
            {
                "sha256": data.dataset.sha256, "source": data.dataset.source, "images": self._count,
                "class_names": list(data.dataset.class_names), "synthetic": data.dataset.synthetic,
            },
        )  # fmt: skip
        size = 4 * phase.model.count_params()
        self._stride = epoch_record.weights_stride(size, phase.last_epoch - phase.first_epoch)
        self._last = phase.last_epoch
        if run.spec.keep_epochs == "weights" and phase.test is not None:
            self._keep_trunk(network)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        number = epoch + 1
        with averaged(self.model):
            probabilities = self._probabilities()
            if not np.isfinite(probabilities).all():
                return  # the training is about to end as diverged: there is nothing to look at, or to fork from
            if self._run.spec.keep_epochs == "weights" and (number % self._stride == 0 or number == self._last):
                epoch_record.write_weights(epoch_record.weights_file(self._folder, number), self.model.get_weights())
        epoch_record.write_answers(self._folder, number, probabilities)

    def _probabilities(self) -> np.ndarray:
        """Return the answers on all test images, the mean over the views of each: (n, classes) float32."""
        parts = []
        for start in range(0, self._count, CHUNK):
            check_stop(self._run)
            chunk = np.arange(start, min(start + CHUNK, self._count))
            parts.append(np.mean([self._answering.predict_on_batch(view(chunk)) for view in self._views], axis=0))
        return np.concatenate(parts).astype(np.float32)

    def _keep_trunk(self, network: keras.Model) -> None:
        """Keep the frozen backbone once: with it, the head of an epoch is a whole network without any download."""
        file = self._folder / epoch_record.TRUNK_FILE
        if not file.exists():
            epoch_record.write_weights(file, network.get_layer(TRUNK).get_weights())


def _views(phase: Phase, data: TrainingData) -> Iterator[Inputs]:
    """Give what makes the model's input for test images by position; two where features of both mirrors are wanted."""
    spec, images = phase.batches.spec, data.dataset.x_test
    if phase.test is None:
        yield lambda chunk: prepare(np.asarray(images[chunk]), spec)
        return
    for mirrored in (False, True)[: 1 + spec.mirror_averaging]:
        yield phase.test(mirrored).take
