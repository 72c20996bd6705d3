"""Predict's honest answers and its ways to break the input: what is sent to the browser, with and without gradients."""

import gc
import io
import json
import threading
import weakref

import numpy as np
import pytest
from app_page import open_app
from finished_run import REAL_DATA
from PIL import Image
from streamlit.testing.v1 import AppTest

from fmnist_core import datasets, explain_client, paths, prediction, tasks
from fmnist_core.calibration import with_temperature
from fmnist_core.errors import LabError, ModelError
from fmnist_core.ready_made import ready_made
from fmnist_core.rejection import detector_of
from fmnist_core.runs import LITERT_FILE
from pages.ui.predict import break_it
from pages.ui.verdict import Model

NOISE = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
pytestmark = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")
_PLACES = [(x, y) for x in range(40, 900, 170) for y in range(40, 900, 170)]
SCRIBBLE = {
    "strokes": [{"points": [x, y, x + 120, y + 60], "width": 25} for x, y in _PLACES], "fill": False, "stamp": 1,
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def workspace(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FMNIST_LAB_HOME", str(tmp_path_factory.mktemp("home")))
        patch.chdir(paths.PROJECT)
        dataset = datasets.load("fashion-mnist")  # the yardstick is on disk, so that a busy machine need not wait
        detector_of(ready_made(), prediction.load(ready_made()), dataset)
        yield


def opened(state=None, page="pages/predict/draw.py", **query):
    return open_app(page, state, **query)


def settled(app):
    """Run the page again once what is usual for the model has been measured, as the page itself does."""
    for thread in threading.enumerate():
        if thread.name == "yardstick":
            thread.join(60)
    return app.run()


def sent(app, name):
    return [json.loads(e.proto.json) for e in app.get("bidi_component") if e.proto.component_name == name]


def file(name, image):
    stream = io.BytesIO()
    Image.fromarray(np.array(image)).save(stream, "PNG")
    return name, stream.getvalue(), "image/png"


def test_explain_says_the_same_as_predict(monkeypatch):
    def fail(*_):
        raise ModelError("Expected an explanation. Received none.")

    monkeypatch.setattr(explain_client, "warm", lambda: None)
    monkeypatch.setattr(explain_client, "explain", fail)
    monkeypatch.setattr(tasks.Task, "_spawn", lambda self: None)
    predicted, explain = sent(opened(n="2"), "fmnist_lab_verdict"), "pages/understand/explain.py"
    explained = sent(settled(opened(page=explain, image="test-2")), "fmnist_lab_verdict")
    assert [one["probabilities"] for one in explained] == [one["probabilities"] for one in predicted]
    app = opened(page=explain, **{"from": "Upload"})
    app.file_uploader(key="explain.picture").set_value(file("noise.png", NOISE)).run()
    (shown,) = sent(app, "fmnist_lab_verdict")
    assert "unlike the training images" in shown["refusal"]


def test_a_test_image_gets_calibrated_probabilities_and_a_word_on_them():
    app = opened(n="2")
    (shown,) = sent(app, "fmnist_lab_verdict")
    predictor, image = prediction.load(ready_made()), datasets.load("fashion-mnist").x_test[2][np.newaxis]
    temperature = ready_made().result["temperature"]
    expected = with_temperature(predictor.probabilities(image), temperature)[0]
    assert shown["probabilities"] == pytest.approx(expected.tolist(), abs=1e-4) and shown["refusal"] == ""
    assert any(f"Temperature {temperature:.2f}" in caption.value for caption in app.caption)


def test_a_scribble_is_none_of_these_unless_the_user_wants_a_name():
    app = settled(opened({"canvas.kept": SCRIBBLE}))
    (shown,) = sent(app, "fmnist_lab_verdict")
    assert "unlike the training images" in shown["refusal"] and shown["probabilities"]
    app.toggle(key="none").set_value(False).run()
    assert sent(app, "fmnist_lab_verdict")[0]["refusal"] == ""


def test_of_several_pictures_those_unlike_the_data_get_no_class_in_the_grid_either():
    app = opened(mode="Upload")
    files = [file("noise.png", NOISE), file("trouser.png", datasets.load("fashion-mnist").x_test[2])]
    app.file_uploader(key="picture").set_value(files).run()

    def captions():
        elements = [element.proto for element in app.get("bidi_component")]
        raw = next(e for e in elements if e.component_name == "fmnist_lab_image_grid").bytes
        return raw.count(b"None of these"), raw.count(b"Trouser")

    settled(app)
    assert captions() == (2, 2)  # below the picture and in its hint, each
    app.toggle(key="none").set_value(False).run()
    assert captions()[0] == 0


def test_a_blank_board_is_not_refused_but_invites():
    (shown,) = sent(opened(), "fmnist_lab_verdict")
    assert shown["refusal"] == "" and shown["probabilities"] is None


def test_on_stand_in_data_it_says_that_none_of_these_cannot_be_told(monkeypatch):
    def refuse(*_):
        raise LabError("Expected the data that this Run learned. Received others.")

    monkeypatch.setattr("pages.ui.predict.honest.detector_of", refuse)
    import streamlit as st

    st.cache_resource.clear()
    app = settled(opened(n="2"))
    assert sent(app, "fmnist_lab_verdict")[0]["refusal"] == ""
    assert any("cannot be told here" in caption.value for caption in app.caption)
    st.cache_resource.clear()


@pytest.fixture
def slow_yardstick(monkeypatch):
    """A yardstick in the making that is there, or fails, when the test says so."""
    import streamlit as st

    asked, go = [], threading.Event()

    def make(*_):
        asked.append(threading.current_thread())
        go.wait(30)
        raise OSError("no space left")

    st.cache_resource.clear()
    monkeypatch.setattr("pages.ui.predict.honest.detector_of", make)
    yield asked, go
    go.set()
    st.cache_resource.clear()


def test_a_yardstick_in_the_making_holds_neither_the_answer_nor_the_server(slow_yardstick):
    asked, go = slow_yardstick
    app = opened(n="2")
    assert not go.is_set() and sent(app, "fmnist_lab_verdict")[0]["probabilities"]
    assert any("until then every input gets a class" in caption.value for caption in app.caption)
    app.run()
    assert asked[0].daemon and len(asked) == 1  # Python joins other threads before it ends


def test_after_a_failure_the_next_session_asks_again(slow_yardstick):
    asked, go = slow_yardstick
    go.set()
    app = settled(opened(n="2"))
    assert any("no space left" in caption.value for caption in app.caption) and len(asked) == 1
    opened(n="2")
    assert len(asked) == 2


def test_one_item_is_predicted_once_however_often_the_page_runs(monkeypatch):
    asked, true = [], prediction.Predictor.probabilities
    monkeypatch.setattr(
        prediction.Predictor, "probabilities", lambda self, images: asked.append(len(images)) or true(self, images)
    )
    app = opened(n="7")
    app.run()
    assert asked == [1]


def test_eight_sliders_break_a_test_image_with_the_model_that_comes_along(monkeypatch):
    monkeypatch.setattr(explain_client, "warm", lambda: None)
    monkeypatch.setattr(explain_client, "slope", lambda run, item, label: np.ones((28, 28), np.float32))
    app = opened(n="2", look="Break it")
    shown, attack = sent(app, "fmnist_lab_break_it")
    assert [card["key"] for card in attack["cards"]] == ["fgsm"]
    assert [card["key"] for card in shown["cards"]] == [
        "noise", "blur", "rotation", "shift", "scale", "contrast", "occlusion",
    ]  # fmt: skip
    for card in shown["cards"]:
        assert len(card["probabilities"]) == len(card["amounts"]) == len(card["said"])
        assert len(card["pixels"]) >= 784 * len(card["amounts"])
        assert card["start"] != card["neutral"]
    rotation = shown["cards"][2]
    assert rotation["flips"] and rotation["flips"][0]["before"] == 1  # trousers, lying down
    assert any("**Trouser** flips by" in text.value for text in app.markdown)


class Toy:
    """A Run's model of two classes that says class 1 where the picture is light."""

    class_names = ("dark", "light")

    def probabilities(self, images):
        light = images.mean(axis=(1, 2)) / 255
        return np.stack([1 - light, light], axis=1).astype(np.float32)


def attack_page(folder, toy):
    from pathlib import Path

    import numpy as np

    from fmnist_core.runs import Run
    from pages.ui.predict.break_it import break_it_view
    from pages.ui.verdict import Model

    break_it_view(Model("Toy", toy, Run(Path(folder))), np.full((28, 28), 140, np.uint8))


def test_without_a_keras_file_the_attack_says_why_it_is_missing(tmp_path, monkeypatch):
    (tmp_path / "model.tflite").touch()
    monkeypatch.setattr(break_it, "work_per_image", lambda run: 0)
    app = AppTest.from_function(attack_page, args=(str(tmp_path), Toy())).run()
    assert len(sent(app, "fmnist_lab_break_it")) == 1
    assert any("as LiteRT alone, which gives none" in caption.value for caption in app.caption)


def test_with_gradients_the_attack_has_its_slider(tmp_path, monkeypatch):
    (tmp_path / "model.keras").touch()
    (tmp_path / "model.tflite").touch()
    monkeypatch.setattr(explain_client, "warm", lambda: None)
    monkeypatch.setattr(explain_client, "slope", lambda run, item, label: -np.ones((28, 28), np.float32))
    monkeypatch.setattr(break_it, "work_per_image", lambda run: 0)
    app = AppTest.from_function(attack_page, args=(str(tmp_path), Toy())).run()
    assert not app.exception
    _, attack = sent(app, "fmnist_lab_break_it")
    (card,) = attack["cards"]
    assert card["key"] == "fgsm" and card["flips"] == [{"at": 12.5, "place": 13, "before": 1, "after": 0}]


def test_where_the_gradient_cannot_be_had_the_rest_stays(tmp_path, monkeypatch):
    def fail(run, item, label):
        raise ModelError("Expected an explanation. Received none: the process ended.")

    (tmp_path / "model.keras").touch()
    (tmp_path / "model.tflite").touch()
    monkeypatch.setattr(explain_client, "warm", lambda: None)
    monkeypatch.setattr(explain_client, "slope", fail)
    monkeypatch.setattr(break_it, "work_per_image", lambda run: 0)
    app = AppTest.from_function(attack_page, args=(str(tmp_path), Toy())).run()
    assert len(sent(app, "fmnist_lab_break_it")) == 1
    assert any("no gradient is to be had" in caption.value for caption in app.caption)


def test_a_run_that_is_deleted_while_the_page_is_open_is_said_to_be_gone(tmp_path):
    app = AppTest.from_function(attack_page, args=(str(tmp_path / "gone"), Toy())).run()
    assert not app.exception and "Received: no such file" in app.error[0].value.replace("\\", "")


def test_a_model_without_a_run_answers_as_it_is():
    rows = Model("", Toy()).probabilities(np.full((1, 28, 28), 51, np.uint8))
    assert rows[0].tolist() == pytest.approx([0.8, 0.2])


def test_kept_answers_do_not_hold_a_model_that_is_evicted():
    run = ready_made()
    predictor = prediction.Predictor((run.folder / LITERT_FILE).read_bytes(), run.spec, ("a",) * 10)
    gone = weakref.ref(predictor)
    Model("", predictor, run).scores(np.zeros((1, 28, 28), np.uint8))
    del predictor
    gc.collect()
    assert gone() is None
