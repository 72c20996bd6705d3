"""The depth probe: its numbers, its memory, and the figures that it must reproduce."""

import os
from pathlib import Path

import numpy as np
import pytest

from fmnist_core import datasets, depth_probe, zoo
from fmnist_core.backbones import blocks
from fmnist_core.datasets import Dataset, debian
from fmnist_core.depth_probe import ProbeSpec, computed_probe, first_of_each, known_probe
from fmnist_core.errors import ModelError, SpecError
from fmnist_core.linear_probe import linear_hits, paired_difference
from fmnist_core.spec import RunSpec
from fmnist_core.zoo.transfer import block_outputs

_NAME = "mobilenet_1_0_224_notop.weights.h5"
_FOLDERS = (
    os.environ.get("FMNIST_LAB_TEST_WEIGHTS", ""),
    Path(__file__).resolve().parents[1].parent / "shared/weights",
)
REAL_WEIGHTS = next((path for folder in _FOLDERS if folder and (path := Path(folder) / _NAME).is_file()), None)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture
def small():
    """Sixty training and forty test images of noise, each class with a bright row of its own."""
    generator = np.random.default_rng(0)
    parts = []
    for n in (60, 40):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = generator.integers(0, 60, (n, 28, 28), np.uint8)
        images[np.arange(n), 2 * labels] = 255
        parts += [images, labels]
    names = tuple(map(str, range(10)))
    return Dataset("own", *parts, class_names=names, source="a test", sha256="0" * 64)


def test_a_linear_probe_learns_what_is_linear_and_minds_no_constant_column():
    generator = np.random.default_rng(0)
    labels = np.arange(300) % 3
    rows = generator.normal(size=(300, 5)).astype(np.float32)
    rows[np.arange(300), labels] += 8
    rows[:, 4] = 0.1  # its deviation in float32 is not exactly 0
    assert linear_hits(rows[:200], labels[:200], rows[200:], labels[200:]).all()
    assert linear_hits(1e-20 * rows[:200], labels[:200], 1e-20 * rows[200:], labels[200:]).all()


def test_a_class_without_training_images_is_missed_and_not_an_error():
    labels = np.arange(60) % 3
    rows = np.eye(3, dtype=np.float32)[labels]
    hits = linear_hits(rows[labels < 2], labels[labels < 2], rows, labels)
    assert (hits == (labels < 2)).all()


def test_a_paired_difference_is_surer_than_two_intervals():
    first = np.arange(1000) < 900
    second = np.arange(1000) < 885
    gain, low, high = paired_difference(first, second)
    assert gain == pytest.approx(0.015)
    assert 0 < low < gain < high  # the intervals of 0.900 and 0.885 alone overlap


def test_the_sample_has_equally_many_of_each_class_even_of_a_sorted_file():
    labels = np.repeat(np.arange(10), 50)
    rows = first_of_each(labels, 100)
    assert (np.bincount(labels[rows]) == 10).all()
    assert rows[0] == 0 and (np.diff(rows) > 0).all()
    assert len(first_of_each(labels, 10_000)) == 500


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone": "alexnet"}, "Expected backbone: one of vgg16"),
        ({"image_size_px": 28}, "Expected image_size_px"),
        ({"weights": "file"}, "Expected the path of a file"),
        ({"train_images": 3}, "Expected at least 10 images"),
    ],
)
def test_a_probe_that_cannot_be_is_refused(changes, words):
    with pytest.raises(SpecError, match=words):
        ProbeSpec(**changes)


def test_weights_are_known_by_their_content_wherever_they_lie(tmp_path):
    from fmnist_core.depth_probe import _key

    one, two, other = (tmp_path / name for name in ("one.h5", "two.h5", "other.h5"))
    one.write_bytes(b"weights")
    two.write_bytes(b"weights")
    other.write_bytes(b"others!")
    keys = [_key(ProbeSpec(weights="file", weights_file=str(path))) for path in (one, two, other)]
    assert keys[0] == keys[1] != keys[2]
    for none in ("/dev/zero", "~nosuchuser/x.h5", "/" + 300 * "x"):
        assert _key(ProbeSpec(weights="file", weights_file=none))["fingerprint"] == "absent"


def test_batch_normalisation_of_random_weights_is_measured_as_for_a_run(small):
    spec = ProbeSpec("mobilenet", 32, "random", train_images=60, test_images=40)
    base = depth_probe._base(spec, lambda *_: None)
    before = depth_probe._features(base, small.x_test, spec, lambda *_: None)
    depth_probe._probe(small, spec, base, lambda *_: None)
    after = depth_probe._features(base, small.x_test, spec, lambda *_: None)
    assert before[-1].std(axis=0).max() < 1e-12 and after[-1].std(axis=0).max() > 1e-3


