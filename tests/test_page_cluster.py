"""Where Runs execute: the part of the Runs page, without a browser and without a cluster."""

import time

import pytest
from app_page import open_app
from streamlit.testing.v1 import AppTest

from fmnist_core import estimates, jobs, paths
from fmnist_core.cluster import link
from fmnist_core.cluster.address import VARIABLE
from fmnist_core.cluster.demand import Demand
from fmnist_core.cluster.handover import Handover
from fmnist_core.cluster.link import Snapshot, Worker
from fmnist_core.processes import Claim
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import RunSpec
from fmnist_core.tuning.group import SearchGroup, list_searches

ADDRESS = "tcp://127.0.0.1:9"
WORKERS = (
    Worker("tcp://10.0.0.1:1", "first", "10.0.0.1", 4, 8_000_000_000, {"RUN": 1}),
    Worker("tcp://10.0.0.2:1", "second", "10.0.0.2", 4, 8_000_000_000, {"RUN": 2}),
)


@pytest.fixture(autouse=True)
def found(tmp_path, monkeypatch):
    """Fresh Runs, no processes, and a link that finds what the test puts into this dictionary."""
    cache, found = paths.cache(), {}
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    (tmp_path / "cache").symlink_to(cache)
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(link.Link, "snapshot", lambda self, *args, **options: found.get("snapshot"))
    monkeypatch.setattr(link.Link, "submit", lambda self, *args, **options: False)
    monkeypatch.setattr(estimates, "PROBE_COMMAND", ("true",))
    monkeypatch.setattr(SearchGroup, "_spawn", lambda group: Claim.of().write(group.folder))
    return found


def open_page(*, is_open: bool = True) -> AppTest:
    return open_app("pages/train/runs.py", {"cluster.panel": is_open})


def words(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.warning, *app.error])


def test_an_address_is_saved_and_the_other_settings_stay(found):
    Settings(parallel_runs=3).write(paths.runs())
    app = open_page()
    app.text_input(key="cluster.address").set_value("host:8786")
    app.number_input(key="cluster.cores").set_value(4)
    app.button(key="FormSubmitter:cluster.form-Save and check").click().run()
    assert not app.exception
    assert Settings.read(paths.runs()) == Settings(parallel_runs=3, scheduler="tcp://host:8786", run_cores=4)
    assert "Connecting to" in words(app)


def test_what_is_no_address_is_refused_at_the_form():
    app = open_page()
    app.text_input(key="cluster.address").set_value("nonsense")
    app.button(key="FormSubmitter:cluster.form-Save and check").click().run()
    assert "Expected the address of a Dask scheduler" in app.error[0].value
    assert Settings.read(paths.runs()).scheduler == ""


def test_workers_are_shown_with_what_runs_where(found):
    Settings(scheduler=ADDRESS).write(paths.runs())
    found["snapshot"] = Snapshot(time.monotonic(), workers=WORKERS, dashboard="http://10.0.0.9:8787/status")
    running, waiting = (Run.create(RunSpec(title=title)) for title in ("Works there", "Waits there"))
    for run, *kinds in ((running, "queued", "started"), (waiting, "queued")):
        for kind in kinds:
            run.write_event(kind)
        Handover(run.id, ADDRESS, "", time.time()).write(run.folder)
    mine = Claim.of()
    Claim(mine.pid, mine.created_s, mine.host, "attempt", "second").write(running.folder)
    Demand(4, memory_gb=8).write(running.folder)
    app = open_page()
    assert "**2 workers**, room for 3 Runs at once, 1 waits at the scheduler" in words(app)
    table = next(frame.value for frame in app.dataframe if "Worker" in frame.value)
    assert list(table["Executes"]) == ["", "Works there"]
    assert list(table["Asked for"]) == ["", "4 cores, 8 GB"]
    assert list(table["Declares"]) == ["RUN=1", "RUN=2"]
    assert [link.proto.url for link in app.get("link_button")] == ["http://10.0.0.9:8787/status"]


