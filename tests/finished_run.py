"""Finished Runs as far as prediction reads them: one that was really trained, and folders around other models."""

import json
import shutil
from pathlib import Path

from fmnist_core.ready_made import FOLDER
from fmnist_core.runs import LITERT_FILE, RESULT_FILE, SPEC_FILE, Run
from fmnist_core.spec import RunSpec

REAL_DATA = Path("/usr/share/datasets/fashion-mnist").is_dir()


def save_run(model, spec: RunSpec, class_names, runs_folder: Path | None = None) -> Run:
    """Write the folder of a completed Run around a Keras model, as far as prediction reads it."""
    run = Run.create(spec, runs_folder)
    model.export(run.folder / LITERT_FILE, format="litert", verbose=False)
    result = {
        "class_names": list(class_names),
        "test_accuracy": 0.8,
        "test_loss": 0.5,
        "dataset": spec.dataset,
    }
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    run.write_event("queued")
    run.write_event("started")
    run.write_event("completed", test_accuracy=0.8)
    return run


def copy_of_trained_run(runs_folder: Path, title: str = "Small and trained") -> Run:
    """Return a copy of the trained Run in this folder, for a test to use and to damage."""
    copy = Run(Path(shutil.copytree(trained_run().folder, runs_folder / "20260101-000000-000000-small-0001")))
    (copy.folder / SPEC_FILE).write_text(copy.spec.replace(title=title).to_json())
    return Run(copy.folder)


def trained_run() -> Run:
    """Return the Run that comes with the product, really trained: about 92 % right."""
    return Run(FOLDER)
