"""The folder of a Run that kept its epochs, written by hand: pages and journeys look at it without any training."""

import json
import struct

import numpy as np

from fmnist_core import datasets, epoch_record, zoo
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, Run
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec

TEST_IMAGES = 120
EPOCHS = 4
# Small enough that weights can be made up: 26 weights of the convolution, then 10 classes from 144 numbers.
NETWORK = {"conv_blocks": (ConvBlock(1, 5),), "dense_layers": (DenseLayer(4),)}


def write_own_data(place, seed=0):
    """Write a data set of the user's own: noise, each class with a bright row."""
    generator = np.random.default_rng(seed)
    for part, n in (("train", 200), ("t10k", TEST_IMAGES)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = generator.integers(0, 200, (n, 28, 28), np.uint8)
        images[np.arange(n), 2 * labels + 2] = 255
        for kind, array, magic in (("images-idx3", images, 2051), ("labels-idx1", labels, 2049)):
            header = struct.pack(f">{1 + array.ndim}i", magic, *array.shape)
            (place / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())


def answers_after(epoch, y_true):
    """All is right but for what the epoch forgets: class 0 is said to be 1 after epoch 1, class e of ten after e."""
    said = y_true.astype(int).copy()
    said[y_true == epoch % 10] = (epoch + 1) % 10
    if epoch == 1:
        said[:60] = 0
    probabilities = np.full((len(y_true), 10), 0.02, np.float32)
    probabilities[np.arange(len(y_true)), said] = 0.82
    return probabilities


def kept_run(folder, *, weights=(1, 2, 4), ended="completed", **changes):
    """Write a Run on the data in `folder` that kept the answers of four epochs, and weights of some."""
    spec = RunSpec(
        title="Kept", dataset="own", dataset_folder=str(folder), epochs=EPOCHS, keep_epochs="weights", **NETWORK
    )
    dataset, run = datasets.load("own", folder), Run.create(spec.replace(**changes))
    names = list(dataset.class_names)
    about = {"sha256": dataset.sha256, "source": dataset.source, "images": TEST_IMAGES, "class_names": names}
    place = epoch_record.begin(run, {**about, "synthetic": False})
    run.write_event("queued")
    run.write_event("started")
    for epoch in range(1, EPOCHS + 1):
        epoch_record.write_answers(place, epoch, answers_after(epoch, np.asarray(dataset.y_test)))
        logs = {"loss": 1 / epoch, "accuracy": 0.5, "val_loss": 0.5, "val_accuracy": [0.4, 0.6, 0.9, 0.8][epoch - 1]}
        run.write_event("epoch", epoch=epoch, step=10 * epoch, **logs, learning_rate=1e-3, duration_s=1.0)
    for epoch in weights:
        shapes = [(5, 5, 1, 1), (1,), (144, 4), (4,), (4, 10), (10,)]
        made = np.random.default_rng(epoch)
        epoch_record.write_weights(
            epoch_record.weights_file(place, epoch), [made.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]
        )
    if ended == "completed":
        final = answers_after(3, np.asarray(dataset.y_test))
        np.save(run.folder / PROBABILITIES_FILE, final)
        result = {
            "test_accuracy": 0.9, "test_loss": 0.5, "test_images": TEST_IMAGES, "dataset": "own", "class_names": names,
            "source": dataset.source, "sha256": dataset.sha256, "synthetic": False,
            "parameters": sum(layer.parameters for layer in zoo.describe(spec)),
        }  # fmt: skip
        (run.folder / RESULT_FILE).write_text(json.dumps(result))
    run.write_event(ended, **({"test_accuracy": 0.9, "test_loss": 0.5} if ended == "completed" else {}))
    return run


def paced_run():
    """Write a Run that tells how fast this machine is: where no Run does, opening the page Train measures it."""
    run = Run.create(RunSpec(title="Paced"))
    for kind in ("queued", "started"):
        run.write_event(kind)
    run.write_event("phase", epoch=0, phase="training", train_images=50_000, validation_images=10_000)
    run.write_event("epoch", epoch=1, step=1, loss=0.5, accuracy=0.5, duration_s=10.0)
    run.write_event("completed")
    return run
