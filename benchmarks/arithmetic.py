"""How close training comes to this processor's peak: python -m benchmarks.arithmetic [PRESET]

Measures the largest float32 matrix multiplication rate, then a training step of a preset's network with and without
oneDNN, with Keras' and with the fused batch normalisation, each in a process of its own, in turns, on batches of the
preset's size; says where the time of a step goes. A rate counts a multiply-add as two operations and a training step as
three forward passes. Where the seconds of a whole Run go: benchmarks.phase_times.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from statistics import median

VARIANTS = {
    "as TensorFlow comes": {"oneDNN": "0", "fused": "0"},
    "oneDNN": {"oneDNN": "1", "fused": "0"},
    "oneDNN, fused batch norm": {"oneDNN": "1", "fused": "1"},
}
BATCHES = 12


def main() -> None:
    """Run every variant in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("preset", nargs="?", default="quick")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(_measure(options.preset, fused=options.measure == "1")))
        return
    found: dict[str, list[dict]] = {name: [] for name in VARIANTS}
    for _ in range(options.rounds):
        for name, variant in VARIANTS.items():
            found[name].append(_in_process(options.preset, variant))
    first = VARIANTS.keys().__iter__().__next__()
    base = min(row["image_ms"] for row in found[first])
    peak = max(row["peak"] for rows in found.values() for row in rows)
    print(f"matrix multiplication, float32: {peak:.0f} billion operations a second at best")
    for name, rows in found.items():
        best = min(rows, key=lambda row: row["image_ms"])
        rate = best["operations"] / best["image_ms"] / 1e6
        print(
            f"{name:26s} best {best['image_ms']:6.3f} ms an image (median {median(r['image_ms'] for r in rows):.3f}), "
            f"{rate:5.1f} billion operations a second, {rate / peak:4.0%} of the peak, {base / best['image_ms']:.2f} "
            "times as fast as TensorFlow comes"
        )
        print("   " + ", ".join(f"{kind} {share:.0%}" for kind, share in best["shares"].items()))


def _in_process(preset: str, variant: dict[str, str]) -> dict:
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": variant["oneDNN"], "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "benchmarks.arithmetic", preset, "--measure", variant["fused"]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def _measure(preset: str, *, fused: bool) -> dict:
    import keras
    import numpy as np

    from fmnist_core import zoo
    from fmnist_core.batch_norm import with_fused_layers
    from fmnist_core.batches import TrainingBatches
    from fmnist_core.phases import compile_model
    from fmnist_core.presets import PRESETS

    spec = PRESETS[preset]
    images = np.random.default_rng(0).integers(0, 256, (spec.batch_size * BATCHES, 28, 28), np.uint8)
    batches = TrainingBatches(images, np.eye(10, dtype=np.float32)[np.arange(len(images)) % 10], spec)
    model = zoo.build(spec)
    model = with_fused_layers(model) if fused else model
    compile_model(model, spec, spec.learning_rate, 100, batches.steps_per_epoch, zoo.multiply_adds(spec))
    data = batches.dataset()
    model.fit(data, verbose=0, shuffle=False)  # traces the graph
    times = []
    for _ in range(5):
        began = time.perf_counter()
        model.fit(data, verbose=0, shuffle=False)
        times.append((time.perf_counter() - began) / len(images) * 1e3)
    keras.backend.clear_session()
    return {
        "image_ms": min(times), "operations": 6.0 * zoo.multiply_adds(spec), "peak": _peak(),
        "shares": _shares(model, data),
    }  # fmt: skip


def _peak() -> float:
    import tensorflow as tf

    multiply = tf.function(lambda a, b: tf.matmul(a, b))
    a, b = tf.random.normal((2048, 2048)), tf.random.normal((2048, 2048))
    multiply(a, b)
    best = min(_seconds(lambda: multiply(a, b).numpy()) for _ in range(8))
    return 2 * 2048**3 / best / 1e9


def _seconds(work) -> float:  # noqa: ANN001
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _shares(model, data) -> dict[str, float]:  # noqa: ANN001
    """Return the share of kernel time by kind of operation, from TensorFlow's own profiler."""
    import tempfile
    from collections import Counter
    from pathlib import Path

    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        model.fit(data, verbose=0, shuffle=False)
        tf.profiler.experimental.stop()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    taken: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                # What reads the data runs beside the kernels and mostly waits; its names have a double colon.
                if ":" in name and "::" not in name and (kind := _kind(name.rsplit(":", 1)[1])):
                    taken[kind] += event.duration_ps
    total = sum(taken.values()) or 1
    return {kind: duration / total for kind, duration in taken.most_common()}


def _kind(operation: str) -> str:
    operation = operation.strip().removeprefix("_MklNative").removeprefix("_Mkl")
    if operation.startswith(("Process", "Run", "Iterator", "__inference", " ")) or "inference" in operation:
        return ""
    if operation.startswith("Conv2D") or operation.startswith("_FusedConv2D"):
        return "convolutions"
    if "BatchNorm" in operation or operation in ("Mul", "SquaredDifference", "Mean", "BroadcastTo", "Sum", "Sub"):
        return "batch norm and sums"
    if "Pool" in operation:
        return "pooling"
    if "Relu" in operation:
        return "ReLU"
    return "other"


if __name__ == "__main__":
    main()
