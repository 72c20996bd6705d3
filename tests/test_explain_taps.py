"""Looking into models from outside: models within models, branches, answers in a list."""

import keras
import numpy as np
import pytest

from fmnist_core.explain_anatomy import Anatomy
from fmnist_core.explain_taps import Tap, taps_of
from fmnist_core.keras_files import load_model
from fmnist_core.preprocess import prepare
from fmnist_core.spec import RunSpec

SPEC = RunSpec(network="imported", scaling="unit")
IMAGE = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
layers = keras.layers


def convolutions(kind):
    if kind == "sequential":
        return keras.Sequential(
            [keras.Input((28, 28, 1)), layers.Conv2D(3, 5, activation="relu"), layers.MaxPooling2D()]
        )
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(3, 5, padding="same", activation="relu")(inputs)
    x = layers.Add()([x, layers.Conv2D(3, 1)(inputs)])
    return keras.Model(inputs, layers.MaxPooling2D()(x))


def head():
    return keras.Sequential(
        [layers.Flatten(), layers.Dense(6, activation="relu"), layers.Dense(4, activation="softmax")]
    )


def functional_around(kind):
    inputs = keras.Input((28, 28, 1))
    return keras.Model(inputs, head()(convolutions(kind)(inputs)))


def deep():
    inner = keras.Input((28, 28, 1))
    return keras.Sequential([keras.Input((28, 28, 1)), keras.Model(inner, convolutions("branches")(inner)), head()])


def operations(within=None):
    """The answer's layer gets the sum of two tensors, which no layer makes; and the output is in a list."""
    inputs = keras.Input((28, 28, 1))
    x = layers.Flatten()((within or convolutions("sequential"))(inputs))
    x = layers.Dense(6, activation="relu")(x) + layers.Dense(6)(x)
    return keras.Model([inputs], [layers.Dense(4, activation="softmax")(x)])


MODELS = {
    "a Sequential within": lambda: functional_around("sequential"),
    "branches within": lambda: functional_around("branches"),
    "three deep": deep,
    "operations": operations,
    "a flat one with operations": lambda: operations(layers.Conv2D(2, 7)),
}


@pytest.fixture(scope="module")
def anatomies(tmp_path_factory):
    """Each as it comes back from its file."""
    made, place = {}, tmp_path_factory.mktemp("models")
    for number, (name, build) in enumerate(MODELS.items()):
        keras.utils.set_random_seed(number)
        build().save(place / f"{number}.keras")
        made[name] = Anatomy(load_model(place / f"{number}.keras", name), SPEC)
    return made


@pytest.mark.parametrize("name", MODELS)
def test_a_model_within_is_opened_layer_by_layer(anatomies, name):
    anatomy = anatomies[name]
    kinds = [tap.name for tap in anatomy.taps]
    assert kinds[0].startswith("Conv2D") and kinds[-1] == ("Dense 3" if "operations" in name else "Dense 2")
    assert not any("Sequential" in kind or "Functional" in kind for kind in kinds)
    found = anatomy.explain(IMAGE)
    answer = np.asarray(anatomy.model(prepare(IMAGE[np.newaxis], SPEC)))[0]
    assert found["probabilities"] == pytest.approx(answer, abs=1e-5)
    assert found[f"activation-{len(kinds) - 1}"] == pytest.approx(answer, abs=1e-3)
    assert found["cam-0"].shape == (28, 28)
    total = float(answer[found["label"]] - found["black"])
    assert found["gradients"].sum() == pytest.approx(total, abs=max(0.05 * abs(total), 0.005) + 1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_the_last_hidden_layer_is_what_the_answer_is_made_of(anatomies, name):
    anatomy = anatomies[name]
    scores = anatomy.features(prepare(IMAGE[np.newaxis], SPEC)) @ anatomy._last.kernel.numpy()
    shares = np.exp(scores - scores.max())
    assert (shares / shares.sum())[0] == pytest.approx(anatomy.explain(IMAGE)["probabilities"], abs=1e-5)


def test_the_same_layer_called_twice_is_seen_twice():
    inner, inputs, again = convolutions("sequential"), keras.Input((28, 28, 1)), layers.Dense(6, activation="relu")
    x = again(again(layers.Dense(6)(layers.Flatten()(inner(inputs)))))
    _, taps = taps_of(keras.Model(inputs, layers.Dense(4, activation="softmax")(x)), SPEC)
    assert [tap.name for tap in taps] == ["Conv2D", "MaxPooling2D", "Flatten", *(f"Dense {n}" for n in (1, 2, 3, 4))]
    assert isinstance(taps[0], Tap) and taps[0].is_picture and taps[-1].shape == (4,)
