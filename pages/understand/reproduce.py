"""Reproduce: what five earlier systems reported, what we get, and why the two differ."""

from pages.ui.header import page_header
from pages.ui.understand.reproduce import choose_row, choose_system, kept_runs, overview
from pages.ui.understand.reproduce_row import row_view

page_header("Reproduce", "What did five earlier systems report, do we get the same, and if not, why?")
kept = kept_runs()
system = choose_system()
overview(kept, system)
row_view(choose_row(system), kept)
