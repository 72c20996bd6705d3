"""The reference systems' own networks: four LeNet-5s and E's CNNs.

Where a system did not report a value (B's and C's batch size, B's epochs), the preset takes Keras' default or
the nearest reported value and says so in its note.
"""

from fmnist_core.presets.reported import Reported
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec


def _lenet_wide(units: int) -> dict:
    """A's and D's LeNet-5: wide, ReLU, maximum pooling."""
    return {
        "conv_blocks": (ConvBlock(32, 5, "same"), ConvBlock(48, 5)),
        "dense_layers": (DenseLayer(units), DenseLayer(84)),
    }


def _cnn_digits(kernel_px: int, filters: int) -> RunSpec:
    """E's two-stage CNN, validated on the test set as E did."""
    return RunSpec(
        title=f"CNN {kernel_px}x{kernel_px}, {filters} filters (E)",
        preset=f"E-cnn-k{kernel_px}n{filters}",
        dataset="mnist",
        split="test",
        conv_blocks=(
            ConvBlock(32, 3, batch_norm=True, dropout=0.5),
            ConvBlock(filters, kernel_px, batch_norm=True, dropout=0.5),
        ),
        dense_layers=(DenseLayer(128),),
        batch_size=128,
        epochs=10,
        best_checkpoint="none",
    )


SPECS = (
    RunSpec(
        title="LeNet-5, wide (A)", preset="A-lenet5", **_lenet_wide(256),
        duplicates="keep_first", split="random", image_size_px=32, batch_size=64, epochs=30,
        best_checkpoint="none",
    ),
    RunSpec(
        title="LeNet-5, classic (B)", preset="B-lenet5",
        conv_blocks=(ConvBlock(6, 5), ConvBlock(16, 5), ConvBlock(120, 5, pool=False)),
        dense_layers=(DenseLayer(84),),
        activation="tanh", pooling="average", pool_activation="sigmoid",
        image_size_px=32, split="last", batch_size=64, epochs=20, early_stopping="val_loss",
        best_checkpoint="none",
    ),
    RunSpec(
        title="LeNet-5, small (C)", preset="C-lenet5",
        conv_blocks=(ConvBlock(6, 5), ConvBlock(16, 5)),
        dense_layers=(DenseLayer(120), DenseLayer(84)),
        split="random", seed=42, batch_size=32, epochs=8, best_checkpoint="none",
    ),
    RunSpec(
        title="LeNet-5, tuned (D)", preset="D-lenet5", **_lenet_wide(248),
        duplicates="drop_all", split="last", batch_size=64, epochs=30, best_checkpoint="none",
    ),
    _cnn_digits(3, 32), _cnn_digits(3, 64), _cnn_digits(5, 32), _cnn_digits(5, 64),
)  # fmt: skip

_ON_TEST = "E validated on the test set, so its figure is that of the best-looking epoch on it."

REPORTED: dict[str, Reported] = {
    "A-lenet5": Reported(
        0.8982, "validation", 504_342,
        "After 30 epochs, loss 0.1858 and accuracy 0.9303 on training, 0.3063 loss on validation. "
        "A read the Kaggle CSV edition.",
    ),
    "B-lenet5": Reported(
        0.8828, "test", 61_706,
        "Mean of 5 stratified folds, 0.8763 to 0.8887; the single best model gave 0.8544. "
        "B tuned batch size and epochs without naming the winners: 64 and 20 with early stopping stand in.",
    ),
    "C-lenet5": Reported(
        0.8947, "validation", 44_426,
        "After 8 epochs; 35 were seen to overfit. C named no batch size: 32 is Keras' default.",
    ),
    "D-lenet5": Reported(
        0.91798, "test", 358_894,
        "Mean of 5 folds with a new model each, 0.9146 to 0.9222. The 248 units and the rate were found by its search.",
    ),
    "E-cnn-k3n32": Reported(0.9920, "test", 113_642, _ON_TEST),
    "E-cnn-k3n64": Reported(0.9888, "test", 225_418, _ON_TEST),
    "E-cnn-k5n32": Reported(0.9909, "test", 93_162, _ON_TEST),
    "E-cnn-k5n64": Reported(0.9922, "test", 184_458, _ON_TEST + " Without dropout E had 0.9884, with it 0.9933."),
}  # fmt: skip