def test_a_probe_of_random_weights_has_a_result_per_block_and_is_kept(small):
    spec = ProbeSpec("mobilenet", 32, "random", train_images=60, test_images=40)
    assert known_probe(small, spec) is None
    told = []
    probe = computed_probe(small, spec, lambda sentence, fraction: told.append(fraction))
    assert probe.hits.shape == (len(blocks("mobilenet", 32)), 40)
    assert probe.raw_accuracy == 1.0  # the bright rows are plain to see
    assert not probe.pretrained
    assert told == sorted(told) and told[0] > 0 and told[-1] == 1.0
    kept = known_probe(small, spec)
    assert (kept.hits == probe.hits).all() and kept.best == probe.best
    assert known_probe(small, ProbeSpec("mobilenet", 48, "random", train_images=60, test_images=40)) is None


def test_absent_weights_are_named(small):
    spec = ProbeSpec(weights="file", weights_file="/nowhere/mobilenet.h5", train_images=60, test_images=40)
    with pytest.raises(ModelError, match="/nowhere/mobilenet.h5"):
        computed_probe(small, spec)


@pytest.fixture(scope="module")
def half_learned(tmp_path_factory):
    """A file of MobileNet's weights, shaped as training shapes them up to block 3, and as drawn at random after it."""
    import keras

    from fmnist_core.zoo.facts import builder

    keras.utils.set_random_seed(3)
    base = builder("mobilenet")(include_top=False, weights=None, input_shape=(None, None, 3))
    for layer in base.layers[: blocks("mobilenet", 32)[2].depth]:
        layer.set_weights([np.sign(values) * np.abs(values) ** 1.3 for values in layer.get_weights()])
    file = tmp_path_factory.mktemp("weights") / "half.weights.h5"
    base.save_weights(file)
    return file


def test_blocks_that_a_file_left_at_random_are_not_probed(small, half_learned):
    spec = ProbeSpec("mobilenet", 32, "file", str(half_learned), train_images=60, test_images=40)
    for probe in (computed_probe(small, spec), known_probe(small, spec)):
        assert [block.name for block in probe.blocks] == ["1", "2", "3"]
        assert [block.name for block in probe.left_out] == [str(number) for number in range(4, 14)]
        assert probe.hits.shape == (3, 40) and len(probe.fit_s) == 3


def test_a_file_without_a_trained_block_is_refused(small, tmp_path):
    from fmnist_core.zoo.facts import builder

    base = builder("mobilenet")(include_top=False, weights=None, input_shape=(None, None, 3))
    base.save_weights(tmp_path / "drawn.weights.h5")
    spec = ProbeSpec("mobilenet", 32, "file", str(tmp_path / "drawn.weights.h5"), train_images=60, test_images=40)
    with pytest.raises(ModelError, match=r"Expected weights that were trained\. Received .*drawn.weights.h5"):
        computed_probe(small, spec)


def test_a_run_whose_file_left_layers_at_random_says_so_in_its_log(half_learned, capsys):
    from fmnist_core.phases import _tell_unlearned

    spec = RunSpec(
        network="transfer", backbone="mobilenet", cut="4", weights="file", weights_file=str(half_learned),
        image_size_px=32,
    )  # fmt: skip
    _tell_unlearned(zoo.build(spec), spec.weights_file)
    assert "half.weights.h5 holds weights that look as they were drawn" in (said := capsys.readouterr().out)
    assert "conv_pw_4" in said and "conv_pw_3" not in said
    _tell_unlearned(zoo.build(spec.replace(cut="3")), spec.weights_file)
    assert "drawn at random" not in capsys.readouterr().out


def test_a_block_of_convnext_ends_after_its_bypass_was_added():
    from fmnist_core.zoo.facts import builder

    base = builder("convnexttiny")(include_top=False, weights=None, input_shape=(None, None, 3))
    first, *_, last = block_outputs(base, blocks("convnexttiny", 32))
    assert first._keras_history.operation.__class__.__name__ == "Add"
    assert last is base.output


@pytest.mark.skipif(not debian.INSTALLED_FOLDER.is_dir(), reason="the Debian package is not installed")
@pytest.mark.skipif(REAL_WEIGHTS is None, reason=f"{_NAME} is not in $FMNIST_LAB_TEST_WEIGHTS")
def test_real_weights_are_best_in_the_middle():
    # With 6,000 and 2,000 images: 0.906 after block 7 and 0.880 after block 12; fewer training images give less.
    spec = ProbeSpec("mobilenet", 64, "file", str(REAL_WEIGHTS), train_images=1500, test_images=1000)
    probe = computed_probe(datasets.load("fashion-mnist"), spec)
    assert [block.name for block in probe.left_out] == ["13"]  # of this file
    accuracy = dict(zip((block.name for block in probe.blocks), probe.accuracy, strict=True))
    assert accuracy["7"] == pytest.approx(0.876, abs=0.02)
    assert accuracy["12"] < accuracy["7"]
    assert accuracy["1"] < probe.raw_accuracy < accuracy["7"]
