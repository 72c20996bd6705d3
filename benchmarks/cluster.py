"""What binds when Runs execute on a cluster: handing over, looking after, reading events, beats, and bytes.

    python -m benchmarks.cluster [--counts 10 100 1000] [--storage FOLDER]

Starts a scheduler and one worker on this machine, whose only place is taken, so that nothing trains meanwhile. With
--storage the run folders lie there: on the shared storage of a cluster, say, whose answers count. One Run of a few
images is trained at last, for its size.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from fmnist_core import datasets, jobs, paths, zoo
from fmnist_core.backbones import blocks
from fmnist_core.cluster import handover, heartbeat
from fmnist_core.cluster.executor import executor_of, look_after
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.progress import Watcher
from fmnist_core.runs import Run, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import RunSpec

EPOCHS, BATCHES, ROUNDS, PATIENCE_S = 30, 16, 5, 120


def main() -> None:
    """Print a table for each number of Runs, then what one Run takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--storage", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.storage) as storage, _busy_cluster() as address:
        for count in chosen.counts:
            folder = Path(storage) / f"{count}-runs"
            folder.mkdir()
            print(f"\n{count} Runs")
            _measure_events(folder, count)
            _measure_hand_over(folder / "handed", count, address)
        _measure_workers(address)
        _measure_beats(Path(storage))
        _measure_sizes(Path(storage) / "trained")


def _measure_hand_over(folder: Path, count: int, address: str) -> None:
    """Time how long the queue takes to give all Runs to the scheduler, and then to look after them."""
    folder.mkdir()
    runs = [Run.create(RunSpec(), folder) for _ in range(count)]
    for run in runs:
        run.write_event("queued")
    Settings(scheduler=address).write(folder)
    if executor_of(folder, PATIENCE_S) is None or not executor_of(folder).is_ready:
        sys.exit(f"Expected a cluster to be ready. Received: {executor_of(folder).problem}")
    began_s, longest_s = time.perf_counter(), 0.0
    while not all(handover.is_handed_over(run.folder) for run in runs):
        step_s = time.perf_counter()
        jobs.reconcile(folder)
        longest_s = max(longest_s, time.perf_counter() - step_s)
    took_s = time.perf_counter() - began_s
    print(
        f"  hand over: {took_s:.2f} s, {1000 * took_s / count:.1f} ms a Run; queue locked for at most {longest_s:.2f} s"
    )
    time.sleep(5)  # until the link has asked for their states
    cluster, ids = executor_of(folder), [run.id for run in runs]
    print(f"  look after them: {1000 * _median_s(lambda: look_after(folder, ids, cluster)):.0f} ms")
    for run in runs:
        jobs.request_stop(run)


def _measure_events(folder: Path, count: int) -> None:
    """Time reading the events of so many Runs: all that is there, and then a tick in which each has two new ones."""
    runs = [_running(folder) for _ in range(count)]
    size = (runs[0].folder / "events.jsonl").stat().st_size
    watcher, began_s = Watcher(), time.perf_counter()
    for run in runs:
        watcher.progress(run)
    took_s = time.perf_counter() - began_s
    lines = count * (EPOCHS * (BATCHES + 1) + 2)
    print(f"  read all events: {took_s:.2f} s, {lines / took_s:,.0f} events/s ({size / 1000:.0f} kB a Run)")

    def tick() -> None:
        for run in runs:
            run.write_event("batch", epoch=EPOCHS + 0.5, step=1, loss=0.3, accuracy=0.9)
        nonlocal spent_s
        began_s = time.perf_counter()
        for run in list_runs(folder):
            watcher.progress(run)
        spent_s.append(time.perf_counter() - began_s)

    spent_s: list[float] = []
    for _ in range(ROUNDS):
        tick()
    print(f"  a tick with news of every Run: {1000 * median(spent_s):.0f} ms")


def _running(folder: Path) -> Run:
    run = Run.create(RunSpec(epochs=EPOCHS), folder)
    run.write_event("started")
    lines = []
    for number in range(EPOCHS * BATCHES):
        done = (number + 1) / BATCHES
        lines.append(_line("batch", done, number))
        if done.is_integer():
            lines.append(_line("epoch", done, number))
    with (run.folder / "events.jsonl").open("a") as file:
        file.writelines(lines)
    Claim.of().write(run.folder)
    return run


