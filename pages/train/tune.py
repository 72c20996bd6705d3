"""Tune: a search for good hyperparameters, whose trials are Runs."""

from pages.ui.data import current_dataset
from pages.ui.header import page_header
from pages.ui.tune.choice import choose_search
from pages.ui.tune.form import search_form
from pages.ui.tune.view import show_search

page_header("Tune", "Which hyperparameters are best? A search trains many Runs and learns from them.")
dataset = current_dataset()
group = choose_search()
if group is None:
    search_form(dataset)
else:
    show_search(group)
