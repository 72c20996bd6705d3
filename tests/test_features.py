"""Features of a frozen backbone: computed once, found again, and the same result as without."""

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from stopping import fit_until_stopped

from fmnist_core import callbacks, datasets, features, phases, training
from fmnist_core.batch_norm import measure_statistics, measured
from fmnist_core.batches import FeatureBatches
from fmnist_core.features import Features, FeatureStore, digests_of
from fmnist_core.preprocess import prepare
from fmnist_core.runs import Run
from fmnist_core.spec import DenseLayer, RunSpec
from fmnist_core.training_data import load_data
from fmnist_core.zoo.transfer import HEAD, TRUNK, build

SPEC = RunSpec(
    title="frozen", network="transfer", backbone="mobilenet", cut="3", weights="random", image_size_px=32,
    scaling="base", global_pooling="average", dense_layers=(DenseLayer(16, dropout=0.2),), train_limit=400,
    batch_size=32, epochs=2, learning_rate=3e-3,
)  # fmt: skip
IMAGES = np.random.default_rng(0).integers(0, 256, (60, 28, 28), np.uint8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache" / "features"
    monkeypatch.setattr(features, "_all_stores", lambda: (folder.mkdir(parents=True, exist_ok=True), folder)[1])
    return folder


@pytest.fixture(autouse=True)
def few_test_images(monkeypatch):
    """The real data with 300 test images: scoring 10,000 would be most of the time."""
    whole = datasets.load("fashion-mnist")
    few = dataclasses.replace(whole, x_test=whole.x_test[:300], y_test=whole.y_test[:300])
    monkeypatch.setattr(datasets, "load", lambda *_, **__: few)


@pytest.fixture(scope="module")
def trunk():
    keras.utils.set_random_seed(0)
    return build(SPEC, 10).get_layer(TRUNK)


def _ask(trunk, images, computed=None):
    def inputs(chunk):
        if computed is not None:
            computed.extend(chunk.tolist())
        return prepare(images[chunk], SPEC)

    return FeatureStore(trunk, SPEC).features(digests_of(images), inputs)


def test_features_are_what_the_trunk_makes_of_each_image(trunk):
    found = _ask(trunk, IMAGES)
    expected = trunk.predict(prepare(IMAGES, SPEC), verbose=0)
    assert np.allclose(found.take(np.arange(60)), expected, rtol=1e-4, atol=1e-5)


def test_an_image_is_computed_once_wherever_it_stands(trunk):
    computed = []
    _ask(trunk, IMAGES[:40], computed)
    assert computed == list(range(40))
    shuffled, again = IMAGES[::-1], []
    found = _ask(trunk, shuffled, again)
    assert sorted(again) == list(range(20))
    assert np.array_equal(found.take(np.array([59])), _ask(trunk, IMAGES).take(np.array([0])))


def test_an_image_that_stands_twice_is_computed_once(trunk):
    computed = []
    found = _ask(trunk, np.concatenate([IMAGES[:5], IMAGES[:5]]), computed)
    assert computed == [0, 1, 2, 3, 4]
    assert np.array_equal(found.take(np.arange(5)), found.take(np.arange(5, 10)))


def test_what_a_killed_process_left_half_written_is_cut_off(trunk):
    _ask(trunk, IMAGES[:10])
    store = FeatureStore(trunk, SPEC)
    with (store.folder / features.ROWS_FILE).open("ab") as rows:
        rows.write(b"\x01" * 777)
    with (store.folder / features.DIGESTS_FILE).open("ab") as names:
        names.write(b"\x02" * 5)
    computed = []
    found = _ask(trunk, IMAGES, computed)
    assert computed == list(range(10, 60))
    expected = trunk.predict(prepare(IMAGES, SPEC), verbose=0)
    assert np.allclose(found.take(np.arange(60)), expected, rtol=1e-4, atol=1e-5)


def test_other_weights_have_another_store(trunk):
    keras.utils.set_random_seed(1)
    other = build(SPEC, 10).get_layer(TRUNK)
    assert FeatureStore(other, SPEC).folder != FeatureStore(trunk, SPEC).folder


def test_the_store_that_was_not_used_for_longest_goes_first(trunk, own_cache, monkeypatch):
    _ask(trunk, IMAGES)
    new = FeatureStore(trunk, SPEC).folder
    for age, name in enumerate(("younger", "older"), start=1):
        (own_cache / name).mkdir()
        (own_cache / name / features.ROWS_FILE).write_bytes(b"0" * 30_000)
        (own_cache / name / features.ABOUT_FILE).write_text("{}")
        os.utime(own_cache / name / features.ABOUT_FILE, (1e9 - age, 1e9 - age))
    monkeypatch.setattr(features, "limit_bytes", lambda: features._size(new) + 40_000)
    features.evict(keep=new)
    assert {path.name for path in own_cache.iterdir() if path.is_dir()} == {new.name, "younger"}


class FakeTrunk:
    """Two features, and weights of its own: enough for a store."""

    def __init__(self, name):
        self.name, self.output = name, np.empty((1, 2))

    def get_weights(self):
        return [np.array([self.name], np.float32)]

    def predict_on_batch(self, pixels):
        return np.stack([pixels.sum(axis=(1, 2, 3)), np.full(len(pixels), self.name)], axis=1).astype(np.float32)


def test_a_store_that_would_outgrow_the_limit_begins_anew_and_readers_keep_what_they_have(own_cache, monkeypatch):
    monkeypatch.setattr(features, "limit_bytes", lambda: 70 * 2 * 4)
    trunk = FakeTrunk(1)
    first = _ask(trunk, IMAGES)
    values = first.take(np.arange(60)).copy()
    found = _ask(trunk, 255 - IMAGES)
    assert np.array_equal(first.take(np.arange(60)), values)
    assert np.array_equal(found.take(np.arange(60))[:, 0], prepare(255 - IMAGES, SPEC).sum(axis=(1, 2, 3)))
    (store,) = (path for path in own_cache.iterdir() if path.is_dir())
    assert (store / "rows.f32").stat().st_size == 60 * 2 * 4
    computed = []
    _ask(trunk, 255 - IMAGES, computed)
    assert computed == []


def test_runs_that_need_and_evict_stores_at_once_all_get_their_features(monkeypatch):
    monkeypatch.setattr(features, "limit_bytes", lambda: 61 * 2 * 4)  # room for one store
    turns = [FakeTrunk(turn % 3) for turn in range(60)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda trunk: _ask(trunk, IMAGES).take(np.arange(60)).copy(), turns))
    ink = prepare(IMAGES, SPEC).sum(axis=(1, 2, 3))
    for trunk, rows in zip(turns, found, strict=True):
        assert np.array_equal(rows[:, 0], ink)
        assert (rows[:, 1] == trunk.name).all()