def _line(kind: str, epoch: float, step: int) -> str:
    return (
        f'{{"kind":"{kind}","time_s":{time.time()},"epoch":{epoch},"step":{step},"logs":{{"loss":0.412345,'
        '"accuracy":0.912345,"val_loss":0.412345,"learning_rate":0.001,"images_per_s":6000.0,"memory_mb":900.0}}\n'
    )


def _measure_workers(address: str) -> None:
    """Print how much the scheduler tells the app of each worker, and what a worker's machine loads first."""
    from distributed import Client
    from distributed.protocol import dumps

    with Client(address, set_as_default=False, timeout=PATIENCE_S) as client:
        about = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
    print(f"\nof a worker the scheduler tells {sum(map(len, dumps(about))) / len(about) / 1000:.1f} kB")
    folder = Path(find_spec("tensorflow").origin).parent
    print(f"TensorFlow's files: {_size(folder.rglob('*')) / 1e9:.1f} GB")


def _measure_beats(storage: Path) -> None:
    """Time what a watcher does to the storage every two seconds."""
    run = Run.create(RunSpec(), storage)
    Claim.of().write(run.folder)
    handover.Handover("key", "tcp://host:1", "", time.time()).write(run.folder)

    def beat() -> None:
        Claim.read(run.folder)
        handover.Handover.read(run.folder)
        heartbeat.beat(run.folder)

    cost_s = _median_s(beat, 200)
    print(
        f"\na beat (two small files read, one touched): {1e6 * cost_s:.0f} µs, one every {heartbeat.PERIOD_S:g} s a Run"
    )


def _measure_sizes(folder: Path) -> None:
    """Print how many bytes a worker reads for the data, and what a Run leaves on the storage."""
    dataset = datasets.load("fashion-mnist")
    data = sum(part.nbytes for part in (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test))
    print(f"data that a Run reads: {data / 1e6:.0f} MB")
    folder.mkdir()
    run = jobs.submit(PRESETS["C-lenet5"].replace(epochs=2, train_limit=2000), runs_folder=folder)
    state = run.wait(600)
    checkpoint = _size(run.folder.glob("checkpoint-*"))
    times = checkpoint / (4 * sum(layer.parameters for layer in zoo.describe(run.spec)))
    print(f"a Run of LeNet-5 ({state}): {_size(run.folder.rglob('*')) / 1e6:.1f} MB in its folder")
    print(f"its checkpoint, written each epoch: {checkpoint / 1e6:.2f} MB, {times:.1f} times its weights")
    large = 4 * sum(block.parameters for block in blocks("resnet50", 224))
    print(f"reckoned from that, ResNet50 trained whole: {times * large / 1e9:.2f} GB each epoch")


def _size(files: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in files if path.is_file())


def _median_s(act: object, rounds: int = ROUNDS) -> float:
    spent_s = []
    for _ in range(rounds):
        began_s = time.perf_counter()
        act()
        spent_s.append(time.perf_counter() - began_s)
    return median(spent_s)


@contextmanager
def _busy_cluster() -> Iterator[str]:
    """Run a scheduler and a worker for the time of the block, and keep the worker's only place taken."""
    from distributed import Client

    folder = Path(tempfile.mkdtemp())
    environment = os.environ | {"PYTHONPATH": str(paths.PROJECT)}
    file = folder / "scheduler.json"
    commands = (
        ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)),
        ("worker", "--scheduler-file", str(file), "--nthreads", "1", "--resources", "RUN=1", "--no-dashboard",
         "--no-nanny", "--local-directory", str(folder)),
    )  # fmt: skip
    processes = []
    try:
        for command in commands:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "dask", *command], cwd=paths.PROJECT, env=environment,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip
            deadline = time.monotonic() + PATIENCE_S
            while not file.exists() and time.monotonic() < deadline:
                time.sleep(0.1)
        with Client(scheduler_file=str(file), set_as_default=False, timeout=PATIENCE_S) as client:
            client.wait_for_workers(1, timeout=PATIENCE_S)
            place = client.submit(time.sleep, 1e6, resources={"RUN": 1})
            yield client.scheduler.address
            del place
    finally:
        for process in processes:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
