"""Beat the model: a visitor and a model label the same twenty test images."""

from fmnist_core.ready_made import ready_made
from fmnist_core.runs import RunState
from pages.ui.header import empty_state, page_header
from pages.ui.predict.beat import play
from pages.ui.runs import choose_run, readable_runs, watcher

page_header("Beat the model", "Can you tell them apart better than the network?")
finished = readable_runs((RunState.COMPLETED,))
if (given := ready_made()) is not None:
    finished.append(watcher().progress(given))
progress = choose_run(finished, label="Against")
if progress is None:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
else:
    play(progress)
