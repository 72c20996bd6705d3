"""Our own recipes; their figures come from `python -m benchmarks.recipes` and stand in docs/recipes.md."""

from dataclasses import replace

from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec


def _stages(*stages: tuple[int, ...]) -> tuple[ConvBlock, ...]:
    """Return 3x3 blocks with batch normalisation: a stage is the filters of its convolutions; pooling ends it.

    The last stage is not pooled: its mean per filter feeds the softmax.
    """
    blocks = [
        ConvBlock(filters, 3, "same", batch_norm=True, pool=number == len(stage) - 1, norm_first=True)
        for stage in stages
        for number, filters in enumerate(stage)
    ]
    return (*blocks[:-1], replace(blocks[-1], pool=False))


_MODERN = {
    "optimizer": "muon", "weight_decay": 0.02, "label_smoothing": 0.1, "schedule": "one_cycle", "batch_size": 192,
    "flip": True, "validation_fraction": 0.05, "best_checkpoint": "none",
}  # fmt: skip
_ALL_CONVOLUTIONS = _MODERN | {"global_pooling": "average", "dense_layers": ()}

SPECS = (
    RunSpec(
        title="First steps", preset="first-steps",
        conv_blocks=(ConvBlock(6, 5), ConvBlock(16, 5)),
        dense_layers=(DenseLayer(120), DenseLayer(84)),
        batch_size=64, epochs=5, learning_rate=2e-3, schedule="one_cycle",
    ),
    RunSpec(
        title="Quick", preset="quick", conv_blocks=_stages((16,), (48,), (64,), (96,)),
        learning_rate=1e-2, epochs=4, mirror_averaging=True, **_ALL_CONVOLUTIONS,
    ),
    RunSpec(
        title="LeNet-5, modernised", preset="lenet5-modern",
        conv_blocks=(
            ConvBlock(12, 5, "same", batch_norm=True, norm_first=True),
            ConvBlock(32, 5, batch_norm=True, norm_first=True),
        ),
        dense_layers=(DenseLayer(60),), learning_rate=5e-3, epochs=15, **_MODERN | {"batch_size": 128},
    ),
    RunSpec(
        title="Small", preset="small", conv_blocks=_stages((16, 16), (32, 32), (64, 64), (128,)), pooling="average",
        learning_rate=1e-2, epochs=9, mirror_averaging=True, **_ALL_CONVOLUTIONS,
    ),
    RunSpec(
        title="Best small", preset="best-small", conv_blocks=_stages((32, 32), (64, 64), (112, 112), (112,)),
        pooling="average", learning_rate=8e-3, epochs=24, shift_px=1, erasing_fraction=0.1, mirror_averaging=True,
        **_ALL_CONVOLUTIONS | {"batch_size": 128, "validation_fraction": 0.02},
    ),
    RunSpec(
        title="MobileNet, cut where it helps", preset="mobilenet-cut",
        network="transfer", backbone="mobilenet", cut="7", image_size_px=64, resizing="bilinear", scaling="base",
        global_pooling="average", normalise_features=True, dense_layers=(DenseLayer(256, dropout=0.3),),
        batch_size=128, epochs=15, schedule="one_cycle", learning_rate=2e-3,
    ),
)  # fmt: skip
