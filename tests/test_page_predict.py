"""The Predict page in its states: no Run, a completed one, a damaged one; drawing, test image; never TensorFlow."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from app_page import open_app
from finished_run import REAL_DATA, copy_of_trained_run
from PIL import Image

from fmnist_core import paths
from fmnist_core.errors import LabError
from fmnist_core.likeness import likeness
from fmnist_core.runs import LITERT_FILE, RESULT_FILE
from fmnist_core.xray import trace

PAGE = "pages/predict/draw.py"
real_data = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")
TROUSER = {
    "strokes": [
        {"points": [400, 100, 385, 500, 370, 930], "width": 120},
        {"points": [600, 100, 615, 500, 630, 930], "width": 120},
        {"points": [400, 110, 600, 110], "width": 140},
    ],
    "fill": True,
    "stamp": 3,
}


def no_yardstick(*_):
    raise LabError("Expected a yardstick. Received none.")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)
    monkeypatch.setattr("pages.ui.predict.honest.detector_of", no_yardstick)  # a second of work: see the honest tests


@pytest.fixture
def run():
    return copy_of_trained_run(paths.runs())


def opened(state=None, **query):
    return open_app(PAGE, state, **query)


def verdict(app):
    """What was sent to the component that shows the answer."""
    components = [element.proto for element in app.get("bidi_component")]
    return next((json.loads(c.json) for c in components if c.component_name == "fmnist_lab_verdict"), None)


def test_without_any_model_the_page_leads_to_training(monkeypatch):
    monkeypatch.setattr("pages.ui.runs.ready_made", lambda: None)
    app = opened()
    assert any("No Run is completed yet" in text.value for text in app.markdown)
    assert not app.error and verdict(app) is None


def test_before_anything_was_trained_the_model_that_came_along_answers():
    app = opened({"canvas.kept": TROUSER})
    assert app.selectbox(key="run.choice").options[0] == "Ready-made LeNet-5 · test 92.5%"
    shown = verdict(app)
    best = max(range(10), key=shown["probabilities"].__getitem__)
    assert shown["classes"][best]["name"] == "Trouser"


@real_data
def test_a_blank_board_gets_no_prediction_but_a_hint(run):
    shown = verdict(opened())
    assert shown["probabilities"] is None and shown["pixels"] is None
    assert "Draw one of these" in shown["hint"]
    assert [item["name"] for item in shown["classes"]][1] == "Trouser"


@real_data
def test_a_drawn_trouser_is_called_a_trouser(run):
    shown = verdict(opened({"canvas.kept": TROUSER}))
    best = max(range(10), key=shown["probabilities"].__getitem__)
    assert shown["classes"][best]["name"] == "Trouser"
    assert shown["stamp"] == 3 and shown["side"] == 28 and shown["pixels"]


@real_data
def test_a_drawing_that_is_none_is_refused_in_words(run):
    shown = verdict(opened({"canvas.kept": {"strokes": [{"points": "x"}]}}))
    assert shown["probabilities"] is None and "Expected the strokes of a drawing" in shown["hint"]


@real_data
def test_a_test_image_is_shown_with_its_label(run):
    app = opened(mode="Test image", n="2")
    shown = verdict(app)
    assert shown["truth"] == "Trouser" and shown["probabilities"] is not None
    assert app.number_input(key="n").value == 2


@real_data
def test_choosing_a_class_takes_a_test_image_of_that_class(run):
    app = opened(mode="Test image")
    app.selectbox(key="class").set_value("Bag").run()
    assert verdict(app)["truth"] == "Bag"
    app.button(key="random").click().run()
    assert verdict(app)["truth"] == "Bag"


@real_data
@pytest.mark.parametrize("n", ["-3", "99999", "x"])
def test_a_test_image_that_does_not_exist_is_no_dead_end(run, n):
    assert verdict(opened(mode="Test image", n=n))["truth"]


def test_data_of_other_classes_are_no_test_images_of_this_model(run):
    file = run.folder / RESULT_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | {"class_names": [f"thing {n}" for n in range(10)]}))
    app = opened(mode="Test image")
    assert "Expected data with the classes that this model knows, thing 0" in app.error[0].value
    assert not app.number_input


@real_data
def test_a_link_with_a_position_alone_opens_that_test_image(run):
    assert verdict(opened(n="2"))["truth"] == "Trouser"


@real_data
def test_outlines_to_start_from_are_on_offer():
    boards = [element.proto for element in opened().get("bidi_component")]
    (data,) = (json.loads(b.json) for b in boards if b.component_name == "fmnist_lab_canvas")
    assert [template["name"] for template in data["templates"]][:2] == ["T-shirt/top", "Trouser"]


@real_data
def test_a_second_model_answers_beside_the_first(run):
    app = opened({"canvas.kept": TROUSER}, run="ready-made", second=run.id)
    shown = verdict(app)
    assert (shown["title"], shown["second"]["title"]) == ("Ready-made LeNet-5", "Small and trained")
    assert len(shown["second"]["probabilities"]) == 10
    app.selectbox(key="run.choice").select_index(0).run()  # the second becomes the first: nobody stands beside itself
    assert verdict(app)["second"] is None and not app.exception


@real_data
def test_a_damaged_second_model_is_reported_and_the_first_goes_on(run):
    (run.folder / LITERT_FILE).write_bytes(b"damaged")
    app = opened({"canvas.kept": TROUSER}, run="ready-made", second=run.id)
    assert len(app.error) == 1 and verdict(app)["probabilities"] and verdict(app)["second"] is None


def test_a_switch_of_the_x_ray_moves_the_answer_and_the_usual_one_is_marked():
    app = opened({"canvas.kept": TROUSER}, look="Input X-ray")
    usual = verdict(app)
    assert usual["before"] is None
    app.toggle(key="drawing.crop").set_value(False).run()
    moved = verdict(app)
    assert moved["probabilities"] != usual["probabilities"] and moved["before"] == usual["probabilities"]
    app.button(key="xray-reset").click().run()
    assert verdict(app)["probabilities"] == usual["probabilities"] and verdict(app)["before"] is None


def test_the_x_ray_of_a_blank_board_says_that_there_is_nothing():
    app = opened(look="Input X-ray")
    assert any("nothing to look at" in caption.value for caption in app.caption)


@real_data
def test_the_nearest_training_images_say_whether_a_test_image_looks_like_the_data(monkeypatch):
    asked = []
    monkeypatch.setattr("pages.ui.predict.nearest.likeness", lambda *given: asked.append(given) or likeness(*given))
    app = opened(look="Nearest training images", n="2")
    app.run()
    assert any(text.value.startswith("**It looks like the data.**") for text in app.markdown)
    assert len(asked) == 1  # however often the page runs


def test_the_camera_waits_for_a_picture():
    app = opened(mode="Camera")
    assert verdict(app)["probabilities"] is None and app.get("camera_input")


@real_data
def test_upload_waits_for_a_picture(run):
    app = opened(mode="Upload")
    assert verdict(app)["probabilities"] is None
    assert app.get("file_uploader")


def test_pictures_looked_at_together_are_prepared_once(monkeypatch):
    taken = []
    monkeypatch.setattr("pages.ui.predict.upload.trace", lambda *given: taken.append(given) or trace(*given))
    files = []
    for side in (60, 80):
        stream = io.BytesIO()
        Image.fromarray(np.pad(np.full((side, side), 250, np.uint8), 30)).save(stream, "PNG")
        files.append((f"{side}.png", stream.getvalue(), "image/png"))
    app = opened(mode="Upload")
    app.file_uploader(key="picture").set_value(files).run()
    assert verdict(app)["probabilities"] and len(taken) == 2
    app.run()
    assert verdict(app)["probabilities"] and len(taken) == 2


@real_data
def test_a_damaged_model_is_reported(run):
    (run.folder / LITERT_FILE).write_bytes(b"damaged")
    app = opened()
    assert any("expected a whole LiteRT model" in error.value.replace("\\", "") for error in app.error)
    assert verdict(app) is None


@real_data
def test_a_run_without_its_model_is_reported(run):
    (run.folder / LITERT_FILE).unlink()
    assert any("no such file" in error.value for error in opened().error)


@real_data
def test_the_page_never_loads_tensorflow(run):
    script = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run(); app.switch_page('pages/predict/draw.py')\n"
        f"app.session_state['canvas.kept'] = {TROUSER!r}; app.run(); assert not app.exception and not app.error\n"
        "assert app.get('bidi_component'); assert 'ai_edge_litert' in sys.modules\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=paths.PROJECT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
