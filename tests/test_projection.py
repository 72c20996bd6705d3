"""Principal components against scikit-learn; samples; t-SNE and UMAP on a tiny sample."""

import io
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from test_neighbours import part

from fmnist_core import datasets, paths
from fmnist_core.datasets import debian
from fmnist_core.errors import DataError
from fmnist_core.figures.projection import axis_png, components_needed, variance_figure, variance_text
from fmnist_core.pca import pca, pca_of
from fmnist_core.projection import MapSpec, computed_map, is_ready, pca_map, stratified
from fmnist_core.selection import Selection

DATASET = part(3000, 300, "projection")
needs_real = pytest.mark.skipif(not debian.INSTALLED_FOLDER.is_dir(), reason="the Debian package is not installed")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def sklearns():
    return PCA(svd_solver="full").fit(DATASET.x_train.reshape(-1, 784).astype(np.float64) / 255)


def test_components_are_scikit_learns(sklearns):
    ours = pca_of(DATASET.x_train)
    assert np.allclose(ours.mean, sklearns.mean_, atol=1e-6)
    assert np.allclose(ours.variance, sklearns.explained_variance_, rtol=1e-3, atol=1e-5)
    assert np.allclose(ours.explained, sklearns.explained_variance_ratio_, atol=1e-6)
    cosines = np.abs((ours.axes[:30] * sklearns.components_[:30]).sum(axis=1))
    assert (cosines > 0.999).all()
    assert (ours.axes[np.arange(784), np.abs(ours.axes).argmax(axis=1)] > 0).all()


def test_coordinates_and_reconstruction_are_scikit_learns(sklearns):
    ours = pca_of(DATASET.x_train)
    flat = DATASET.x_test[:50].reshape(50, -1) / 255
    expected = sklearns.transform(flat)[:, :20]
    assert np.allclose(np.abs(ours.coordinates(DATASET.x_test[:50], 20)), np.abs(expected), atol=2e-3)
    rebuilt = sklearns.mean_ + expected[0] @ sklearns.components_[:20]
    assert np.allclose(ours.reconstruct(DATASET.x_test[0], 20).ravel(), rebuilt, atol=2e-3)
    assert np.allclose(ours.reconstruct(DATASET.x_test[0], 784) * 255, DATASET.x_test[0], atol=0.1)
    assert np.allclose(ours.reconstruct(DATASET.x_test[0], 0).ravel(), sklearns.mean_, atol=1e-6)


def test_components_of_a_selection_are_those_of_its_images():
    selection = Selection("both", (0, 3))
    ours, theirs = pca(DATASET, selection), pca_of(selection.take(DATASET).images)
    assert ours.count == theirs.count
    assert np.allclose(ours.mean, theirs.mean, atol=1e-6)
    assert np.allclose(ours.variance, theirs.variance, rtol=1e-3, atol=1e-5)
    assert np.allclose(ours.axes[:20], theirs.axes[:20], atol=1e-3)


def test_components_under_a_condition_are_about_those_of_its_images():
    selection = Selection("both", (0, 3), 14 * 28 + 14, 1, 255)
    ours, theirs = pca(DATASET, selection), pca_of(selection.take(DATASET).images)
    assert ours.count == theirs.count
    assert np.allclose(ours.mean, theirs.mean, atol=1e-6)
    assert np.allclose(ours.axes @ ours.axes.T, np.eye(784), atol=1e-4)
    assert ours.variance.sum() == pytest.approx(theirs.variance.sum(), rel=1e-5)
    assert np.allclose(ours.explained[:20], theirs.explained[:20], rtol=0.01)
    assert (np.abs((ours.axes[:5] * theirs.axes[:5]).sum(axis=1)) > 0.999).all()


def test_components_are_remembered_per_selection():
    whole, boots = pca(DATASET, Selection("train")), pca(DATASET, Selection("train", labels=(9,)))
    assert (whole.count, boots.count) == (3000, int((DATASET.y_train == 9).sum()))
    assert np.array_equal(pca(DATASET, Selection("train")).axes, whole.axes)
    assert not np.allclose(whole.mean, boots.mean)


def test_one_image_has_no_components_and_equal_images_have_no_variance():
    with pytest.raises(DataError, match="at least 2 images"):
        pca_of(DATASET.x_train[:1])
    equal = pca_of(np.repeat(DATASET.x_train[:1], 5000, axis=0))
    assert not equal.variance.any() and not equal.explained.any()
    assert "no variance" in variance_text(equal.explained)


def test_variance_is_drawn_and_said():
    explained = pca_of(DATASET.x_train).explained
    assert explained.sum() == pytest.approx(1)
    assert components_needed(explained, 0.9) == int((np.cumsum(explained) < 0.9).sum()) + 1
    assert components_needed(explained, 1.0) <= 784
    assert f"{components_needed(explained, 0.9)} hold 90%" in variance_text(explained)
    bars, line = variance_figure(explained).data
    assert line.y[1] == pytest.approx(bars.y[0] + bars.y[1])


