"""The reference systems' searches, each on that system's own network.

Where a system did not report a bound or a number of trials, a usual one stands in and the note says so.
"""

from dataclasses import dataclass

from fmnist_core.presets import PRESETS
from fmnist_core.spec import ConvBlock, DenseLayer
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Choice, Float, Int


@dataclass(frozen=True)
class SearchPreset:
    """A search to begin with.

    Attributes:
        search: what is searched.
        note: where it comes from, what it found, and what a reader must know to compare.
    """

    search: Search
    note: str

    @property
    def system(self) -> str:
        """Letter of the reference system that searched like this; empty for our own."""
        letter, dash, _ = self.search.preset.partition("-")
        return letter if dash and len(letter) == 1 else ""


_RATE = "learning_rate"
# One more convolution than A's LeNet-5, before the second pooling; A does not say where it pooled.
_A_BASE = PRESETS["A-lenet5"].replace(
    title="LeNet-5, tuned (A)", preset="",
    conv_blocks=(ConvBlock(32, 5, "same"), ConvBlock(48, 5, pool=False), ConvBlock(64, 3)),
    dense_layers=(DenseLayer(256, dropout=0.25), DenseLayer(84)),
)  # fmt: skip
_C_BASE = PRESETS["C-lenet5"]
_FIRST_STEPS = PRESETS["first-steps"]

_ENTRIES = (
    SearchPreset(
        Search(
            "First search", _FIRST_STEPS.replace(schedule="constant"), preset="first-search",
            space=(
                Float(_RATE, 3e-4, 1e-2, log=True), Choice("batch_size", (32, 64, 128)),
                Int("dense_layers[0].units", 32, 160, 32), Float("dense_layers[0].dropout", 0.0, 0.5, 0.1),
            ),
            tuner="random_search", max_trials=8, epochs=3,
        ),
        "Our own small start: the learning rate, the batch size and the first dense layer of a compact LeNet-5.",
    ),
    SearchPreset(
        Search(
            "A: Hyperband over six", _A_BASE, preset="A-hyperband",
            space=(
                Int("conv_blocks[0].filters", 32, 64, label="First conv filters"),
                Choice("conv_blocks[0].kernel_px", (3, 5), label="First conv kernel"),
                Int("conv_blocks[2].filters", 32, 128, label="Second conv filters"),
                Choice("conv_blocks[2].kernel_px", (3, 5), label="Second conv kernel"),
                Float("dense_layers[0].dropout", 0.0, 0.5, 0.05, label="Dropout after Dense 256", default=0.25),
                Float(_RATE, 1e-4, 1e-2, log=True, label="Learning rate"),
            ),
            tuner="hyperband", max_trials=0, epochs=10, early_stopping="val_loss", patience=5,
        ),
        "A's six hyperparameters with its bounds; the convolution of 48 filters between the two is fixed. The best, "
        "trained for 30 epochs, reached 0.8940 on validation, less than A's LeNet-5 before tuning (0.8982). A asked "
        "for 20 epochs; Hyperband trains at most its own 10 all the same. Where A pooled is not known: here after the "
        "first convolution and after the last.",
    ),
    SearchPreset(
        Search(
            "B: random search, 100 trials", PRESETS["B-lenet5"], preset="B-random",
            space=(
                Choice(_RATE, (1.0, 1e-2, 1e-3, 1e-4)), Choice("batch_size", (32, 64, 128, 256)),
                Choice("epochs", (5, 10, 20)),
            ),
            tuner="random_search", max_trials=100, epochs=20, early_stopping="val_loss", patience=5,
        ),
        "B's best model reached 0.8544 on the test set. Its batch sizes and epochs are not known: 32 to 256 and 5 to "
        "20 stand in, 48 combinations in all, so that the search ends before 100 trials. A learning rate of 1.0 is "
        "B's own; hardly anything learns with it.",
    ),
    SearchPreset(
        Search(
            "C: random search over units and rate", _C_BASE, preset="C-random",
            space=(Int("dense_layers[0].units", 64, 128, 16), Choice(_RATE, (1e-2, 1e-3))),
            tuner="random_search", max_trials=10, epochs=8, early_stopping="none",
        ),
        "Ten combinations. C gave no number of trials; it trained the best for 35 epochs, saw it overfit after 8, and "
        "trained it again for 8: 0.8947 on validation.",
    ),
    SearchPreset(
        Search(
            "D: units and rate", PRESETS["D-lenet5"], preset="D-random",
            space=(Int("dense_layers[0].units", 32, 512, 8), Choice(_RATE, (1e-2, 1e-3, 1e-4))),
            tuner="random_search", max_trials=10, epochs=50, early_stopping="val_loss", patience=5,
        ),
        "D searched with up to 50 epochs and early stopping, and found 248 units and a rate of 0.001. Its tuner, "
        "bounds and trials are not known: random search, 32 to 512 units, three rates and 10 trials stand in.",
    ),
    SearchPreset(
        Search(
            "E: filter grid", PRESETS["E-cnn-k3n32"].replace(title="CNN (E)"), preset="E-grid",
            space=(
                Choice("conv_blocks[1].kernel_px", (3, 5), label="Kernel"),
                Choice("conv_blocks[1].filters", (32, 64), label="Filters"),
            ),
            tuner="grid_search", max_trials=0, epochs=10, early_stopping="none",
        ),
        "E's four networks for MNIST, 0.9888 to 0.9922. E chose on the test set, and so does this search: see it as "
        "E's, not as a model of how to measure.",
    ),
    SearchPreset(
        Search(
            "E: dropout or none", PRESETS["E-cnn-k5n64"].replace(title="CNN 5x5, 64 filters (E)"), preset="E-dropout",
            space=(Choice("conv_blocks[*].dropout", (0.5, 0.0), label="Dropout"),),
            tuner="grid_search", max_trials=0, epochs=10, early_stopping="none",
        ),
        "E's ablation on MNIST: 0.9933 with dropout after both convolutions, 0.9884 without. E chose on the test set, "
        "and so does this search.",
    ),
)  # fmt: skip

SEARCHES: dict[str, SearchPreset] = {entry.search.preset: entry for entry in _ENTRIES}
