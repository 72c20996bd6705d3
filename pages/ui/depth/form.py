"""What is probed: backbone, image size and weights. It all stands in the address.

The names there differ from those that the Train page reads: a page must not hand on a name that a widget of its own is
bound to.
"""

import streamlit as st

from fmnist_core.backbones import BACKBONES
from fmnist_core.depth_probe import SIZES_PX, WEIGHTS, ProbeSpec
from fmnist_core.errors import LabError
from fmnist_core.spec import HYPERPARAMETERS
from fmnist_core.zoo import weights
from pages.ui.data import plain

_START = ProbeSpec()
_KINDS = {"imagenet": "ImageNet", "file": "From a file", "random": "Not pretrained"}  # short: one line on a phone


def probe_form() -> ProbeSpec | None:
    """Let the user choose; None while a file of weights that is there is still to be named."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        backbone = st.selectbox(
            "Backbone", list(BACKBONES), list(BACKBONES).index(_START.backbone), key="base", bind="query-params",
            format_func=lambda key: BACKBONES[key].title, width=230,
        )  # fmt: skip
        size = st.segmented_control(
            "Image size (px)", SIZES_PX, default=_START.image_size_px, required=True, key="px", bind="query-params",
            help="The images are enlarged to this side (bilinear). Cost grows with its square.",
        )  # fmt: skip
        kind = st.segmented_control(
            "Weights", WEIGHTS, default=_START.weights, required=True, key="with", bind="query-params",
            format_func=_KINDS.get, help=HYPERPARAMETERS["weights"].help,
        )  # fmt: skip
    st.caption(_about(backbone))
    file = _file_field(backbone) if kind == "file" else ""
    if kind == "random":
        st.caption("**Not pretrained.** What you will see comes from the shape of the network alone.")
    try:
        if file:
            weights.named_file(backbone, file)
        return ProbeSpec(backbone, size, kind, file)
    except LabError as error:
        if kind != "file" or file:
            st.error(plain(str(error)), icon=":material/error:")
        return None


def _about(backbone: str) -> str:
    entry = BACKBONES[backbone]
    return f"{entry.summary} [{entry.paper}]({entry.url})"


def _file_field(backbone: str) -> str:
    return st.text_input(
        "File of weights on the server", key="file", bind="query-params",
        placeholder=f"/home/me/{BACKBONES[backbone].weights_file}",
        help=f"HDF5 of {BACKBONES[backbone].title} without top, as Keras saves it: .weights.h5, or an official .h5.",
    ).strip()  # fmt: skip
