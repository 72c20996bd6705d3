"""Train: choose a network, change what you like, start a Run."""

import streamlit as st

from fmnist_core import jobs, zoo
from fmnist_core.errors import LabError
from fmnist_core.presets import PRESETS
from fmnist_core.run_data import data_for
from fmnist_core.spec import RunSpec
from fmnist_core.splits import check_split
from pages.ui.cluster.demand import demand_form
from pages.ui.data import current_dataset, plain
from pages.ui.header import page_header
from pages.ui.train.about import about_network
from pages.ui.train.launch import base_spec, estimate_line, fork_cautions, keeping_line, layer_table, named, preset_note
from pages.ui.train.network_form import network_form, weights_line
from pages.ui.train.spec_form import field_widget, section_fields

page_header(
    "Train",
    "Which network, trained how? Each start is a Run of its own; it goes on if you close the browser.",
)
dataset = current_dataset()

form, summary = st.columns(2, gap="medium")
with form:
    base, scope = base_spec(PRESETS, dataset)
    preset_note(base)
    first, second, third = st.columns(3, gap="small", vertical_alignment="bottom")
    values = {}
    with first:
        values["epochs"] = field_widget("epochs", base, scope)
    with second:
        values["learning_rate"] = field_widget("learning_rate", base, scope)
    with third:
        values["batch_size"] = field_widget("batch_size", base, scope)
    try:
        with st.expander("Optimizer, schedule, stopping"):
            values |= section_fields("Training", base, scope, without=tuple(values))
        values |= network_form(base, scope)
        with st.expander("Augmentation"):
            values |= section_fields("Augmentation", base, scope)
        with st.expander("Data, split and seed"):
            values |= section_fields("Data", base, scope)
        with st.expander("Time machine"):
            values |= section_fields("Time machine", base, scope)
        spec: RunSpec | None = base.replace(**values)
        if spec.start_epoch:  # a fork stays on the data of the Run that it comes from
            dataset = data_for(spec, ())
        layers = zoo.describe(spec, len(dataset.class_names))
        fork_cautions(spec)
        check_split(spec, dataset.y_train)
        problem = ""
    except LabError as error:
        spec, layers, problem = None, (), str(error)

with summary, st.container(border=True):
    if spec is None:
        st.error(plain(problem))
    else:
        layer_table(layers)
        weights_line(spec)
        spec = named(spec, scope)
        estimate_line(spec, dataset)
        keeping_line(spec, dataset)
    demand, lack = demand_form("new", "The Run")
    if lack:
        st.error(plain(lack), icon=":material/error:")
    if st.button(
        "Start training", type="primary", icon=":material/play_arrow:", disabled=spec is None or bool(lack),
        width="stretch",
    ):  # fmt: skip
        try:
            run = jobs.submit(spec, demand=demand)
        except (LabError, OSError) as error:
            st.error(f"The Run could not be started. {plain(str(error))}")
        else:
            st.switch_page("pages/train/runs.py", query_params={"run": run.id})

if spec is not None:
    about_network(spec, layers)
