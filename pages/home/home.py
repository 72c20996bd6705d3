"""Home: what one can do here, where the data come from, and what trains now."""

from pages.ui.data import current_dataset
from pages.ui.header import page_header
from pages.ui.home.overview import data_line, recent_runs, sample_strip, ways

page_header(
    "FMNIST Lab",
    "Look at 70,000 small pictures of clothes, train a network on them, and see what it has learnt.",
)
dataset = current_dataset()
sample_strip(dataset)
data_line(dataset)
ways()
recent_runs()
