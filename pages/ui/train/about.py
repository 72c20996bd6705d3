"""What the chosen network is: its picture, its arithmetic, what of it is trained, and where it was published."""

import pandas as pd
import streamlit as st

from fmnist_core.backbones import BACKBONES, RANGE_WORDS, has_batch_norm
from fmnist_core.figures.network import network_boxes, network_figure, network_text, training
from fmnist_core.spec import RunSpec
from fmnist_core.zoo import Layer
from pages.ui.export import show_figure, table_download

_PAPERS = {
    "lenet": ("LeCun et al., 1998", "https://doi.org/10.1109/5.726791"),
    "norm": ("Ioffe and Szegedy, 2015", "https://arxiv.org/abs/1502.03167"),
    "dropout": ("Srivastava et al., 2014", "https://jmlr.org/papers/v15/srivastava14a.html"),
}


def about_network(spec: RunSpec, layers: tuple[Layer, ...]) -> None:
    """Show the section, folded away until it is asked for."""
    with st.expander("About this network", key="about-network", on_change="rerun", icon=":material/school:") as about:
        if not about.open:
            return
        st.markdown(_story(spec))
        boxes = network_boxes(layers)
        show_figure(network_figure(boxes), "network", alt=network_text(boxes))
        frame = _table(layers)
        st.dataframe(
            frame, hide_index=True,
            column_config={
                name: st.column_config.NumberColumn(format="localized") for name in ("Parameters", "Multiply-adds")
            },
        )  # fmt: skip
        table_download(frame, "network-layers", index=False)


def _story(spec: RunSpec) -> str:
    if spec.is_transfer:
        backbone = BACKBONES[spec.backbone]
        frozen = (
            "The whole backbone is frozen: training adjusts the head alone."
            if not spec.unfrozen_layers
            else f"The backbone's last {spec.unfrozen_layers} layers are trained along with the head."
        )
        later = (
            f" After {spec.epochs} epochs its last {spec.fine_tune_layers} layers are fine-tuned for "
            f"{spec.fine_tune_epochs} more."
            if spec.fine_tune_epochs
            else ""
        )
        norm = " Batch normalisation keeps its statistics." * has_batch_norm(spec.backbone)
        return (
            f"**{backbone.title}** ([{backbone.paper}]({backbone.url})). {backbone.summary} It expects inputs of "
            f"{RANGE_WORDS[backbone.input_range]}. {frozen}{later}{norm}"
        )
    parts = [
        "Convolutions look for the same small patterns everywhere, pooling forgets where exactly they were, dense "
        f"layers weigh what was found ({_link('lenet')})."
    ]
    if any(block.batch_norm for block in (*spec.conv_blocks, *spec.dense_layers)):
        parts.append(f"Batch normalisation keeps the numbers between layers in one range ({_link('norm')}).")
    if any(layer.dropout for layer in (*spec.conv_blocks, *spec.dense_layers)):
        parts.append(f"Dropout silences some of them at random while training ({_link('dropout')}).")
    if spec.frozen_blocks:
        parts.append(f"The first {spec.frozen_blocks} convolution blocks keep what an earlier Run learned.")
    return " ".join(parts)


def _link(name: str) -> str:
    paper, url = _PAPERS[name]
    return f"[{paper}]({url})"


def _table(layers: tuple[Layer, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Layer": [layer.title for layer in layers],
            "Output": ["×".join(map(str, layer.output_shape)) for layer in layers],
            "Parameters": [layer.parameters for layer in layers],
            "Multiply-adds": [layer.multiply_adds for layer in layers],
            "Weights": [training(layer) if layer.parameters else "" for layer in layers],
        }
    )
