"""The Explain page in its views and states. The network is looked into by this very process, without a second one."""

import io
import json
import re

import numpy as np
import pytest
from app_page import open_app
from explained_run import SMALL, copied, explained_run
from finished_run import REAL_DATA
from PIL import Image
from test_page_result import write_idx

from fmnist_core import datasets, explain_client, explain_features, intake, paths, prediction, tasks
from fmnist_core.corruptions import FGSM, apply
from fmnist_core.errors import LabError, ModelError
from fmnist_core.explain_process import Answers
from fmnist_core.ready_made import ready_made
from fmnist_core.runs import KERAS_FILE, LITERT_FILE, RESULT_FILE

PAGE = "pages/understand/explain.py"


class Here:
    """Stands in for the process that explains."""

    def __init__(self):
        self.answers, self.asked, self.warmed = Answers(), [], 0

    def warm(self):
        self.warmed += 1

    def ask(self, head, images):
        self.asked.append(head["ask"])
        about, arrays = self.answers.answer(head, {"images": images})
        if "error" in about:
            raise ModelError(about["error"])
        return about, arrays


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The user's own data and two Runs on them; made once, since it takes TensorFlow seconds."""
    place, runs = tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("runs")
    write_idx(place, seed=0)
    mirrored = SMALL.replace(title="Mirrored", mirror_averaging=True, image_size_px=32)
    return place, explained_run(place, runs_folder=runs), explained_run(place, mirrored, runs)


def no_yardstick(*_):
    raise LabError("Expected a yardstick. Received none.")


@pytest.fixture
def place(original, tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)
    monkeypatch.setattr("pages.ui.predict.honest.detector_of", no_yardstick)  # a second of work
    return original[0]


@pytest.fixture
def run(original, place):
    return copied(original[1])


@pytest.fixture
def here(monkeypatch):
    made = Here()
    monkeypatch.setattr(explain_client, "_explainer", made)
    return made


@pytest.fixture
def started(monkeypatch):
    """Tasks are noted, not started."""
    noted = []
    monkeypatch.setattr(tasks.Task, "_spawn", lambda self: noted.append((self.name, self.parameters)))
    return noted


def with_features(run, place):
    dataset = datasets.load("own", place)
    size, _ = explain_features.extents(run, dataset)
    explain_features.remember(dataset, lambda *_: None, **explain_features.parameters(run, size))


def opened(**query):
    return open_app(PAGE, **query)


def words(app):
    shown = (*app.markdown, *app.caption, *app.subheader, *app.info)
    return "\n".join(element.value for element in shown)


def errors(app):
    return [error.value for error in app.error]


@pytest.mark.skipif(not REAL_DATA, reason="needs the real Fashion-MNIST")
@pytest.mark.parametrize(
    ("view", "said", "asked", "begun"),
    [
        ("One image", "Through the layers", ["image"], ["run-features"]),
        ("All test images", "", [], ["run-features"]),
        ("Two classes", "mean integrated gradients", ["contrast", "contrast"], ["run-features"]),
    ],
)
def test_before_anything_was_trained_the_ready_made_model_is_explained(place, here, started, view, said, asked, begun):
    app = opened(view=view)
    assert not errors(app) and said in words(app)
    assert here.asked == asked and [name for name, _ in started] == begun


def test_the_slope_of_the_ready_made_model_leads_its_answer_astray():
    """Its Keras file is the network of its LiteRT file, and the real answer to "slope" is the way to attack it."""
    run, image = ready_made(), datasets.load("fashion-mnist").x_test[:1]
    before = prediction.load(run).probabilities(image)
    label = int(before.argmax())
    _, explained = Answers().answer({"ask": "image", "folder": str(run.folder), "label": label}, {"images": image})
    assert explained["probabilities"] == pytest.approx(before[0], abs=1e-5)
    head = {"ask": "slope", "folder": str(run.folder), "labels": [label]}
    about, found = Answers().answer(head, {"images": image})
    assert about["taps"] and found["slope"].shape == image.shape
    broken = apply(FGSM, image, 8, found["slope"])
    assert prediction.load(run).probabilities(broken)[0, label] < 0.5 * before[0, label]


