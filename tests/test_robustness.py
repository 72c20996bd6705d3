"""A Run on broken test images: counted as by hand, kept, with the attack and without; the view on the Result page."""

import numpy as np
import pytest
from app_page import open_app
from explained_run import copied, explained_run
from test_page_result import write_idx

from fmnist_core import datasets, paths, prediction, robustness, tasks
from fmnist_core.corruptions import BY_KEY, CORRUPTIONS, apply
from fmnist_core.errors import ModelError
from fmnist_core.figures.robustness import robustness_figure, robustness_text
from fmnist_core.robustness import Robustness, known, parameters, remember
from fmnist_core.runs import KERAS_FILE


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The user's own data, and a Run on them."""
    place = tmp_path_factory.mktemp("own")
    write_idx(place, seed=0)
    return place, explained_run(place, runs_folder=tmp_path_factory.mktemp("runs"))


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)


@pytest.fixture
def run(original):
    return copied(original[1])


@pytest.fixture
def dataset(original):
    return datasets.load("own", original[0])


def computed(run, dataset):
    said = []
    remember(dataset, lambda sentence, fraction: said.append((sentence, fraction)), **parameters(run, dataset))
    return known(run, dataset), said


def test_every_corruption_is_counted_and_kept(run, dataset):
    assert known(run, dataset) is None
    found, said = computed(run, dataset)
    predictor = prediction.load(run)
    images, labels = np.asarray(dataset.x_test), np.asarray(dataset.y_test)
    clean = predictor.probabilities(images).argmax(axis=1)
    assert found.clean_accuracy == pytest.approx((clean == labels).mean())
    assert found.keys == tuple(c.key for c in CORRUPTIONS) and found.right.shape == (8, 5, 10)
    for at, strength in ((0, 4), (3, 1), (5, 2)):
        corruption = CORRUPTIONS[at]
        now = predictor.probabilities(apply(corruption, images, corruption.levels[strength])).argmax(axis=1)
        assert found.accuracy[at, strength] == pytest.approx((now == labels).mean())
        assert found.kept[at, strength] == (now == clean).sum()
    fractions = [fraction for _, fraction in said]
    assert fractions == sorted(fractions) and fractions[-1] < 1


def test_the_attack_hurts_more_than_the_same_change_at_random(run, dataset):
    found, _ = computed(run, dataset)
    predictor, images = prediction.load(run), np.asarray(dataset.x_test)
    labels = np.asarray(dataset.y_test).astype(int)
    slope = robustness._slopes(run, images, labels, lambda *_: None)
    random = np.random.default_rng(0).permuted(slope.reshape(len(slope), -1), axis=1).reshape(slope.shape)
    rows = np.arange(len(labels))

    def likelihood(way):
        return predictor.probabilities(apply(BY_KEY["fgsm"], images, 8, way))[rows, labels].mean()

    assert likelihood(slope) < predictor.probabilities(images)[rows, labels].mean()
    assert likelihood(slope) < likelihood(random)
    assert found.accuracy[-1, 4] <= found.clean_accuracy


def test_without_a_keras_model_the_attack_is_left_out_and_the_rest_is_there(run, dataset):
    (run.folder / KERAS_FILE).unlink()
    found, _ = computed(run, dataset)
    assert found.keys == tuple(c.key for c in CORRUPTIONS if c.key != "fgsm") and len(found.right) == 7


def test_a_model_trained_anew_meanwhile_is_not_mistaken_for_the_old_one(run, dataset):
    asked = parameters(run, dataset)
    with pytest.raises(ModelError, match="Expected the model that the page showed"):
        remember(dataset, lambda *_: None, **{**asked, "model": "0" * 16})


def test_a_heavy_network_is_scored_on_a_sample(run, dataset, monkeypatch):
    monkeypatch.setattr(robustness, "work_per_image", lambda run: 10**12)
    monkeypatch.setattr(robustness, "LEAST_IMAGES", 30)
    assert robustness.images_of(run, dataset) == 30
    assert robustness.about_s(run, dataset) > 600
    found, _ = computed(run, dataset)
    assert found.images == 30 and found.support.tolist() == [3] * 10


def example():
    right = np.full((8, 5, 10), 8)
    right[2, :, 4] = [6, 4, 2, 1, 0]  # rotation, and one class pays for it
    right[2, :, 5:] = 4
    return Robustness(
        tuple(c.key for c in CORRUPTIONS), np.full(10, 10), np.full(10, 9), right, np.full((8, 5), 90)
    )  # fmt: skip


def test_the_sentence_names_what_hurts_most_and_who_pays():
    names = tuple(f"class {n}" for n in range(10))
    words = robustness_text(example(), names)
    assert "90.0% of 100 test images" in words and "Rotation hurts most" in words
    assert "Of class 4, 90% are right as they are and 20% with rotation at 24°" in words


def test_the_figure_puts_the_worst_at_the_bottom_and_marks_the_accuracy_as_it_is():
    figure = robustness_figure(example())
    assert figure.data[0].name == "Rotation" and len(figure.data) == 8 and len(figure.data[0].x) == 5
    assert figure.layout.shapes[0].x0 == pytest.approx(0.9)
    table = example().table()
    assert len(table) == 40 and (table["low"] <= table["accuracy"]).all() and (table["accuracy"] <= table["high"]).all()


def opened(run):
    return open_app("pages/understand/result.py", run=run.id, closer="Broken images")


def test_the_result_page_offers_the_work_and_then_shows_it(run, dataset, monkeypatch):
    noted = []
    monkeypatch.setattr(tasks.Task, "_spawn", lambda self: noted.append((self.name, self.parameters)))
    app = opened(run)
    assert any("test images, broken in up to eight ways" in text.value for text in app.markdown)
    next(button for button in app.button if button.label == "Start").click().run()
    assert noted == [("robustness", parameters(run, dataset))]
    computed(run, dataset)
    app = opened(run)
    assert any("hurts most" in text.value for text in app.markdown)
    assert any(list(frame.value.columns)[:3] == ["corruption", "strength", "amount"] for frame in app.dataframe)
