"""The model that comes with the product, so that Predict answers before anything was trained.

It is the folder of a finished Run, without what only training and evaluation need. `python -m benchmarks.ready_made`
makes it anew; its card lies beside it.
"""

from pathlib import Path

from fmnist_core.runs import LITERT_FILE, Run

FOLDER = Path(__file__).with_name("ready_made_run") / "ready-made"
CARD_FILE = "MODEL_CARD.md"


def ready_made() -> Run | None:
    """Return the Run that comes with the product; None where it was left out."""
    return Run(FOLDER) if (FOLDER / LITERT_FILE).is_file() else None