def test_one_image_is_explained_by_three_maps_layers_and_filters(run, here, started):
    app = opened(run=run.id, image="test-7")
    text = words(app)
    assert "for a black image" in text and re.search(r"2, \d+x\d+\.", text) and "Through the layers" in text
    assert here.asked == ["image"] and not errors(app)
    slider = app.select_slider(key="layer")
    assert slider.options[0] == "Conv2D 1" and slider.options[-1] == "Dense 2"
    assert [name for name, _ in started] == ["run-features"]  # a small network is not asked about first
    slider.set_value("Dense 2").run()
    assert "a probability each" in words(app)


def test_any_class_can_be_explained_and_stands_in_the_address(run, here, started):
    other = f"class {(int(run.test_probabilities()[7].argmax()) + 1) % 10}"
    app = opened(run=run.id, image="test-7")
    app.selectbox(key="answer").set_value(other).run()
    assert here.asked == ["image", "image"] and not errors(app)
    assert opened(run=run.id, image="test-7", answer=other).selectbox(key="answer").value == other


def test_nearest_training_images_leave_out_the_image_itself(run, place, here):
    with_features(run, place)
    assert "of the 10 nearest are labelled" in words(opened(run=run.id, image="test-3"))
    app = opened(run=run.id, image="train-3")
    assert "of the 10 nearest are labelled" in words(app)
    assert "Nearest of all 60 training images" in words(app)


def test_a_place_that_is_none_is_named(run, here, started):
    app = opened(run=run.id, image="test-999")
    assert [warning.value for warning in app.warning] == [
        "Expected an image from test-0 to test-199. Received 'test-999'."
    ]


def test_a_random_mistake_is_one_of_the_runs_mistakes(run, place, here, started):
    app = opened(run=run.id)
    app.button(key="explain.mistake").click().run()
    at = int(app.text_input(key="image").value.removeprefix("test-"))
    assert run.test_probabilities()[at].argmax() != datasets.load("own", place).y_test[at]


def test_all_test_images_are_mapped_by_class_and_by_right_or_wrong(run, place, here, started, monkeypatch):
    with_features(run, place)
    app = opened(run=run.id, view="All test images")
    wrong = int((run.test_probabilities().argmax(axis=1) != datasets.load("own", place).y_test).sum())
    assert f"\n200 test images, {wrong} of them wrong" in words(app)
    assert not errors(opened(run=run.id, view="All test images", colour="Right or wrong"))
    tsne = opened(run=run.id, view="All test images", map="t-SNE")
    assert not started  # it takes a minute: only when asked for
    tsne.main.button[0].click().run()
    assert started[0][0] == "run-map" and started[0][1]["method"] == "tsne"
    for name in ("fmnist_core.explain_features.MAP_SAMPLE", "pages.ui.understand.explain_map.MAP_SAMPLE"):
        monkeypatch.setattr(name, 50)
    assert "\n200 test images, " in words(opened(run=run.id, view="All test images"))
    dataset, report = datasets.load("own", place), lambda *_: None
    size, _ = explain_features.extents(run, dataset)
    monkeypatch.setattr(explain_features, "map_of", lambda points, *_: points[:, :2])
    explain_features.remember_map(dataset, report, **explain_features.map_parameters(run, size, "tsne"))
    assert "\n50 of the 200 test images, " in words(opened(run=run.id, view="All test images", map="t-SNE"))
    assert not here.warmed


def test_two_classes_are_told_in_figures_pairs_and_pixels(run, place, here):
    with_features(run, place)
    said = run.test_probabilities().argmax(axis=1)
    truth = datasets.load("own", place).y_test
    other = int(np.bincount(said).argmax())
    one = next(label for label in range(10) if label != other and (said[truth == label] == other).any())
    app = opened(run=run.id, view="Two classes", a=f"class {one}", b=f"class {other}")
    text = words(app)
    assert f"test images of class {one}" in text and "Cosine of the last hidden layer" in text
    assert f"class {one}, said to be class {other}" in text and "mean integrated gradients" in text
    assert "contrast" in here.asked and not errors(app)


