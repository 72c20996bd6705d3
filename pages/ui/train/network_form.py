"""The part of the Train form that depends on the kind of network: convolutions, or a backbone and where it is cut."""

from typing import Any

import streamlit as st

from fmnist_core.backbones import BACKBONES, RANGE_WORDS, blocks, cut_points
from fmnist_core.errors import ModelError
from fmnist_core.runs import RunState
from fmnist_core.spec import RunSpec
from fmnist_core.zoo import weights
from pages.ui.data import plain
from pages.ui.runs import readable_runs
from pages.ui.train.spec_form import conv_blocks_form, dense_layers_form, field_widget, section_fields


def network_form(base: RunSpec, scope: str) -> dict[str, Any]:
    """Show the settings of the spec's kind of network and return their values by name."""
    if base.is_transfer:
        with st.expander("Backbone and cut"):
            values = _backbone_fields(base, scope)
        with st.expander("Head"):
            left, right = st.columns(2, gap="medium")
            with left:
                values["global_pooling"] = field_widget("global_pooling", base, scope)
            with right:
                values["activation"] = field_widget("activation", base, scope)
            values["dense_layers"] = dense_layers_form(base.dense_layers, scope, least=0)
        with st.expander("Fine-tuning"):
            values |= section_fields("Fine-tuning", base, scope)
        return values
    with st.expander("Network"):
        values = section_fields("Network", base, scope)
        values["conv_blocks"] = conv_blocks_form(base.conv_blocks, scope)
        values["dense_layers"] = dense_layers_form(base.dense_layers, scope, least=0)
    with st.expander("Weights at the start" if base.start_epoch else "Start from an earlier Run"):
        values |= _start_fields(base, scope)
    return values


def weights_line(spec: RunSpec) -> None:
    """Say in a line where the backbone's weights come from, and what keeps its features from being kept."""
    if not spec.is_transfer:
        return
    backbone = BACKBONES[spec.backbone]
    if spec.start_epoch:
        st.caption("The weights, those of the backbone too, come from the Run that this one forks from.")
    elif spec.weights == "random":
        st.warning("Not pretrained: the backbone has random weights.", icon=":material/warning:")
    elif spec.weights == "imagenet":
        if found := weights.find(spec.backbone):
            st.caption(f"ImageNet weights: {plain(str(found))}")
        else:
            st.caption(
                f"ImageNet weights will be downloaded. Without a network, put `{backbone.weights_file}` into "
                f"{plain(str(weights.folder()))}."
            )
    else:
        _file_line(spec)
    if spec.scaling != "base":
        st.caption(f"{backbone.title} was trained on inputs of {RANGE_WORDS[backbone.input_range]}; this Run differs.")
    if spec.cache_features and not spec.unfrozen_layers and spec.is_augmented and not spec.feature_copies:
        st.caption(
            "Augmentation shows the backbone other images in each epoch, so it cannot be computed once. "
            "Augmented copies (under Backbone) can be kept."
        )


def _file_line(spec: RunSpec) -> None:
    """Say which file the weights come from, or that it is not there: no refusal, for a cluster may have it."""
    try:
        st.caption(f"Weights: {plain(str(weights.named_file(spec.backbone, spec.weights_file)))}")
    except ModelError as error:
        st.warning(f"{plain(str(error))} The Run would fail at its start.", icon=":material/warning:")


def _backbone_fields(base: RunSpec, scope: str) -> dict[str, Any]:
    left, right = st.columns(2, gap="medium")
    with left:
        backbone = field_widget("backbone", base, scope)
    with right:
        cut = _cut(base, backbone, scope)
    kind, file = base.weights, base.weights_file
    if not base.start_epoch:  # a fork has those of the Run that it comes from
        kind, file = _weights_fields(base, scope)
    shown = ("backbone", "weights")
    values = section_fields("Backbone", base, scope, without=shown)
    return values | {"backbone": backbone, "cut": cut, "weights": kind, "weights_file": file}


def _weights_fields(base: RunSpec, scope: str) -> tuple[str, str]:
    """Let the user choose where the weights come from; return the kind, and the file."""
    left, right = st.columns(2, gap="medium")
    with left:
        kind = field_widget("weights", base, scope)
    with right:
        file = base.weights_file
        if kind == "file":
            file = st.text_input(
                "File of weights", base.weights_file, key=f"{scope}.weights_file", persist_state="session",
                help="Path of an HDF5 file (.h5 or .weights.h5) with this backbone's weights, without top.",
            )  # fmt: skip
    return kind, file


def _cut(base: RunSpec, backbone: str, scope: str) -> str:
    size_px = st.session_state.get(f"{scope}.image_size_px", base.image_size_px)  # its widget comes later, under Data
    known = {block.name: block for block in blocks(backbone, size_px)}
    names = cut_points(backbone)

    def words(name: str) -> str:
        block = known.get(name)
        shape = "×".join(map(str, block.output_shape)) if block else "no pixel left"
        return f"{name} ({shape})" + (", the whole" if name == names[-1] else "")

    start = base.cut if backbone == base.backbone and base.cut in names else names[-1]
    chosen = st.selectbox(
        "Cut after block", names, names.index(start), format_func=words, key=f"{scope}.{backbone}.cut",
        persist_state="session",
        help="The block whose output feeds the head. The deepest one knows most about photographs, and often least "
        "about small garments: the page Where to cut measures it.",
    )  # fmt: skip
    return "" if chosen == names[-1] and not base.cut else chosen


def _start_fields(base: RunSpec, scope: str) -> dict[str, Any]:
    if base.start_epoch:
        st.caption(f"The weights come from epoch {base.start_epoch} of the Run that this one forks from.")
        return {"frozen_blocks": field_widget("frozen_blocks", base, scope)}
    done = {
        progress.run.id: progress.run.spec
        for progress in readable_runs()
        if progress.state == RunState.COMPLETED and not progress.run.spec.is_transfer
    }
    if base.start_run:
        done.setdefault(base.start_run, base)
    options = ["", *done]
    chosen = st.selectbox(
        "Weights from", options, options.index(base.start_run), key=f"{scope}.start_run", persist_state="session",
        format_func=lambda run_id: f"{done[run_id].title} ({run_id[:15]})" if run_id else "Nothing: random weights",
        help="The new Run starts with what this one learned, say on digits. Its convolutions must be the same.",
    )  # fmt: skip
    if not chosen:
        return {"start_run": "", "frozen_blocks": 0}
    frozen = field_widget("frozen_blocks", base, scope)
    return {"start_run": chosen, "frozen_blocks": frozen}
