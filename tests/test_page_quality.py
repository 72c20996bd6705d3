"""The Quality and Balance pages in their states; figures and tables on the way out."""

import base64
import json

import numpy as np
import plotly.graph_objects as go
import pytest
from explore_page import assert_charts_speak
from streamlit.testing.v1 import AppTest

from fmnist_core import datasets, neighbours, paths
from fmnist_core.export_data import to_idx_gz
from fmnist_core.overlay import Overlay
from fmnist_core.tasks import Status, Task
from pages.ui.export import figure_html

QUALITY, BALANCE = "pages/explore/quality.py", "pages/explore/balance.py"
NAMES = [
    "Source", "Missing values", "Exact duplicates", "Conflicting labels", "Near-duplicates", "Constant columns",
    "Redundant columns", "Cardinality", "Outliers",
]  # fmt: skip


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)
    # No process of its own for tests that look at pages.
    monkeypatch.setattr(Task, "start", lambda task: Status("waiting", 0.0, "Starting"))


@pytest.fixture
def folder(tmp_path):
    """A data set with a copy within training, one across the sets, a twin across the sets, and an uneven class."""
    generator = np.random.default_rng(1)
    images = generator.integers(0, 255, (180, 28, 28)).astype(np.uint8)
    labels = (np.arange(180) % 10).astype(np.uint8)
    labels[100:109] = 3
    images[20], images[155] = images[10], images[30]
    images[160] = np.clip(images[41].astype(int) + generator.integers(-2, 3, (28, 28)), 0, 255)
    place = tmp_path / "own"
    place.mkdir()
    for part, rows in (("train", slice(150)), ("t10k", slice(150, None))):
        (place / f"{part}-images-idx3-ubyte.gz").write_bytes(to_idx_gz(images[rows]))
        (place / f"{part}-labels-idx1-ubyte.gz").write_bytes(to_idx_gz(labels[rows]))
    return place


def opened(page, folder, **query):
    app = AppTest.from_file(str(paths.PROJECT / "app.py"), default_timeout=60)
    app.switch_page(page)
    for name, value in {"data": "Your own files", "data.folder": str(folder), **query}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception and not app.error
    assert_charts_speak(app)
    return app


def lines(app):
    return {name: next(e.label for e in app.main.expander if f"**{name}**" in e.label) for name in NAMES}


def words(app):
    return " ".join(element.value for element in [*app.main.markdown, *app.main.caption]).replace("\\", "")


def cards(app):
    shown = [
        element.proto for element in app.main.get("bidi_component") if "quality_cards" in element.proto.component_name
    ]
    return json.loads(shown[0].json)["figures"] if shown else ""


def test_every_check_is_a_line_with_its_verdict_in_words(folder):
    neighbours.neighbours(datasets.load("own", folder))
    found = lines(opened(QUALITY, folder))
    assert "Note" in found["Source"] and "Fine" in found["Missing values"]
    assert "Look" in found["Exact duplicates"] and "2 images" in found["Exact duplicates"]
    assert "Look" in found["Near-duplicates"] and "2 test images" in found["Near-duplicates"]


def test_a_filter_in_the_address_masks_every_check_and_leaves_no_twin_out(folder):
    neighbours.neighbours(datasets.load("own", folder))
    found = lines(opened(QUALITY, folder))
    assert "0.1 million cells" in found["Missing values"] and "in training" in found["Cardinality"]
    app = opened(QUALITY, folder, split="Test", duplicates="true", missing="true")
    found = lines(app)
    assert "1 image of 30 repeats another" in found["Exact duplicates"]
    assert "training 30" in cards(app), "the twin of a test image is shown, though the training set is not selected"
    assert "in training" not in found["Cardinality"] and "in test" in found["Cardinality"]
    app = opened(QUALITY, folder, split="Test", classes="class 7")
    assert "None among 3 images" in lines(app)["Exact duplicates"]
    app.slider(key="value").set_value((255, 255)).run()
    assert "No image fulfils this" in app.info[0].value


def test_what_is_not_selected_is_not_exported_unless_the_user_wants_it(folder):
    neighbours.neighbours(datasets.load("own", folder))
    app = opened(QUALITY, folder, export="true", classes="class 1")
    count = int((datasets.load("own", folder).y_train == 1).sum())
    assert f"{count} images" in words(app)
    app.toggle(key="export.selected").set_value(False).run()
    assert "149 images" in words(app)


