"""Runs: what trains now, what waits, what was trained."""

from pages.ui.cluster.panel import cluster_notice, cluster_panel
from pages.ui.header import empty_state, page_header
from pages.ui.runs import choose_run, readable_runs
from pages.ui.train.monitor import monitor
from pages.ui.train.run_list import damaged_notice, lists, settings_panel

page_header("Runs", "How is it going? Every training keeps its curves, its settings and its log.")
progresses = readable_runs()
damaged_notice()
cluster_notice()
chosen = choose_run(progresses)
if chosen is None:
    empty_state("Nothing was trained yet.", "pages/train/new.py", "Train the first network")
else:
    monitor(chosen.run)
    lists(progresses)
    settings_panel()
cluster_panel()
