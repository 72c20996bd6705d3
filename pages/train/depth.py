"""Where to cut: a linear probe on every block of a pretrained network."""

from pages.ui.data import current_dataset
from pages.ui.depth.form import probe_form
from pages.ui.depth.result import show_probe
from pages.ui.header import page_header

page_header("Where to cut", "After which block is a pretrained network of most use?")
dataset = current_dataset()
if (spec := probe_form()) is not None:
    show_probe(dataset, spec)
