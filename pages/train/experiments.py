"""Experiments: several Runs that differ in one thing, started together, compared on one chart."""

from pages.ui.data import current_dataset
from pages.ui.experiments.choice import choose_experiment, choose_launch
from pages.ui.experiments.start import about, start_form
from pages.ui.experiments.view import show_launch
from pages.ui.header import page_header
from pages.ui.runs import readable_runs

page_header("Experiments", "What does one change do? Runs that differ in one thing, side by side.")
dataset = current_dataset()
key = choose_experiment()
about(key, dataset)
progresses = readable_runs(archived=True)  # a group shows all of its Runs
group = choose_launch(key, progresses)
if group:
    show_launch(key, group, progresses)
start_form(key, dataset, progresses, again=bool(group))