def test_the_page_does_not_wait_for_the_neighbours(folder):
    app = opened(QUALITY, folder, near="true")
    assert "Wait" in lines(app)["Near-duplicates"]
    assert "under way" in words(app)


def test_lines_are_folded_until_the_address_or_a_click_opens_them(folder):
    neighbours.neighbours(datasets.load("own", folder))
    assert cards(opened(QUALITY, folder)) == ""
    shown = cards(opened(QUALITY, folder, duplicates="true"))
    assert shown.count("<img") == 4
    assert "training 10" in shown and "test 5" in shown
    assert "samples?image=train-10&amp;data=Your+own+files" in shown


def test_near_duplicates_are_shown_with_their_difference_up_to_the_threshold_in_the_address(folder):
    neighbours.neighbours(datasets.load("own", folder))
    assert cards(opened(QUALITY, folder, near="true")).count("<figure") == 2
    strict = opened(QUALITY, folder, near="true", **{"near.distance": "1.0"})
    assert cards(strict).count("<figure") == 1
    assert "1 test image" in lines(strict)["Near-duplicates"].replace("\\", "")


def test_the_two_editions_are_explained_where_duplicates_are(folder):
    text = words(opened(QUALITY, folder, duplicates="true"))
    assert "43" in text and "Kaggle" in text and "issue 44" in text


@pytest.mark.parametrize(
    "line", ["source", "missing", "conflicts", "constant", "redundant", "cardinality", "outliers", "shape", "head"]
)
def test_each_line_opens_without_a_fault(folder, line):
    neighbours.neighbours(datasets.load("own", folder))
    opened(QUALITY, folder, **{line: "true"})


def test_missing_values_are_told_once_above_and_counted_by_column_in_their_line(folder):
    generator = np.random.default_rng(2)
    rows = [[str(value) for value in (at % 10, *generator.integers(0, 256, 784))] for at in range(60)]
    rows[3][2] = rows[9][2] = rows[9][0] = ""
    header = ",".join(["label", *(f"pixel{at}" for at in range(1, 785))])
    file = folder.parent / "gaps.csv"
    file.write_text("\n".join([header, *(",".join(cells) for cells in rows)]))
    neighbours.neighbours(datasets.load("own", file))
    app = opened(QUALITY, file, missing="true", columns="true")
    told = "2 of 60 rows of gaps.csv have no value in one column or more and are left out"
    finding = lines(app)["Missing values"].replace("\\", "")
    assert "Look" in finding and told in finding
    assert words(app).count(told) == 1, "the banner"
    files, by_column, numbers = (frame.value for frame in app.main.dataframe)
    assert files[["rows", "left_out", "missing"]].iloc[0].tolist() == [60, 2, 3]
    assert by_column.set_index("column")["missing"].to_dict() == {"pixel2": 2, "label": 1}
    assert numbers.loc["pixel2", ["missing", "missing_fraction"]].tolist() == [2, 2 / 60]
    assert told not in words(opened(BALANCE, folder))
    assert words(opened(BALANCE, file)).count(told) == 1


def test_every_column_is_described_for_either_set(folder):
    neighbours.neighbours(datasets.load("own", folder))
    app = opened(QUALITY, folder, columns="true")
    frame = app.main.dataframe[0].value
    assert frame.shape[0] == 785 and frame.loc["pixel1", "count"] == 150
    app.segmented_control(key="columns.set").set_value("Test").run()
    assert app.main.dataframe[0].value.loc["pixel1", "count"] == 30


def test_the_export_says_what_remains(folder):
    neighbours.neighbours(datasets.load("own", folder))
    app = opened(QUALITY, folder, export="true")
    assert "149 images" in words(app), "the twin of a test image is left out unless the user wants it"
    app.toggle(key="export.twins").set_value(False).run()
    assert "150 images" in words(app)
    app.selectbox(key="export.duplicates").set_value("drop_all").run()
    assert "148 images" in words(app)
    app.segmented_control(key="export.set").set_value("Test").run()
    assert "30 images" in words(app)


def test_the_export_carries_out_the_marks(folder):
    data = datasets.load("own", folder)
    neighbours.neighbours(data)
    Overlay.read(data.sha256).mark("train", 7, "drop").mark("train", 8, "relabel", 1)
    app = opened(QUALITY, folder, export="true")
    assert "148 images" in words(app) and "1 relabelled" in words(app)
    app.toggle(key="export.marks").set_value(False).run()
    assert "149 images" in words(app)


