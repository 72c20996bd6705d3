"""Batch: what a model says about many pictures at once."""

from pages.ui.header import empty_state, page_header
from pages.ui.predict.batch import chosen_batch, intake, others, show_batch
from pages.ui.runs import choose_run, finished_models

page_header("Batch", "What does the model say about many pictures at once?")
progress = choose_run(finished_models(), label="Model")
batch = chosen_batch()
if progress is None:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
elif batch is None:
    intake()
    others()
else:
    show_batch(batch, progress)
    others(batch)
