"""Label suspects: images whose neighbours bear another label, and what a person decides about them."""

from pages.ui.data import current_dataset
from pages.ui.distributions.results import require_images
from pages.ui.header import page_header
from pages.ui.labels.review import choose_page, explain, judged, read_decisions, review, show_decisions
from pages.ui.selection import selection_bar

page_header("Label suspects", "Which labels may be wrong?")
dataset = current_dataset()
selection = selection_bar(dataset, pixel=False)
require_images(dataset, selection)
decisions = read_decisions(dataset)
found = judged(dataset)
if found:
    selected = explain(dataset, selection, found)
    review(dataset, choose_page(dataset, found, selected, decisions))
    show_decisions(dataset, decisions)
