"""How long a Run will take: from past Runs, else from a probe."""

import json
import time

import pytest

from fmnist_core import estimates, paths
from fmnist_core.estimates import Prober, Workload, estimate
from fmnist_core.presets import PRESETS
from fmnist_core.progress import Progress
from fmnist_core.runs import Run

A, C = PRESETS["A-lenet5"], PRESETS["C-lenet5"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))


def past_run(spec, durations_s, images=48_000) -> Progress:
    run = Run.create(spec)
    run.write_event("started")
    run.write_event("phase", epoch=0, phase="training", train_images=images)
    for number, seconds in enumerate(durations_s, start=1):
        run.write_event("epoch", epoch=number, duration_s=seconds)
    return Progress(run)


def test_a_machine_that_never_trained_has_no_estimate():
    assert estimate(A, 48_000, []) is None


def test_the_same_network_takes_what_it_took_without_the_first_epoch():
    known = estimate(A.replace(epochs=4), 24_000, [past_run(A, [30.0, 10.0, 10.0])])
    assert known.is_exact
    assert known.epoch_s == pytest.approx(5.0)
    assert known.total_s == pytest.approx(20.0 + estimates.STARTING_S)


def test_another_network_is_scaled_by_multiply_adds_and_marked_rough():
    known = estimate(A, 48_000, [past_run(C.replace(batch_size=64), [2.0, 2.0])])
    ratio = Workload.of(A).multiply_adds / Workload.of(C).multiply_adds
    assert not known.is_exact
    assert known.epoch_s == pytest.approx(2.0 * ratio)


def test_augmentation_and_batch_size_make_another_workload():
    assert len({Workload.of(spec) for spec in (A, A.replace(flip=True), A.replace(batch_size=128))}) == 3
    assert Workload.of(A) == Workload.of(A.replace(epochs=1, learning_rate=0.1))


def test_a_probe_measures_and_is_remembered():
    prober, small = Prober(), PRESETS["first-steps"]
    prober.start(small)
    while prober.is_busy:
        time.sleep(0.1)
    assert not prober.has_failed(Workload.of(small))
    known = estimate(small, 48_000, [])
    assert known.is_exact
    assert 0 < known.epoch_s < 600


def test_a_probe_is_left_alone_by_another_users_and_a_failed_one_says_so(monkeypatch):
    monkeypatch.setattr(estimates, "PROBE_COMMAND", ("sh", "-c", "sleep 0.5; false"))
    prober = Prober()
    prober.start(A)
    first = prober._process
    prober.start(C)
    assert prober._process is first
    while prober.is_busy:
        time.sleep(0.01)
    assert prober.has_failed(Workload.of(A))
    assert not prober.has_failed(Workload.of(C))


def test_a_past_run_of_an_unknown_network_is_passed_over():
    assert estimate(A, 48_000, [past_run(A.replace(network="of-tomorrow"), [2.0])]) is None


FROZEN = PRESETS["mobilenet-cut"]


def test_a_frozen_backbone_is_passed_once_and_an_epoch_costs_the_head_alone():
    known = estimate(FROZEN, 48_000, [past_run(A, [10.0, 10.0])])
    per_multiply_add = 10.0 / 48_000 / Workload.of(A).multiply_adds
    images = 48_000 / (1 - FROZEN.validation_fraction) + estimates.TEST_IMAGES
    once_s = Workload.of(FROZEN).frozen_multiply_adds * per_multiply_add / 3 * images
    assert not known.is_exact
    assert known.total_s == pytest.approx(estimates.STARTING_S + once_s + known.epoch_s * FROZEN.epochs)
    assert known.once_s == pytest.approx(once_s)
    assert known.epoch_s < 0.25 * 10


def test_features_on_disk_save_the_pass_but_not_where_each_seed_draws_copies_of_its_own():
    past = [past_run(A, [10.0, 10.0])]
    before = estimate(FROZEN, 48_000, past)
    store = paths.cache() / "features" / "mobilenet-0123"
    store.mkdir(parents=True)
    names = ("backbone", "cut", "image_size_px", "resizing", "scaling", "global_pooling")
    (store / "about.json").write_text(json.dumps({name: getattr(FROZEN, name) for name in names}))
    known = estimate(FROZEN, 48_000, past)
    assert known.total_s == pytest.approx(estimates.STARTING_S + known.epoch_s * FROZEN.epochs)
    assert known.total_s < before.total_s
    assert not known.is_exact and "on disk" in known.basis
    for other in (FROZEN.replace(cut="5"), FROZEN.replace(flip=True, feature_copies=2)):
        longer = estimate(other, 48_000, past)
        assert longer.total_s > estimates.STARTING_S + 1.01 * longer.epoch_s * other.epochs


def test_fine_tuning_adds_epochs_of_the_whole_network():
    past = [past_run(A, [10.0, 10.0])]
    longer = FROZEN.replace(fine_tune_epochs=2)
    assert estimate(longer, 48_000, past).total_s > 2 * estimate(FROZEN, 48_000, past).total_s


def test_a_probe_of_a_frozen_backbone_measures_its_one_pass(monkeypatch):
    from fmnist_core import pace

    spec, measure = FROZEN.replace(cut="2", image_size_px=32), pace.measure_pace
    monkeypatch.setattr(pace, "measure_pace", lambda spec, seconds: measure(spec, 0.1))
    estimates._probe(spec)  # in this process, for a moment
    assert estimates.read_pass(Workload.of(spec)) > 0
    assert estimate(spec, 48_000, []).is_exact
