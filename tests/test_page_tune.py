"""The page Tune in its states: nothing searched, under way, interrupted, failed, done, settings refused."""

import json
import os
import re
import shutil
from dataclasses import asdict

import pytest
from app_page import open_app

from fmnist_core import estimates, jobs, machine, paths
from fmnist_core.presets.searches import SEARCHES
from fmnist_core.processes import Claim
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.tuning import group as group_module
from fmnist_core.tuning.group import IMPORTANCE_FILE, SearchGroup, list_searches
from fmnist_core.tuning.importance import importance
from fmnist_core.tuning.space import Boolean, Condition, Fixed, Float
from fmnist_core.tuning.trials import read_progress, trial_frame

RATES = (0.0004, 0.001, 0.002, 0.004, 0.008, 0.0006)
UNITS = (32, 64, 96, 128, 160, 64)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """Fresh searches and Runs for each test, the session's data cache, and no processes."""
    cache = paths.cache()
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    (tmp_path / "cache").symlink_to(cache)
    monkeypatch.chdir(paths.PROJECT)
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(estimates, "PROBE_COMMAND", ("true",))
    monkeypatch.setattr(SearchGroup, "_spawn", lambda group: Claim.of().write(group.folder))


def open_page(**query):
    return open_app("pages/train/tune.py", **query)


def words(page):
    elements = [*page.markdown, *page.caption, *page.subheader, *page.info, *page.warning, *page.error]
    return re.sub(r"\\(.)", r"\1", " ".join(element.value for element in elements))


def labels(page):
    return [button.label for button in page.button]


def made(*, trials=6, failed=(), open_trials=0, preset="first-search", **changes):
    """A search with Runs, made by writing folders."""
    search = SEARCHES[preset].search.replace(**{"max_trials": trials + open_trials} | changes)
    group = SearchGroup.create(search)
    group.write_event("queued")
    group.write_event("started", pid=os.getpid())
    for number in range(trials + open_trials):
        values = {
            "learning_rate": RATES[number % 6], "batch_size": (32, 64)[number % 2],
            "dense_layers[0].units": UNITS[number % 6], "dense_layers[0].dropout": 0.1 * (number % 3),
        }  # fmt: skip
        spec = search.trial_spec(values, number=number, group=group.id)
        run = Run.create(spec)
        group.write_event("trial", trial=str(number), values=values, epochs=3, initial_epoch=0, runs=[run.id])
        run.write_event("queued")
        if number >= trials:
            continue
        value = 0.70 + 0.01 * number
        if number in failed:
            run.write_event("failed", message="The loss stopped being a number.")
        else:
            for epoch in (1, 2, 3):
                logs = {
                    "loss": 0.5,
                    "accuracy": value,
                    "val_loss": 1 - value,
                    "val_accuracy": value - 0.01 * (3 - epoch),
                }
                run.write_event("epoch", epoch=epoch, **logs)
            run.write_event("completed", test_accuracy=value)
        state, message = ("failed", "The loss stopped being a number.") if number in failed else ("completed", "")
        group.write_event(
            "trial_end", trial=str(number), state=state, objective=None if message else value, best_epoch=3,
            message=message, elapsed_s=30.0 * (number + 1),
        )  # fmt: skip
    return group


def done(group):
    group.write_event("completed", message="All trials are done.")
    progress = read_progress(group)
    found = importance(trial_frame(progress.search, progress.completed), progress.search.space)
    if found:
        (group.folder / IMPORTANCE_FILE).write_text(json.dumps(asdict(found)))
    return group


def test_nothing_searched_yet_shows_the_question_the_space_and_one_button():
    page = open_page()
    assert "Which hyperparameters are best?" in words(page)
    assert page.button(key="tune.start").label == "Start search"
    table = page.table[0].value
    assert list(table["Searched"])[:2] == ["Learning rate", "Batch size"]
    assert list(table["Values"])[:2] == ["0.0003 to 0.01, log scale", "32, 64 or 128"]
    assert [metric.value for metric in page.metric] == ["8", "24"]


