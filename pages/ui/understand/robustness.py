"""Broken images: a Run on the whole test set under the corruptions that Predict has sliders for."""

import streamlit as st

from fmnist_core import datasets
from fmnist_core.errors import LabError
from fmnist_core.evaluation import Evaluation
from fmnist_core.figures.robustness import robustness_figure, robustness_text
from fmnist_core.robustness import Robustness, about_s, can_attack, images_of, known, parameters
from fmnist_core.runs import Run
from fmnist_core.tasks import Task
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download
from pages.ui.tasks import show_task
from pages.ui.words import duration


def robustness_view(run: Run, evaluation: Evaluation) -> None:
    """Show what was computed, or offer to compute it."""
    dataset = datasets.load(run.spec.dataset, run.spec.dataset_folder or None)
    try:
        found = known(run, dataset)
        if found is None:
            task = Task(
                "robustness", dataset.name, run.spec.dataset_folder, dataset.sha256, parameters(run, dataset)
            )  # fmt: skip
            show_task(
                task, title=f"{images_of(run, dataset):,} test images, broken in up to eight ways at five strengths",
                note=f"About {duration(about_s(run, dataset))}, once per Run. In the background: you may leave.",
            )  # fmt: skip
            return
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    _show(run, found, evaluation.class_names)


def _show(run: Run, found: Robustness, class_names: tuple[str, ...]) -> None:
    text = robustness_text(found, class_names)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_figure(robustness_figure(found), "robustness", alt=text, frame=found.table)
    with right:
        st.markdown(plain(text))
        st.caption(
            "Each line is one way to break the images, its dots five strengths: small and pale is mild, large and full "
            "is strong. The pointer over a dot tells the amount. On Predict, *Break it* does the same to one image.",
            help="  \n".join(f"**{one.title}**: {one.what}" for one in found.corruptions),
        )
        if not can_attack(run):
            st.caption("The attack (FGSM) is left out: it needs gradients, and there is no Keras model of this Run.")
    with st.expander("In numbers"):
        _table(found)


def _table(found: Robustness) -> None:
    table = found.table()
    shares = {name: st.column_config.NumberColumn(title, format="percent", help=help_) for name, title, help_ in (
        ("accuracy", "Accuracy", "Share of the images answered rightly."),
        ("low", "From", "95% interval, Wilson score."), ("high", "To", "95% interval, Wilson score."),
        ("kept", "Answers kept", "Share of the images whose answer is what it was, right or wrong."),
    )}  # fmt: skip
    st.dataframe(
        table.drop(columns="images"), hide_index=True, height="content",
        column_config={
            "corruption": "Broken by", "strength": st.column_config.NumberColumn("Strength", help="1 mild, 5 strong."),
            "amount": "Amount", **shares,
        },
    )  # fmt: skip
    table_download(table, "robustness-numbers", index=False)
