"""Where each second of a Run goes, from its events: python -m benchmarks.phase_times RUN

RUN is the id of a finished Run, or its folder. Seconds of the last attempt: start (data, network, features of a frozen
backbone), tracing (what the first epoch of each phase takes longer than the median of the others, or nothing where it
is the only one), training, validation, between epochs (checkpoint, curves), scoring, saving.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from statistics import median

from fmnist_core.events import Event
from fmnist_core.runs import Run, find_run


def main() -> None:
    """Print the table of a Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    name = parser.parse_args().run
    run = Run(Path(name)) if Path(name).is_dir() else find_run(name)
    if not (taken := phase_seconds(run.events())):
        sys.exit(f"Expected a Run with a finished epoch. Received {run.id}.")
    total = sum(taken.values())
    print(f"{run.spec.title}, {run.spec.epochs} epochs: {total:.1f} s")
    for phase, seconds in taken.items():
        print(f"  {phase:15s} {seconds:8.1f} s  {seconds / total:4.0%}")


def phase_seconds(events: list[Event]) -> dict[str, float]:
    """Return the seconds of each phase of the last attempt, in its order; empty without a finished epoch."""
    began = max((at for at, event in enumerate(events) if event.kind == "started"), default=0)
    events = events[began:]
    epochs = [event for event in events if event.kind == "epoch"]
    if not epochs:
        return {}
    starts = [event for event in events if event.logs.get("phase") == "training"]
    taken = Counter({"start": starts[0].time_s - events[0].time_s, "tracing": 0.0, "training": 0.0, "validation": 0.0})
    for first, after in zip(starts, [*starts[1:], None], strict=True):
        of_phase = [e for e in epochs if first.time_s <= e.time_s and (after is None or e.time_s <= after.time_s)]
        for name, seconds in zip(("training", "validation"), _parts(of_phase, events), strict=True):
            tracing = max(0.0, seconds[0] - median(seconds[1:])) if len(seconds) > 1 else 0.0
            taken["tracing"] += tracing
            taken[name] += sum(seconds) - tracing
    taken["between epochs"] = epochs[-1].time_s - starts[0].time_s - sum(e.logs["duration_s"] for e in epochs)
    at = {event.logs.get("phase"): event.time_s for event in events if event.kind == "phase"}
    scoring, saving, end = at.get("scoring the test set"), at.get("saving the model"), events[-1].time_s
    if scoring:
        taken["scoring"] = (saving or end) - epochs[-1].time_s
    if saving:
        taken["saving"] = end - saving
    return dict(taken)


def _parts(epochs: list[Event], events: list[Event]) -> tuple[list[float], list[float]]:
    """Return the seconds of training and of validation of each epoch: its last batch parts them."""
    last_batch = {event.step: event.time_s for event in events if event.kind == "batch"}
    begun = [(event, event.time_s - event.logs["duration_s"]) for event in epochs]
    training = [last_batch[event.step] - start for event, start in begun]
    return training, [event.time_s - last_batch[event.step] for event in epochs]


if __name__ == "__main__":
    main()