@pytest.mark.parametrize("key", SEARCHES)
def test_every_preset_can_be_started(key):
    page = open_page()
    page.selectbox(key="tune.preset").set_value(key).run()
    assert not page.exception and not page.error
    assert SEARCHES[key].note[:20] in words(page)
    assert ("E worked on MNIST" in words(page)) is key.startswith("E")
    page.button(key="tune.start").click().run()
    assert not page.exception
    (group,) = list_searches()
    expected, search = SEARCHES[key].search, group.search
    assert search.replace(base=expected.base) == expected
    assert search.base.replace(dataset=expected.base.dataset) == expected.base
    assert page.query_params["search"] in (group.id, [group.id])
    assert "Running" in words(page) or "starting" in words(page)


def test_another_network_keeps_what_it_can_of_the_space():
    page = open_page()
    page.selectbox(key="tune.first-search.network").set_value("mobilenet-cut").run()
    assert not page.exception and not page.error
    page.button(key="tune.start").click().run()
    (group,) = list_searches()
    assert group.search.base.backbone == "mobilenet"
    assert "learning_rate" in [entry.path for entry in group.search.space]


def test_hyperparameters_are_added_changed_and_removed():
    page = open_page()
    scope = "tune.first-search."
    page.selectbox(key=f"{scope}.add").set_value("activation").run()
    page.button(key=f"{scope}.adding").click().run()
    page.button(key=f"{scope}.dense_layers[0].dropout.remove").click().run()
    page.multiselect(key=f"{scope}.activation.choice").set_value(["relu", "tanh"]).run()
    page.text_input(key=f"{scope}.batch_size.choice").set_value("16, 48").run()
    assert not page.exception and not page.error
    assert list(page.table[0].value["Values"]) == [
        "0.0003 to 0.01, log scale", "16 or 48", "32 to 160 by 32", "ReLU or tanh",
    ]  # fmt: skip


def test_losses_that_count_their_own_smoothing_are_told_to_be_no_objective():
    page = open_page()
    page.selectbox(key="tune.first-search..add").set_value("label_smoothing").run()
    page.button(key="tune.first-search..adding").click().run()
    assert "least smoothing" not in words(page)
    page.selectbox(key="tune.first-search..objective").set_value("val_loss").run()
    assert "least smoothing" in words(page)


def values_of(page):
    assert not page.exception and not page.error
    return dict(zip(*(page.table[0].value[name] for name in ("Searched", "Values")), strict=True))


def test_a_range_has_limits_a_step_and_a_scale_and_neither_scale_forgets():
    page = open_page()
    dropout, rate = (f"tune.first-search..{path}.float" for path in ("dense_layers[0].dropout", "learning_rate"))
    name = next(name for name in values_of(page) if name.startswith("Dropout"))
    page.slider(key=f"{dropout}.steps").set_value((0.1, 0.4))
    page.number_input(key=f"{dropout}.steps.step").set_value(0.05).run()
    assert values_of(page)[name] == "0.1 to 0.4 by 0.05"
    page.toggle(key=f"{dropout}.log").set_value(True).run()
    assert values_of(page)[name] == "0.1 to 0.4, log scale"
    page.number_input(key=f"{dropout}.factors.step").set_value(2.0)
    page.select_slider(key=f"{dropout}.factors").set_value((0.1, 0.2)).run()
    assert values_of(page)[name] == "0.1 to 0.2, factors of 2"
    page.toggle(key=f"{rate}.log").set_value(False)
    page.number_input(key=f"{dropout}.factors.step").set_value(0.5).run()
    assert "a step above 1" in words(page) and page.button(key="tune.start").disabled
    page.number_input(key=f"{rate}.steps.to").set_value(0.0043)
    page.toggle(key=f"{dropout}.log").set_value(False).run()
    assert values_of(page)[name] == "0.1 to 0.4 by 0.05"
    assert values_of(page)["Learning rate"] == "0.0003 to 0.0043"
    page.button(key="tune.start").click().run()
    (group,) = list_searches()
    assert group.search.space[0] == Float("learning_rate", 0.0003, 0.0043)
    assert group.search.space[3] == Float("dense_layers[0].dropout", 0.1, 0.4, 0.05)


