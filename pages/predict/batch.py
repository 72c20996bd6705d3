"""Batch: what a model says about many pictures at once."""

from fmnist_core.ready_made import ready_made
from fmnist_core.runs import RunState
from pages.ui.header import empty_state, page_header
from pages.ui.predict.batch import chosen_batch, intake, others, show_batch
from pages.ui.runs import choose_run, readable_runs, watcher

page_header("Batch", "What does the model say about many pictures at once?")
finished = readable_runs((RunState.COMPLETED,))
if (given := ready_made()) is not None:
    finished.append(watcher().progress(given))
progress = choose_run(finished, label="Model")
batch = chosen_batch()
if progress is None:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
elif batch is None:
    intake()
    others()
else:
    show_batch(batch, progress)
    others(batch)
