"""Take away: a finished Run's model for use elsewhere, and somebody's model for use here."""

from fmnist_core.runs import RunState
from pages.ui.header import empty_state, page_header
from pages.ui.predict.take_away import take_away
from pages.ui.predict.take_away_arrival import bring_in
from pages.ui.runs import choose_run, readable_runs

page_header("Take away", "How do I use this model elsewhere?")
progress = choose_run(readable_runs((RunState.COMPLETED,)))
if progress is None:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
else:
    take_away(progress.run)
bring_in()