def test_a_range_that_may_be_nothing_begins_above_it_by_factors():
    page = open_page()
    page.toggle(key="tune.first-search..dense_layers[0].dropout.float.log").set_value(True)
    page.toggle(key="tune.first-search..dense_layers[0].units.int.log").set_value(True).run()
    assert "0.001 to 0.5, log scale" in values_of(page).values()
    assert "32 to 160, log scale" in values_of(page).values()


def test_kinds_fixed_values_switches_and_conditions():
    page = open_page()
    scope, rate = "tune.first-search.", "tune.first-search..learning_rate"
    units = f"{scope}.dense_layers[0].units"
    page.selectbox(key=f"{scope}.add").set_value("dense_layers[0].batch_norm").run()
    page.segmented_control(key=f"{rate}.kind").set_value("choice")
    page.selectbox(key=f"{units}.when").set_value("batch_size")
    page.button(key=f"{scope}.adding").click().run()
    page.selectbox(key=f"{scope}.add").set_value("schedule")
    page.text_input(key=f"{rate}.choice").set_value("0, 0.01").run()
    assert "These values cannot be tried: learning_rate = 0" in words(page) and page.button(key="tune.start").disabled
    page.segmented_control(key=f"{rate}.kind").set_value("fixed")
    page.multiselect(key=f"{units}.when.batch_size").set_value([])
    page.button(key=f"{scope}.adding").click().run()
    assert "at least one value of batch_size in a condition" in words(page)
    page.number_input(key=f"{rate}.fixed").set_value(0.02)
    page.segmented_control(key=f"{scope}.schedule.kind").set_value("fixed")
    page.multiselect(key=f"{units}.when.batch_size").set_value([64, 128]).run()
    page.selectbox(key=f"{scope}.schedule.fixed").set_value("cosine").run()
    values_of(page)
    page.button(key="tune.start").click().run()
    (group,) = list_searches()
    space = {entry.path: entry for entry in group.search.space}
    assert space["learning_rate"] == Fixed("learning_rate", value=0.02)
    assert space["schedule"] == Fixed("schedule", value="cosine")
    assert space["dense_layers[0].batch_norm"] == Boolean("dense_layers[0].batch_norm")
    assert space["dense_layers[0].units"].when == Condition("batch_size", (64, 128))
    assert space["dense_layers[0].dropout"].when is None


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("batch_size.choice", "0, 32", "batch_size"),
        ("batch_size.choice", "many", "numbers with commas"),
        ("batch_size.choice", "", "at least one value"),
    ],
)
def test_bad_values_are_refused_at_the_form_with_the_reason(key, value, reason):
    page = open_page()
    page.text_input(key=f"tune.first-search..{key}").set_value(value).run()
    assert reason in words(page)
    assert page.button(key="tune.start").disabled


def test_more_runs_at_once_than_the_memory_bears_are_refused_until_fewer_are_set(monkeypatch):
    monkeypatch.setattr(machine, "free_bytes", lambda: 3_000_000_000)
    Settings(parallel_runs=8).write(paths.runs())
    page = open_page()
    assert "Expected at most 1 Run at once" in page.error[0].value and page.button(key="tune.start").disabled
    page.number_input(key="tune.parallel").set_value(1).run()
    assert not page.error and not page.button(key="tune.start").disabled


def test_an_empty_space_and_no_trials_are_refused():
    page = open_page()
    page.number_input(key="tune.first-search..max_trials").set_value(0).run()
    assert "at least one trial" in words(page) and page.button(key="tune.start").disabled
    page.number_input(key="tune.first-search..max_trials").set_value(3).run()
    for path in ("learning_rate", "batch_size", "dense_layers[0].units", "dense_layers[0].dropout"):
        page.button(key=f"tune.first-search..{path}.remove").click().run()
    assert "empty space" in words(page) and page.button(key="tune.start").disabled