def test_the_same_class_twice_is_answered_with_words(run, here, started):
    app = opened(run=run.id, view="Two classes", a="class 1", b="class 1")
    assert "Expected two different classes" in words(app)


def test_a_mirrored_run_says_that_its_maps_are_averaged(original, place, here, started):
    app = opened(run=copied(original[2]).id)
    assert "averages its answers to the image and its mirror image" in words(app) and not errors(app)


def test_damaged_and_missing_models_are_explained(run, here, started):
    (run.folder / KERAS_FILE).write_bytes(b"not a model")
    app = opened(run=run.id)
    assert len(errors(app)) == 1 and "Received one that cannot be read" in errors(app)[0]
    assert "Covering red parts" in words(app) or "no single part decides" in words(app)  # what works goes on
    (run.folder / LITERT_FILE).unlink()
    assert "expected model.tflite" in errors(opened(run=run.id))[0]


def test_data_that_have_changed_are_not_taken_for_those_of_the_run(run, place, here, started, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    write_idx(moved, seed=1)
    spec = run.folder / "spec.json"
    spec.write_text(spec.read_text().replace(str(place), str(moved)))
    app = opened(run=run.id, view="Two classes")
    assert "Expected the data that this Run was tested on" in errors(app)[0]
    assert not errors(opened(run=run.id))


def test_data_of_other_classes_are_named_and_a_picture_can_still_be_brought(run, here, started):
    file = run.folder / RESULT_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | {"class_names": [f"thing {n}" for n in range(10)]}))
    app = opened(run=run.id)
    assert "Expected data with the classes that this model knows, thing 0" in app.warning[0].value
    assert app.get("file_uploader") and not errors(app)
    assert "Expected data with the classes" in errors(opened(run=run.id, view="All test images"))[0]


def test_features_of_all_images_are_found_again_when_the_network_counts_as_heavy(run, place, here, monkeypatch):
    """As when a store of the trunk's outputs, which had made it a light one, was evicted."""
    with_features(run, place)
    for name, value in (("WORK_LIMIT", 1), ("LEAST_TRAIN", 20), ("LEAST_TEST", 50)):
        monkeypatch.setattr(explain_features, name, value)
    assert "200 test images, " in words(opened(run=run.id, view="All test images"))


def test_an_uploaded_picture_is_read_once_and_one_that_is_none_is_named(place, here, monkeypatch):
    files, read = [], intake.from_file
    monkeypatch.setattr(intake, "from_file", lambda content, name: files.append(name) or read(content, name))
    app = opened(**{"from": "Upload"})
    picture = io.BytesIO()
    Image.fromarray(np.pad(np.full((40, 30), 200, np.uint8), 20)).save(picture, "PNG")
    app.file_uploader(key="explain.picture").set_value(("coat.png", picture.getvalue(), "image/png")).run()
    assert "Covering red parts" in words(app) or "no single part decides" in words(app)
    app.selectbox(key="answer").set_value("Shirt").run()
    assert files == ["coat.png"] and not errors(app)
    app.file_uploader(key="explain.picture").set_value(("notes.png", b"words", "image/png")).run()
    assert "expected a PNG, JPEG, WebP or GIF picture. Received 5 bytes" in errors(app)[0]


def test_a_heavy_network_is_asked_about_first(run, here, started, monkeypatch):
    monkeypatch.setattr(explain_features, "GUESSED_S_PER_GIGA_MULTIPLY_ADDS", 1e6)
    app = opened(run=run.id, view="All test images")
    assert not started
    app.main.button[0].click().run()
    assert started[0][0] == "run-features"


def test_the_layer_of_grad_cam_stands_in_the_address_and_a_link_opens_it(run, here):
    app = opened(run=run.id)
    box = app.selectbox(key="cam")
    other = next(name for name in box.options if name != box.value)
    assert box.proto.query_param_key == "cam"
    app = opened(run=run.id, cam=other)
    assert app.selectbox(key="cam").value == other
    assert f"says {other}, " in words(app)
    assert f"says {other}, " not in words(opened(run=run.id, cam="no such layer"))
