"""Our own recipes on the real data, several seeds each, the test set scored once per Run at its end.

    python -m benchmarks.recipes quick lenet5-modern [--seeds 3] [--limit 5000]

Trains each preset as the app does, in a process of its own, and prints test accuracy (mean, standard deviation over
seeds), seconds from the first step to the last epoch, processor seconds per core, and parameters. Keeps each Run, with
the seconds of its phases (benchmarks.phase_times), in benchmarks/results/recipes.json, from which docs/recipes.md takes
its figures; those of a preset that was changed since stay, so that the file tells how often recipes were scored on the
test set. `--limit` is a smoke test and not recorded.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import mean, stdev

from benchmarks.phase_times import phase_seconds
from fmnist_core.spec import RunSpec

RESULTS = Path(__file__).parent / "results" / "recipes.json"


def main() -> None:
    """Train every asked preset with every seed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="+")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=0)
    options = parser.parse_args()
    for preset in options.presets:
        rows = []
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            rows.append(_in_process(preset, seed, options.limit))
            print(f"{preset} seed {seed}: " + _words(rows[-1]), flush=True)
            if not options.limit:
                _record(rows[-1])
        accuracies = [row["test_accuracy"] for row in rows]
        spread = f" ± {stdev(accuracies):.4f}" if len(rows) > 1 else ""
        print(
            f"{preset}: test accuracy {mean(accuracies):.4f}{spread} over {len(rows)} seeds, "
            f"{mean(row['training_s'] for row in rows):.0f} s"
        )


def _in_process(preset: str, seed: int, limit: int) -> dict:
    command = [sys.executable, "-c", f"from benchmarks.recipes import train; train({preset!r}, {seed}, {limit})"]
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def train(preset: str, seed: int, limit: int) -> None:
    """Train one Run in this process and print its figures as JSON."""
    import keras
    import tensorflow as tf

    from fmnist_core import training
    from fmnist_core.presets import PRESETS
    from fmnist_core.runs import Run

    spec = PRESETS[preset].replace(seed=seed, train_limit=limit)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(spec, Path(folder))
        cpu_s = time.process_time()
        result = training.fit(run)
        cpu_s = time.process_time() - cpu_s
        run.write_event("completed")
        history, events = run.history(), run.events()
    begin = next(event.time_s for event in events if event.logs.get("phase") == "training")
    end = max(event.time_s for event in events if event.kind == "epoch")
    row = {
        "preset": preset, "recipe": fingerprint(spec), "seed": seed,
        "test_accuracy": result["test_accuracy"], "test_loss": result["test_loss"],
        "val_accuracy": float(history["val_accuracy"].iloc[-1]), "parameters": result["parameters"],
        "training_s": round(end - begin, 1), "cpu_s_per_core": round(cpu_s / (os.cpu_count() or 1), 1),
        "phases_s": {phase: round(seconds, 1) for phase, seconds in phase_seconds(events).items()},
        "epochs": len(history), "date": f"{date.today():%Y-%m-%d}", "cores": os.cpu_count(),
        "processor": processor(), "tensorflow": tf.__version__, "keras": keras.__version__,
    }  # fmt: skip
    print(json.dumps(row))


def fingerprint(spec: RunSpec) -> str:
    """Return 12 hexadecimal digits of all that is not a default, but the seed: a changed recipe has others."""
    usual = RunSpec().to_dict()
    own = spec.replace(seed=usual["seed"], title=usual["title"], train_limit=usual["train_limit"]).to_dict()
    told = {name: value for name, value in own.items() if value != usual[name]}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def _words(row: dict) -> str:
    return (
        f"test {row['test_accuracy']:.4f}, validation {row['val_accuracy']:.4f}, {row['training_s']:.0f} s "
        f"({row['cpu_s_per_core']:.0f} s of processor per core), {row['parameters']:,} parameters"
    )


def _record(row: dict) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    rows = [old for old in rows if any(old.get(key) != row[key] for key in ("preset", "recipe", "seed"))]
    RESULTS.write_text(json.dumps([*rows, row], indent=1) + "\n")


def processor() -> str:
    """Return the name of this machine's processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
