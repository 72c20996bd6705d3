"""Runs: what trains now, what waits, what was trained."""

from pages.ui.cluster.panel import cluster_notice, cluster_panel
from pages.ui.header import empty_state, page_header
from pages.ui.runs import choose_run, readable_runs
from pages.ui.train.monitor import monitor
from pages.ui.train.notes import deleted_panel, notes_panel, undo_bar
from pages.ui.train.run_list import archive_toggle, damaged_notice, known_tags, lists, settings_panel

page_header("Runs", "How is it going? Every training keeps its curves, its settings and its log.")
undo_bar()
progresses = readable_runs(archived=archive_toggle())
damaged_notice()
cluster_notice()
chosen = choose_run(progresses)
if chosen is not None:
    monitor(chosen.run)
    notes_panel(chosen, known_tags(progresses))
elif readable_runs(archived=True):
    empty_state("All Runs are in the archive.", "pages/train/new.py", "Train another network")
else:
    empty_state("Nothing was trained yet.", "pages/train/new.py", "Train the first network")
if readable_runs(archived=True):
    lists(progresses)
    settings_panel()
deleted_panel()
cluster_panel()