def test_marks_that_do_not_fit_the_data_are_told_and_nothing_of_them_is_exported(folder):
    data = datasets.load("own", folder)
    neighbours.neighbours(data)
    Overlay.read(data.sha256).mark("train", 7, "drop").mark("train", 150, "drop")
    app = opened(QUALITY, folder, export="true")
    assert "Received one on train-150" in app.warning[0].value.replace("\\", "")
    assert "149 images" in words(app)


def test_the_names_of_the_classes_are_handed_out_beside_either_form(folder):
    neighbours.neighbours(datasets.load("own", folder))
    for form in ("CSV", "IDX"):
        app = opened(QUALITY, folder, export="true", **{"export.form": form})
        assert "classes.txt" in [button.proto.label for button in app.main.get("download_button")]


def test_what_is_exported_is_in_the_address(folder):
    neighbours.neighbours(datasets.load("own", folder))
    assert "150 images" in words(opened(QUALITY, folder, export="true", **{"export.twins": "false"}))
    app = opened(QUALITY, folder, export="true", classes="class 1", **{"export.selected": "false"})
    assert "149 images" in words(app)
    assert app.query_params["export.selected"] in ("false", ["false"])


@pytest.mark.parametrize("value", ["0.1", "500", "nan", "-inf", "much"])
def test_a_threshold_that_its_slider_does_not_offer_counts_for_nothing(folder, value):
    neighbours.neighbours(datasets.load("own", folder))
    folded = lines(opened(QUALITY, folder, r=value, z=value, **{"near.distance": value}))
    assert folded == lines(opened(QUALITY, folder))
    assert "|r| > 0.98" in folded["Redundant columns"].replace("\\", "")


def test_all_distances_of_noisy_data_are_drawn_or_counted(folder):
    neighbours.neighbours(datasets.load("own", folder))
    app = opened(QUALITY, folder, near="true")
    chart = next(one for one in app.main.get("plotly_chart") if "nearest neighbour" in one.proto.alt)
    (bar,) = json.loads(chart.proto.spec)["data"]
    heights = bar["y"]
    heights = np.frombuffer(base64.b64decode(heights["bdata"]), heights["dtype"]) if "bdata" in heights else heights
    assert np.sum(heights, dtype=int) == 180, "noise is a hundred grey levels from its nearest"


def test_what_to_do_about_two_labels_of_an_image_depends_on_the_sets(folder):
    neighbours.neighbours(datasets.load("own", folder))
    app = opened(QUALITY, folder, conflicts="true")
    assert "1 from training to test" in words(app) and "Drop every copy" not in words(app)
    assert "Drop both" not in lines(app)["Conflicting labels"]


def test_nothing_is_said_of_black_corners_where_they_are_not_black(folder):
    neighbours.neighbours(datasets.load("own", folder))
    assert "corners are black" not in words(opened(QUALITY, folder, cardinality="true"))


def bars(app):
    return json.loads(app.main.get("plotly_chart")[0].proto.spec)["data"]


def test_balance_opens_on_both_sets_side_by_side(folder):
    app = opened(BALANCE, folder)
    assert [bar["name"] for bar in bars(app)] == ["training", "test"]
    table = app.main.dataframe[0].value
    assert table.loc["Images"].tolist() == ["150", "30"]
    assert "Training set." in words(app) and "Test set." in words(app)


def test_balance_of_a_subset_counts_only_its_classes(folder):
    app = opened(BALANCE, folder, split="Training", classes="class 3")
    assert [bar["name"] for bar in bars(app)] == ["training"]
    assert "nothing to compare" in words(app)


def test_balance_of_nothing_says_so(folder):
    app = opened(BALANCE, folder, classes="class 1", row="0", value=["254", "254"])
    assert not app.main.get("plotly_chart")
    assert "No image meets" in app.info[0].value


def test_a_figure_as_html_needs_no_network_and_keeps_its_numbers():
    html = figure_html(go.Figure(go.Bar(x=[1, 2], y=[3, 40])), "a <b>name")
    assert "<title>a &lt;b&gt;name</title>" in html
    assert 'src="http' not in html and "cdn" not in html.split("<body>")[0][:2000]
    assert len(html) > 1_000_000
