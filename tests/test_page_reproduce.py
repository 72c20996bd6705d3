"""The Reproduce page: every row opens, the address chooses, launches begin with the row, own Runs stand beside."""

import pytest
from app_page import open_app
from test_page_result import completed_run, write_idx

from fmnist_core import jobs, paths
from fmnist_core.presets import PRESETS
from fmnist_core.reproduction import ROWS, SHOWN
from fmnist_core.reproduction_reasons import REASONS
from fmnist_core.reproduction_runs import KeptRun, write
from fmnist_core.runs import Run, list_runs
from fmnist_core.spec import RunSpec
from pages.ui.understand import reproduce

PAGE = "pages/understand/reproduce.py"


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """What the benchmark kept: one Run of A's LeNet-5, and why one of VGG16 was not run."""
    file = tmp_path / "reproduced.json"
    run = KeptRun(
        "A-lenet5", spec=PRESETS["A-lenet5"], train_images=48_000, epochs=30, date="2026-01-02", cores=2,
        processor="Some processor", processor_s=300.0, versions={"tensorflow": "2.21.0"},
        result={"validation_accuracy": 0.9, "validation_loss": 0.31, "validation_images": 12_000},
        last={"accuracy": 0.93, "loss": 0.18}, loss_sd={"validation": 0.5},
    )  # fmt: skip
    shown = KeptRun(
        "shown-own-7", spec=SHOWN["shown-own-7"].spec, result={"test_accuracy": 0.81, "test_images": 10_000}, epochs=30,
        date="2026-01-02",
    )  # fmt: skip
    write([run, KeptRun("A-vgg16", not_run="The weights could not be had."), shown], file)
    monkeypatch.setattr(reproduce, "FILE", file)
    monkeypatch.setattr(reproduce.read, "__defaults__", (file,))
    reproduce._read.clear()
    yield file
    reproduce._read.clear()


def opened(**query):
    return open_app(PAGE, **query)


def texts(app):
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error)
    return " ".join(text.value for kind in kinds for text in kind).replace("\\", "")


def test_the_table_has_every_row_and_says_what_agrees(kept):
    app = opened()
    table = app.dataframe[0].value
    assert len(table) == len(ROWS)
    first = table.iloc[0]
    assert (first["Reported"], first["Ours"], first["Verdict"]) == (pytest.approx(89.82), pytest.approx(90.0), "Agrees")
    assert first["Low"] < 89.82 < first["High"]
    assert "23 rows, 1 of them run here" in texts(app)


def test_every_row_opens_with_its_figures_and_its_reasons():
    app = opened()
    for key, row in ROWS.items():
        app.selectbox(key="reproduce.row").set_value(key).run()
        assert not app.exception
        assert app.query_params["row"] in (key, [key])
        assert len(app.table[0].value) == len(row.reported)
        assert all(REASONS[reason].title in texts(app) for reason in row.reasons) and row.reasons
        if not row.search:
            assert app.button(key=f"start.{key}").label.startswith("Start")


def test_a_row_shows_figures_with_intervals_and_how_they_were_made(kept):
    app = opened(row="A-lenet5")
    table = app.table[0].value.set_index("Figure")
    assert table.loc["Validation accuracy", "Ours"] == "90.00%"
    assert table.loc["Validation loss", "95% interval"].startswith("0.30")
    assert table.loc["Training accuracy", "95% interval"] == ""  # a running mean while the weights moved
    assert "Two editions of the data" in texts(app)
    assert "48,000 training images" in texts(app) and "Some processor" in texts(app)


def test_what_was_not_run_says_why_and_has_no_figure(kept):
    app = opened(row="A-vgg16")
    assert "No figure of ours. The weights could not be had." in texts(app).replace("*", "")
    assert set(app.table[0].value["Ours"]) == {"–"}
    assert app.table[1].value["Test accuracy"].tolist() == ["81.0%"]  # range and cut, seen at work on another base


def test_the_system_in_the_address_leaves_its_rows(kept):
    app = opened(system="D")
    assert len(app.dataframe[0].value) == sum(row.system == "D" for row in ROWS.values())
    assert app.selectbox(key="reproduce.row").value == "D-crossval"


def test_an_unknown_row_is_explained():
    assert "Received Z-net" in texts(opened(row="Z-net"))


def test_damaged_figures_are_explained_and_the_page_goes_on(kept):
    kept.write_text('[{"row": "A-lenet5", "spec": 3}]')
    app = opened()
    assert "Expected our own figures" in texts(app)
    assert len(app.dataframe[0].value) == len(ROWS)


def test_start_queues_the_run_as_reported(monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "submit", lambda spec, **_: started.append(spec) or Run.create(spec))
    app = opened(row="C-lenet5")
    app.button(key="start.C-lenet5").click().run()
    assert started == [PRESETS["C-lenet5"]]
    assert [run.spec for run in list_runs()] == started


def test_a_cross_validation_starts_all_of_its_folds(monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "submit", lambda spec, **_: started.append(spec) or Run.create(spec))
    app = opened(row="D-crossval")
    app.button(key="start.D-crossval").click().run()
    assert not app.exception
    assert [spec.fold.number for spec in started] == [1, 2, 3, 4, 5]
    assert len({spec.group for spec in started}) == 1


def test_the_form_opens_with_the_preset_and_its_data():
    app = opened(row="E-cnn-k3n64")
    app.button(key="form.E-cnn-k3n64").click().run()
    assert not app.exception
    assert app.selectbox(key="preset").value == "E-cnn-k3n64"
    assert app.session_state["data"] == "mnist"


@pytest.mark.parametrize(
    ("row", "widget", "value"), [("A-tuned", "tune.preset", "A-hyperband"), ("D-crossval", "crossval.what", "D")]
)
def test_searches_and_folds_open_their_own_form(row, widget, value):
    app = opened(row=row)
    app.button(key=f"form.{row}").click().run()
    assert not app.exception
    assert app.selectbox(key=widget).value == value


def test_own_runs_of_the_preset_stand_beside(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    write_idx(own, seed=0)
    completed_run(
        own, PRESETS["C-lenet5"].replace(epochs=3, title="My C"), validation_accuracy=0.8, validation_images=100
    )
    completed_run(own, RunSpec(title="Something else"))
    app = opened(row="C-lenet5")
    (table,) = [frame.value for frame in app.dataframe if "Changed" in frame.value]
    assert table["Run"].tolist() == ["My C"]
    assert table["Validation accuracy"].tolist() == [0.8]
    assert "epochs" in table["Changed"][0]