def test_why_the_cluster_cannot_be_used_is_said_where_runs_wait(found):
    Settings(scheduler=ADDRESS).write(paths.runs())
    found["snapshot"] = Snapshot(time.monotonic(), reason="Expected a Dask scheduler. Received: silence.")
    jobs.submit(RunSpec())
    app = open_page(is_open=False)
    assert any("Runs wait." in warning.value and "silence" in warning.value for warning in app.warning)
    assert any("silence" in error.value for error in open_page().error)


def test_a_worker_that_is_not_fit_is_named(found):
    Settings(scheduler=ADDRESS).write(paths.runs())
    fault = "Expected worker second to see the runs folder. Received nothing."
    found["snapshot"] = Snapshot(time.monotonic(), workers=WORKERS, faults={WORKERS[1].address: fault})
    assert any("worker second" in error.value for error in open_page().error)


def test_an_address_in_the_environment_is_shown_and_cannot_be_changed(monkeypatch):
    monkeypatch.setenv(VARIABLE, "host:8786")
    app = open_page()
    field = app.text_input(key="cluster.address")
    assert field.disabled
    assert field.value == "tcp://host:8786"
    assert VARIABLE in words(app).replace("\\", "")


LAUNCHES = {
    "new": lambda: list_runs()[0].folder, "tune": lambda: list_searches()[0].folder,
    "crossval": lambda: list_runs()[0].folder,
}  # fmt: skip


@pytest.mark.parametrize("page", LAUNCHES)
def test_what_its_runs_ask_a_worker_for_is_set_beside_each_launch(found, page):
    workers = (Worker("tcp://10.0.0.1:1", "first", "10.0.0.1", 4, 8_000_000_000, {"CORES": 4}),)
    found["snapshot"] = Snapshot(time.monotonic(), workers=workers)
    Settings(scheduler=ADDRESS, run_cores=2).write(paths.runs())
    app = open_app(f"pages/train/{page}.py")
    start = next(place for place, button in enumerate(app.button) if button.label.startswith("Start"))
    assert any("worker for 2 cores, 2 GB" in expander.label for expander in app.expander)
    assert "No worker declares its memory" in words(app)
    app.number_input(key=f"{page}.cores").set_value(9).run()
    assert "Expected a worker with 9 cores" in words(app) and app.button[start].disabled
    app.number_input(key=f"{page}.cores").set_value(3).run()
    assert any("worker for 3 cores, 2 GB" in expander.label for expander in app.expander) and not app.error
    app.button[start].click().run()
    assert not app.exception
    assert Demand.read(LAUNCHES[page]()) == Demand(3)


def test_without_a_cluster_nothing_is_asked():
    app = open_app("pages/train/new.py")
    assert not any("worker" in expander.label for expander in app.expander)
    app.button[-1].click().run()
    assert Demand.read(list_runs()[0].folder) is None


def test_what_a_run_asks_for_is_shown_with_it_and_can_be_changed_before_it_goes_on(found):
    found["snapshot"] = Snapshot(time.monotonic(), workers=WORKERS)
    Settings(scheduler=ADDRESS).write(paths.runs())
    run = jobs.submit(RunSpec(), demand=Demand(memory_gb=3))
    jobs.request_stop(run)
    app = open_page(is_open=False)
    assert "Asks a worker for 1 core, 3 GB." in words(app)
    app.number_input(key=f"demand.{run.id}.gpus").set_value(1)
    save = next(button for button in app.button if button.label == "Save")
    save.click().run()
    assert "Received none that declares any." in words(app) and Demand.read(run.folder) == Demand(memory_gb=3)
    app.number_input(key=f"demand.{run.id}.gpus").set_value(0)
    app.number_input(key=f"demand.{run.id}.memory_gb").set_value(6.0)
    next(button for button in app.button if button.label == "Save").click().run()
    assert Demand.read(run.folder) == Demand(memory_gb=6)
    assert "Asks a worker for 1 core, 6 GB." in words(app)
    app.button(key="resume").click().run()
    assert (run.state, Demand.read(run.folder)) == (RunState.QUEUED, Demand(memory_gb=6))
