"""A depth probe: computed in the background, then its finding, its curve, and the way on to training."""

import pandas as pd
import streamlit as st

from fmnist_core.backbones import BACKBONES
from fmnist_core.datasets import Dataset
from fmnist_core.depth_probe import Probe, ProbeSpec, known_probe
from fmnist_core.figures.depth import block_words, depth_figure, depth_frame, depth_text, is_deepest_worse
from fmnist_core.presets import PRESETS
from fmnist_core.zoo import weights
from pages.ui.data import plain
from pages.ui.export import show_figure
from pages.ui.tasks import show_task, task_for
from pages.ui.words import duration


def show_probe(dataset: Dataset, spec: ProbeSpec) -> None:
    """Show the probe, or offer to compute it."""
    probe = known_probe(dataset, spec)
    if probe is None:
        _offer(dataset, spec)
        return
    finding, *more = depth_text(probe)
    st.subheader(plain(finding), anchor=False)
    st.markdown(plain(" ".join(more)))
    if is_deepest_worse(probe):
        _lesson()
    _go_on(spec, probe)
    frame = depth_frame(probe)
    show_figure(
        depth_figure(frame, probe.raw_accuracy), f"depth-{spec.backbone}-{spec.image_size_px}px",
        alt=" ".join((finding, *more)), frame=frame,
    )  # fmt: skip
    with st.expander("Every block in numbers"):
        _table(frame)
    with st.expander("How this is measured"):
        st.markdown(_method(spec, probe))


def _lesson() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            "Systems A, C, D and E put their heads on the deepest layer of a frozen base: one reason why these did "
            "worse than their own small networks.",
            width="content",
        )  # fmt: skip
        st.page_link("pages/understand/reproduce.py", label="Their figures and ours", icon=":material/arrow_forward:")


def _offer(dataset: Dataset, spec: ProbeSpec) -> None:
    title = BACKBONES[spec.backbone].title
    task = task_for(dataset, "depth", **spec.parameters)
    # Where a download has failed, the message says the same.
    if spec.weights == "imagenet" and weights.find(spec.backbone) is None and task.status().state != "failed":
        st.info(
            f"The ImageNet weights of {title} are not on this machine. With a network they are downloaded once. "
            f"Without one, put the file {plain(BACKBONES[spec.backbone].weights_file)} into "
            f"{plain(str(weights.folder()))}, or choose other weights.",
            icon=":material/download:",
        )
    show_task(
        task, title=f"A linear probe on each of {len(spec.blocks)} blocks of {title}, {spec.image_size_px} px",
        note=f"{spec.train_images:,} training and {spec.test_images:,} test images. Roughly "
        f"{duration(10 * round(spec.about_s / 10))} on two cores; after that it is kept.",
    )  # fmt: skip


def _go_on(spec: ProbeSpec, probe: Probe) -> None:
    """Let the user take a cut to the Train page; the best one is proposed."""
    names = [block.name for block in probe.blocks]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        # The key holds what was probed, so that another probe proposes its own best.
        cut = st.selectbox(
            "Cut after", names, probe.best, key=f"depth.cut.{spec.backbone}.{spec.image_size_px}.{spec.weights}",
            format_func=lambda name: block_words(name).capitalize() if name.isdigit() else name, width=200,
        )  # fmt: skip
        if st.button("Train with this cut", type="primary", icon=":material/model_training:", key="depth.train"):
            st.switch_page("pages/train/new.py", query_params=_query(spec, cut))


def _query(spec: ProbeSpec, cut: str) -> dict[str, str]:
    # The Train page's choice of a preset is bound to the address, where it stands by its title.
    query = {"preset": PRESETS["mobilenet-cut"].title, "backbone": spec.backbone, "cut": cut}
    query["size"] = str(spec.image_size_px)
    if spec.weights != "imagenet":
        query["weights"] = spec.weights
    return query | ({"weights_file": spec.weights_file} if spec.weights == "file" else {})


def _table(frame: pd.DataFrame) -> None:
    percent, whole = st.column_config.NumberColumn(format="%.1f %%"), st.column_config.NumberColumn(format="localized")
    shown = pd.DataFrame(
        {
            "Block": frame.block,
            "Output": [f"{row.side_px}×{row.side_px}×{row.channels}" for row in frame.itertuples()],
            "Accuracy": 100 * frame.accuracy,
            "From": 100 * frame.low,
            "To": 100 * frame.high,
            "Multiply-adds": frame.multiply_adds,
            "Parameters": frame.parameters,
        }
    )
    st.dataframe(
        shown, hide_index=True, height="content",
        column_config=dict.fromkeys(("Accuracy", "From", "To"), percent)
        | dict.fromkeys(("Multiply-adds", "Parameters"), whole),
    )  # fmt: skip
    st.caption("From and to: the 95 % interval. Multiply-adds and parameters: of the base up to the block.")


def _method(spec: ProbeSpec, probe: Probe) -> str:
    return f"""
The first {probe.train_images:,} training and {probe.test_images:,} test images, the same share of each class, are
enlarged to {spec.image_size_px} px and brought into the base's own input range. Each block's output is averaged over
its places, standardised, and read by a multinomial logistic regression, whose regularisation is chosen on a sixth
of the training images.

The band is the 95 % interval of the accuracy on the test images (Wilson). Differences between blocks are judged on the
same images, which is sharper than comparing two bands. The best of many blocks is flattered a little, because it was
picked on these images.

The pass through the base took {duration(probe.pass_s)}, the fits {duration(float(probe.fit_s.sum()))} together,
several at once. Method: [Alain and Bengio, 2016](https://arxiv.org/abs/1610.01644)."""