def test_features_that_are_too_many_are_not_kept(monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_FEATURES_GB", "0.001")
    assert not features.fits(SPEC, width=1000, images=1000)
    assert features.fits(SPEC, width=10, images=1000)
    monkeypatch.setenv("FMNIST_LAB_FEATURES_GB", "much")
    assert features.limit_bytes() == 8_000_000_000


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """fitted(spec): the Run of a spec, trained once for all tests, and its model. Only SPEC's has a LiteRT file, for
    converting takes longer than training."""
    made = {}

    def of(spec):
        if spec.to_json() not in made:
            run = Run.create(spec, tmp_path_factory.mktemp("runs"))
            with pytest.MonkeyPatch.context() as patch:
                if spec != SPEC:
                    patch.setattr(keras.Model, "export", lambda _, path, **__: path.touch())
                training.fit(run)
            made[spec.to_json()] = run, keras.models.load_model(run.folder / "model.keras")
        return made[spec.to_json()]

    return of


def test_a_head_on_kept_features_learns_what_it_learns_behind_the_whole_network(fitted):
    kept, kept_model = fitted(SPEC)
    plain, plain_model = fitted(SPEC.replace(cache_features=False))
    columns = ["loss", "val_loss"]
    assert np.allclose(kept.history()[columns], plain.history()[columns], atol=2e-4)
    for ours, theirs in zip(
        kept_model.get_layer(HEAD).get_weights(), plain_model.get_layer(HEAD).get_weights(), strict=True
    ):
        assert np.allclose(ours, theirs, atol=1e-3)
    assert np.allclose(kept.test_probabilities(), plain.test_probabilities(), atol=2e-3)
    assert _changed_layers(SPEC, plain_model)[0] == []


def test_the_saved_model_of_a_head_on_features_takes_pixels(fitted):
    from fmnist_core import prediction

    run, model = fitted(SPEC)
    x = np.asarray(datasets.load("fashion-mnist").x_test[:64])
    assert np.allclose(model.predict(prepare(x, SPEC), verbose=0), run.test_probabilities()[:64], atol=1e-3)
    assert np.allclose(prediction.load(run).probabilities(x), run.test_probabilities()[:64], atol=1e-3)


def _changed_layers(spec, model):
    """The base's layers, by place, whose weights a Run has changed; their moving statistics count as weights."""
    keras.utils.set_random_seed(spec.seed)
    trunk = build(spec, 10).get_layer(TRUNK)
    measure_statistics(trunk, prepare(measured(load_data(spec).train[0]), spec))
    start = trunk.get_layer("mobilenet").layers
    pairs = zip(start, model.get_layer(TRUNK).get_layer("mobilenet").layers, strict=True)
    return [place for place, (old, new) in enumerate(pairs) if not _same(old, new)], start


def _same(old, new):
    return all(np.array_equal(a, b) for a, b in zip(old.get_weights(), new.get_weights(), strict=True))


@pytest.mark.parametrize(
    "changes", [{"fine_tune_epochs": 1, "fine_tune_layers": 4}, {"unfrozen_layers": 4, "epochs": 1}]
)
def test_of_the_base_only_the_last_layers_learn_and_batch_normalisation_never(changes, fitted):
    spec = SPEC.replace(**changes, train_limit=200, fine_tune_learning_rate=1e-3, best_checkpoint="none")
    run, model = fitted(spec)
    changed, start = _changed_layers(spec, model)
    kinds = [type(layer).__name__ for layer in start[-4:]]
    assert "BatchNormalization" in kinds
    assert changed == [len(start) - 4 + kinds.index("Conv2D")]
    assert run.history()["epoch"].tolist() == list(range(1, spec.total_epochs + 1))
    switch = [e.logs["fine_tuning_from"] for e in run.events() if e.logs.get("phase") == "training"]
    assert switch == ([None, 2] if spec.fine_tune_epochs else [None])


def test_a_run_that_is_stopped_in_fine_tuning_resumes_there_with_the_same_result(
    fitted, tmp_path, monkeypatch, no_litert
):
    spec = SPEC.replace(fine_tune_epochs=2, fine_tune_layers=4, fine_tune_learning_rate=1e-3)
    unbroken, _ = fitted(spec)
    run = Run.create(spec, tmp_path)
    fit_until_stopped(run, 3, monkeypatch)
    assert callbacks.read_checkpoint(run.folder).fine_tuning_from == 2
    training.fit(run)
    assert np.array_equal(run.test_probabilities(), unbroken.test_probabilities())


def test_augmented_copies_are_drawn_by_seed_and_copy_and_take_turns(fitted):
    spec = SPEC.replace(flip=True, shift_px=2, feature_copies=2)
    first, second = (phases._augmented_copy(IMAGES, spec, copy) for copy in (0, 1))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, phases._augmented_copy(IMAGES, spec, 0))
    assert spec.keeps_features
    assert not spec.replace(feature_copies=0).keeps_features
    copies = [Features(np.full((60, 3), number, np.float32), np.arange(60)) for number in (0, 1)]
    batches = FeatureBatches(copies, np.eye(10, dtype=np.float32)[np.zeros(60, int)], spec)
    seen = []
    for epoch in range(3):
        batches.start_epoch(epoch)
        seen.append({float(rows[0, 0]) for rows, _ in batches.dataset()})
    assert seen == [{0.0}, {1.0}, {0.0}]
    run, _ = fitted(spec)
    assert len(run.history()) == 2
