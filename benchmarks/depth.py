"""How well a logistic regression does after each block of a pretrained base: the figures of docs/depth.md.

    python -m benchmarks.depth [--weights FILE] [--sizes 32 64] [--backbone mobilenet] [--limit N]

Probes as the page Where to cut does, on 6,000 training and 2,000 test images of Fashion-MNIST, and prints the accuracy
after each block, the raw pixels', and the seconds. Without a file the ImageNet weights are those of the weights folder,
of Keras' cache, or downloaded; --weights random shows the base as it was built. Nothing is kept.
"""

import argparse
import os
import tempfile
import time

from fmnist_core import datasets
from fmnist_core.depth_probe import TEST_IMAGES, TRAIN_IMAGES, ProbeSpec, computed_probe
from fmnist_core.zoo import weights


def main() -> None:
    """Probe at each size and print a line of blocks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="imagenet", help="imagenet, random, or a file of weights without top")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64], help="px of a side")
    parser.add_argument("--backbone", default="mobilenet")
    parser.add_argument("--limit", type=int, default=0, help="at most so many images to train and to test on")
    options = parser.parse_args()
    named = options.weights in ("imagenet", "random")
    kind, file = (options.weights, "") if named else ("file", options.weights)
    dataset = datasets.load("fashion-mnist")
    os.environ.setdefault("FMNIST_LAB_WEIGHTS", str(weights.folder()))  # before the workspace is another
    with tempfile.TemporaryDirectory() as home:
        os.environ["FMNIST_LAB_HOME"] = home
        for size_px in options.sizes:
            began_s = time.perf_counter()
            counts = (min(most, options.limit or most) for most in (TRAIN_IMAGES, TEST_IMAGES))
            probe = computed_probe(dataset, ProbeSpec(options.backbone, size_px, kind, file, *counts))
            low, high = probe.interval(probe.best)
            blocks = ", ".join(
                f"{block.name} {value:.3f}" for block, value in zip(probe.blocks, probe.accuracy, strict=True)
            )
            print(
                f"{size_px} px, {probe.train_images:,} training and {probe.test_images:,} test images: {blocks}; best "
                f"{probe.blocks[probe.best].name}, {low:.3f} to {high:.3f}; raw pixels {probe.raw_accuracy:.3f}; "
                f"{time.perf_counter() - began_s:.0f} s in all, the pass through the base {probe.pass_s:.1f} s, the "
                f"fits {probe.fit_s.sum():.1f} s together, several at once",
                flush=True,
            )


if __name__ == "__main__":
    main()
