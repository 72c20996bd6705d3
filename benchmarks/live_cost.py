"""What a tick of the live view costs the app: early and late in a Run of 30 epochs.

    python -m benchmarks.live_cost

Writes the events that such a Run writes (16 batch events an epoch), and times a tick as the Runs page does it:
reading what is new, and packing the curves for the browser.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

from fmnist_core.progress import Watcher
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from pages.ui.live_chart import pack
from pages.ui.train.curves import learning_panels

EPOCHS, BATCHES = 30, 16


def main() -> None:
    """Print the median cost of a tick in the first and in the last five epochs."""
    with tempfile.TemporaryDirectory() as folder:
        run, watcher, cost_s = Run.create(RunSpec(epochs=EPOCHS), Path(folder)), Watcher(), []
        run.write_event("started")
        run.write_event("phase", epoch=0, phase="training", train_images=48_000)
        for number in range(EPOCHS * BATCHES):
            done = (number + 1) / BATCHES
            run.write_event("batch", epoch=done, step=number, loss=1 / (1 + done), accuracy=0.9, learning_rate=1e-3,
                            images_per_s=6000.0, cpu_percent=180.0, memory_mb=900.0)  # fmt: skip
            if done.is_integer():
                run.write_event("epoch", epoch=int(done), loss=0.3, accuracy=0.9, val_loss=0.4, val_accuracy=0.88)
            began_s = time.perf_counter()
            size = len(pack(learning_panels(watcher.progress(run)), {}))
            cost_s.append(time.perf_counter() - began_s)
    part = 5 * BATCHES
    early, late = median(cost_s[:part]), median(cost_s[-part:])
    print(f"tick in epochs 1 to 5:    median {1000 * early:.2f} ms")
    print(f"tick in epochs 26 to 30:  median {1000 * late:.2f} ms, {size / 1000:.0f} kB to the browser")
    print(f"ratio {late / early:.2f}")


if __name__ == "__main__":
    main()
