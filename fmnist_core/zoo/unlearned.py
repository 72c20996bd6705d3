"""Which layers of a base have weights that were never trained: a file may hold some as they were drawn at random.

Nothing in a file marks them, and Keras loads them without a word. But values drawn at random are spread exactly as the
layer's own start draws them, while training shapes every large kernel away from that.
"""

from typing import TYPE_CHECKING

import numpy as np

from fmnist_core.backbones import Block

if TYPE_CHECKING:
    import keras

_FEWEST, _MOST = 4000, 10_000  # numbers of a kernel: fewer could look alike by chance, more tell nothing new
# Of the test of Kolmogorov and Smirnov. One of ten thousand drawn kernels comes out below; of MobileNet's trained ones
# the nearest has 3e-28.
_P_VALUE = 1e-4


def unlearned_layers(base: "keras.Model") -> list[str]:
    """Return the names of the layers whose kernel looks as if it had just been drawn at random, first to last.

    Layers of fewer than 4,000 numbers are passed over. No random generator of Keras is touched.
    """
    return [layer.name for layer in _large(base) if _looks_drawn(layer)]


def learned_blocks(base: "keras.Model", blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the blocks before the first with such a layer: what comes after it is made from noise, too.

    None where no layer looks trained: the first blocks may have none that is large enough to tell.
    """
    names = unlearned_layers(base)
    if not names:
        return blocks
    if len(names) == len(_large(base)):
        return ()
    first = next(place for place, layer in enumerate(base.layers) if layer.name == names[0])
    return tuple(block for block in blocks if block.depth <= first)


def _large(base: "keras.Model") -> list["keras.layers.Layer"]:
    kernels = [(layer, getattr(layer, "kernel", None)) for layer in base.layers]
    return [layer for layer, kernel in kernels if kernel is not None and np.prod(kernel.shape) >= _FEWEST]


def _looks_drawn(layer: "keras.layers.Layer") -> bool:
    from scipy.stats import ks_2samp

    start = getattr(layer, "depthwise_initializer", None) or layer.kernel_initializer
    drawn = type(start).from_config(start.get_config() | {"seed": 0})(layer.kernel.shape)
    rows = [np.asarray(values).ravel() for values in (layer.kernel, drawn)]
    step = max(1, len(rows[0]) // _MOST)
    return ks_2samp(*(values[::step] for values in rows), method="asymp").pvalue > _P_VALUE
