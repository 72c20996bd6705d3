"""Beat the model: a visitor and a model label the same twenty test images."""

from pages.ui.header import empty_state, page_header
from pages.ui.predict.beat import play
from pages.ui.runs import choose_run, finished_models

page_header("Beat the model", "Can you tell them apart better than the network?")
progress = choose_run(finished_models(), label="Against")
if progress is None:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
else:
    play(progress)