def test_a_component_is_drawn_red_where_it_adds_and_blue_where_it_takes():
    axis = np.zeros(784)
    axis[30], axis[90] = 0.5, -0.5  # row 1, column 2 and row 3, column 6
    picture = np.array(Image.open(io.BytesIO(axis_png(axis)))).astype(int)
    assert picture.shape[:2] == (28, 28)
    red, blue, nothing = picture[1, 2], picture[3, 6], picture[15, 15]
    assert red[0] > red[2] + 50 and blue[2] > blue[0] + 50
    assert nothing[:3].min() > 230


def test_under_a_condition_many_images_are_sampled_and_the_axes_hardly_move(monkeypatch):
    selection = Selection("train", (), 14 * 28 + 14, 1, 255)
    whole = pca_of(selection.take(DATASET).images)
    monkeypatch.setattr("fmnist_core.pca.MOST", 1500)
    sampled = pca(DATASET, selection)
    assert sampled.count == 1500 < whole.count
    assert np.allclose(sampled.explained[:5], whole.explained[:5], atol=0.01)
    assert (np.abs((sampled.axes[:2] * whole.axes[:2]).sum(axis=1)) > 0.99).all()


@needs_real
def test_what_the_first_fifty_hold_is_right_to_half_a_percent():
    real, condition = datasets.load("fashion-mnist"), Selection("test", (), 14 * 28 + 14, 1, 255)
    sampled, whole = pca(real, condition), pca_of(condition.take(real).images)
    assert sampled.count == 5000 < whole.count
    assert sampled.explained[:50].sum() == pytest.approx(whole.explained[:50].sum(), abs=0.005)


def test_a_sample_has_the_same_share_of_each_class():
    labels = np.repeat([0, 1, 2], [600, 300, 100]).astype(np.uint8)
    rows = stratified(labels, 101, 3)
    assert len(rows) == 101 == len(set(rows))
    assert np.abs(np.bincount(labels[rows]) - [60.6, 30.3, 10.1]).max() < 1
    assert np.array_equal(rows, stratified(labels, 101, 3))
    assert not np.array_equal(rows, stratified(labels, 101, 4))
    assert np.array_equal(stratified(labels, 5000, 0), np.arange(1000))


def test_the_map_of_components_holds_a_sample():
    selection = Selection("train")
    made = pca_map(DATASET, selection, selection.take(DATASET), 500, 0)
    assert made.points.shape == (500, 2)
    assert len(made.rows) == 500


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_maps_keep_classes_together_report_progress_and_are_remembered(method):
    spec = MapSpec(method, asdict(Selection("train", labels=(1, 9))), sample=200, perplexity=10, n_neighbors=8)
    reports = []
    assert not is_ready(DATASET, spec)
    made = computed_map(DATASET, spec, lambda sentence, fraction: reports.append((sentence, fraction)))
    assert made.points.shape == (200, 2) and np.isfinite(made.points).all()
    labels = Selection("train", labels=(1, 9)).take(DATASET).labels[made.rows]
    centres = [made.points[labels == label].mean(axis=0) for label in (1, 9)]
    nearer = np.linalg.norm(made.points[:, np.newaxis] - centres, axis=2).argmin(axis=1)
    assert (np.array([1, 9])[nearer] == labels).mean() > 0.95
    assert any("of" in sentence and fraction > 0.3 for sentence, fraction in reports)
    assert is_ready(DATASET, spec)
    assert np.array_equal(computed_map(DATASET, spec).points, made.points)
    # A parameter of the other method is none of its.
    other = {"tsne": {"n_neighbors": 30}, "umap": {"perplexity": 50}}[method]
    assert is_ready(DATASET, MapSpec(**{**asdict(spec), **other}))
    assert not is_ready(DATASET, MapSpec(**{**asdict(spec), "seed": 1}))


def test_umap_is_loaded_without_tensorflow():
    code = (
        "import sys; from fmnist_core.projection import _load_umap; _load_umap().UMAP; "
        "sys.exit('tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.PROJECT)


def test_too_few_images_for_the_perplexity_are_told():
    with pytest.raises(DataError, match="at least 301 images"):
        computed_map(DATASET, MapSpec("tsne", asdict(Selection("train")), sample=200, perplexity=100))


@pytest.mark.parametrize(
    "wrong", [{"method": "mds"}, {"sample": 50}, {"sample": 20_000}, {"perplexity": 1}, {"min_dist": 2.0}]
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(DataError, match="Expected"):
        MapSpec(**({"method": "tsne", "selection": {}} | wrong))