def test_a_finished_search_shows_the_best_its_charts_and_its_trials():
    page = open_page(search=done(made()).id)
    text = words(page)
    assert "Best so far: 75.00%" in text and "trial 6" in text
    assert "6 of 6 trials" in text and "All trials are done." in text
    assert "The best of 6 trials is trial 6 with 75.00%" in text
    assert "matters most in these 6 trials" in text and "Few trials for 4 hyperparameters" in text
    assert "Each line is a trial." in text
    table = page.dataframe[0].value
    assert list(table["Trial"]) == [6, 5, 4, 3, 2, 1]
    assert table["Validation accuracy"][0] == pytest.approx(75)
    assert "Stop" not in labels(page) and "Resume" not in labels(page)


def test_few_trials_show_only_what_makes_sense():
    page = open_page(search=done(made(trials=1)).id)
    assert "Best so far" in words(page) and "Each line is a trial." not in words(page)
    page = open_page(search=done(made(trials=3)).id)
    assert "Shown from 5 completed trials on." in words(page)


def test_a_search_under_way_says_how_far_it_is_and_can_be_stopped():
    group = made(trials=2, failed=(1,), open_trials=1, max_trials=8)
    Claim.of().write(group.folder)
    page = open_page(search=group.id)
    assert "2 of 8 trials (1 failed), about" in words(page)
    assert list(page.dataframe[0].value["State"])[1:] == ["Failed", "Completed"]
    assert "The loss stopped being a number." in words(page)
    page.button(key="tune.stop").click().run()
    assert (group.folder / "stop").exists()
    assert "Stopping …" in labels(page)


def test_an_interrupted_search_says_so_and_resumes():
    group = made(trials=2, open_trials=1, max_trials=8)
    page = open_page(search=group.id)
    assert "Its process is gone" in words(page)
    page.button(key="tune.resume").click().run()
    assert not page.exception
    assert group.state == RunState.RUNNING


def test_a_failed_search_says_why():
    group = made(trials=2, failed=(0, 1))
    group.write_event("failed", message="Expected some trial to complete. Received 5 failures.")
    page = open_page(search=group.id)
    assert "Expected some trial to complete." in page.error[0].value
    assert "Resume" in labels(page)


def test_one_click_trains_the_best_fully_and_leads_to_it():
    group = done(made())
    page = open_page(search=group.id)
    page.button(key="tune.best").click().run()
    assert not page.exception
    run = next(run for run in list_runs() if not run.spec.group)
    assert run.spec.title == "Best of First search"
    assert (run.spec.learning_rate, run.spec.dense_layers[0].units) == (0.0006, 64)
    assert (run.spec.epochs, run.spec.best_checkpoint, run.spec.start_run) == (5, "val_accuracy", "")
    assert "Train the best one fully" not in labels(page)
    assert [link.label for link in page.get("page_link") if "training" in link.label] == ["See its full training"]
    run.write_event("completed", test_accuracy=0.9)
    page = open_page(search=group.id)
    assert [link.label for link in page.get("page_link")][-2:] == [
        "See the result of its full training", "Compare it with the trial",
    ]  # fmt: skip


def test_a_search_that_is_over_can_be_extended():
    group = done(made())
    page = open_page(search=group.id)
    page.session_state["tune.extend"] = True
    page.run()
    assert not page.exception
    page.button(key="tune.extend.start").click().run()
    assert group.search.max_trials == 16
    assert group.state == RunState.RUNNING


def test_a_link_to_a_search_that_is_not_there_says_so():
    assert "Expected a search of this workspace." in words(open_page(search="search-absent"))


def test_a_damaged_search_is_passed_over():
    group = done(made())
    (group_module.searches_folder() / "search-broken-20250101-000000-abcd").mkdir()
    (group_module.searches_folder() / "search-broken-20250101-000000-abcd" / "search.json").write_text("{")
    assert "Best so far" in words(open_page(search=group.id))


def test_a_deleted_run_leaves_its_trial_on_the_page():
    group = made(trials=3, open_trials=1)
    for trial in read_progress(group).trials[2:]:
        shutil.rmtree(group.runs_folder / trial.runs[0])
    page = open_page(search=group.id)
    assert list(page.dataframe[0].value["Trial"]) == [4, 3, 2, 1]
