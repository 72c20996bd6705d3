"""Pieces of the Train page: where the form starts from, the layer table, and the estimate of time."""

import os

import pandas as pd
import streamlit as st

from fmnist_core import features, zoo
from fmnist_core.backbones import blocks_to
from fmnist_core.datasets import DATASETS, Dataset
from fmnist_core.errors import LabError, RunError, SpecError
from fmnist_core.estimates import Prober, Workload, estimate, keeping_cost, kept_weights_bytes, read_probe
from fmnist_core.figures.network import training
from fmnist_core.fork import check_fork, check_start, fork, same_images_validate
from fmnist_core.presets import PRESETS, REPORTED
from fmnist_core.presets.transfer import OWN_RANGE_PREFIX
from fmnist_core.runs import Run, RunState, find_run
from fmnist_core.spec import HYPERPARAMETERS, RunSpec
from pages.ui.data import absolute_folder, plain
from pages.ui.runs import readable_runs, watcher
from pages.ui.words import duration, size

WEIGHTS_UNASKED_BYTES = 50_000_000  # of all epochs together: so much is kept without being asked for
_TRAINED = {"trained": "yes", "frozen": "no", "partly": "in part", "none": ""}


def base_spec(presets: dict[str, RunSpec], dataset: Dataset) -> tuple[RunSpec, str]:
    """Let the user choose the preset, or start from the Run that the address names as `from`.

    Returns the spec on the current data set, and a scope for widget keys: each start has its own form state.
    """
    if parent := st.query_params.get("from"):
        try:
            if epoch := st.query_params.get("epoch"):
                return _fork(find_run(parent), epoch)
            spec = find_run(parent).spec
            st.caption(f"Starting from the settings of Run {plain(parent)}.")
            return _on(spec.replace(group="", fold=None, start_whole=False), dataset), f"new.{parent}"
        except LabError as error:
            st.warning(plain(str(error)))
    if (asked := st.query_params.get("preset")) in presets:  # a link names the key, the bound widget its label
        st.session_state["preset"] = asked
    chosen = st.selectbox(
        "Start from", list(presets), key="preset", bind="query-params",
        format_func=lambda key: presets[key].title, persist_state="session",
        help="A network and its settings. The letters A to E name five earlier systems whose figures you can re-run.",
    )  # fmt: skip
    spec, scope = _with_cut(_on(presets[chosen], dataset))
    if not spec.is_transfer:  # a few percent there; a big backbone would take much more
        size_bytes = kept_weights_bytes(spec, zoo.describe(spec, len(dataset.class_names)))
        spec = spec.replace(keep_epochs="weights" if size_bytes <= WEIGHTS_UNASKED_BYTES else "answers")
    return spec, f"new.{chosen}{scope}"


def _fork(parent: Run, epoch: str) -> tuple[RunSpec, str]:
    """Return the spec of a Run that goes on from an epoch of another, on that one's data, and its scope."""
    if not epoch.isdecimal() or len(epoch) > 4:
        raise RunError(f"Expected the number of an epoch in the address. Received {epoch[:20]!r}.")
    spec = fork(parent, int(epoch), watcher().progress(parent))
    tuning = (
        f" The base was being fine-tuned then, so its last {spec.unfrozen_layers} layers train along from the start."
        if spec.is_transfer and spec.unfrozen_layers != parent.spec.unfrozen_layers
        else ""
    )
    st.info(
        f"**Fork of {plain(parent.spec.title)}, epoch {epoch}.** The new Run starts with the weights of that moment; "
        "the optimizer and its schedule start afresh. The layers must stay as they are, everything else may change."
        f"{tuning}",
        icon=":material/fork_right:",
    )
    return spec, f"fork.{parent.id}.{epoch}"


def fork_cautions(spec: RunSpec) -> None:
    """Refuse layers that an earlier Run's weights do not fit; say what makes them worth less, and when a fork's
    validation would flatter.

    Raises:
        SpecError, RunError: see check_start and check_fork.
    """
    if not spec.start_run:
        return
    (check_fork if spec.start_epoch else check_start)(spec)
    earlier = find_run(spec.start_run).spec
    names = ("scaling", "activation", "pooling", "pool_activation")
    if others := [HYPERPARAMETERS[name].label for name in names if getattr(spec, name) != getattr(earlier, name)]:
        st.warning(
            f"Not as in the earlier Run: {', '.join(others)}. Its weights know the other, so much of what they learned "
            "will have to be learned again.",
            icon=":material/warning:",
        )
    if spec.start_epoch and not same_images_validate(spec, earlier):
        st.warning(
            "Seed, split or data differ from the earlier Run's: images that its weights have learned from will "
            "validate, and validation will promise too much.",
            icon=":material/warning:",
        )


def keeping_line(spec: RunSpec, dataset: Dataset) -> None:
    """Say what it costs to keep every epoch."""
    if spec.keep_epochs == "none":
        st.caption("Keeps no epochs: the Time machine will have nothing to show of this Run.")
        return
    count = min(spec.train_limit or len(dataset.x_train), len(dataset.x_train))
    held_out = len(dataset.x_test) if spec.split == "test" else round(count * spec.validation_fraction)
    trained = count if spec.split == "test" else count - held_out
    found = keeping_cost(spec, trained, held_out, len(dataset.x_test), len(dataset.class_names))
    kept = f"{size(found.answers_bytes)} of answers"
    kept += f" and {size(found.weights_bytes)} of weights" if found.weights_bytes else ""
    longer = f"{found.share:.0%}" if found.share >= 0.005 else "under 1%"
    st.caption(f"Keeps every epoch: each takes about {longer} longer, {kept} in all.")


def _with_cut(spec: RunSpec) -> tuple[RunSpec, str]:
    """Apply backbone, cut, size and weights of the address, as the page Where to cut hands them over."""
    names = {"backbone": "backbone", "cut": "cut", "size": "image_size_px", "weights": "weights"}
    asked = {field: st.query_params[name] for name, field in names.items() if name in st.query_params}
    if not spec.is_transfer or not asked:
        return spec, ""
    scope = "." + ".".join(asked.values())
    if file := st.query_params.get("weights_file"):
        asked["weights_file"] = file
    try:
        changed = spec.replace(**asked | {"image_size_px": int(asked.get("image_size_px", spec.image_size_px))})
        blocks_to(changed.backbone, changed.cut, changed.image_size_px)
    except (SpecError, ValueError) as error:
        st.warning(f"The address asks for a cut that is not to be had. {plain(str(error))}")
        return spec, ""
    return changed, scope


def _on(spec: RunSpec, dataset: Dataset) -> RunSpec:
    return spec.replace(dataset=dataset.name, dataset_folder=absolute_folder())


def preset_note(base: RunSpec) -> None:
    """Say in one quiet line what the preset's system reported, and on which data if these are others.

    A twin in the base's own input range has the figure of the preset that it is one of.
    """
    original = base.preset.removeprefix(OWN_RANGE_PREFIX)
    reported = REPORTED.get(original)
    if reported is None:
        if base.preset == "first-steps":
            st.caption("Our own small start: LeNet-5 in its compact form with a one-cycle schedule.")
        return
    meant = PRESETS[base.preset].dataset
    other = (
        "" if meant == base.dataset else f" It did so on {DATASETS[meant].title}: choose that under Data to re-run it."
    )
    twin = " for its twin, from which it differs in the input range alone" if original != base.preset else ""
    st.caption(f"Reported{twin}: {reported.accuracy:.1%} on {reported.measured_on}.{other} {reported.note}")


def layer_table(layers: tuple[zoo.Layer, ...]) -> None:
    """Show parameters and multiply-adds in sum, and each layer."""
    parameters = sum(layer.parameters for layer in layers)
    multiply_adds = sum(layer.multiply_adds for layer in layers)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Parameters", f"{parameters:,}", help=_parameter_words(layers, parameters), width="content")
        st.metric(
            "Multiply-adds", f"{multiply_adds / 1e6:.1f} M", width="content",
            help="Multiplications with addition for one image, forward. Time grows with it.",
        )  # fmt: skip
    columns = {
        "Layer": [layer.title for layer in layers],
        "Output": ["×".join(map(str, layer.output_shape)) for layer in layers],
        "Parameters": [layer.parameters for layer in layers],
    }
    if any(layer.frozen for layer in layers):
        columns["Trained"] = [_TRAINED[training(layer)] for layer in layers]
    st.dataframe(
        pd.DataFrame(columns), hide_index=True, height="content",
        column_config={"Parameters": st.column_config.NumberColumn(format="localized")},
    )  # fmt: skip


def _parameter_words(layers: tuple[zoo.Layer, ...], parameters: int) -> str:
    """Say what parameters are, and how many of them are trained from the start."""
    # Half of a batch normalisation's numbers are statistics, which no gradient moves.
    still = sum(
        layer.frozen or (layer.parameters // 2 if layer.kind == "BatchNormalization" else 0) for layer in layers
    )
    return f"Numbers that the network has, biases included. {parameters - still:,} of them are trained from the start."


def named(spec: RunSpec, scope: str) -> RunSpec:
    """Let the user name the Run; an empty name leaves the preset's."""
    title = st.text_input("Name of the Run", spec.title, max_chars=120, key=f"{scope}.title", persist_state="session")
    return spec.replace(title=title.strip() or spec.title)


@st.cache_resource
def _prober() -> Prober:
    return Prober()


def estimate_line(spec: RunSpec, dataset: Dataset) -> None:
    """Show how long the Run will take, or measure it in the background when nothing is known yet."""
    count = min(spec.train_limit or len(dataset.x_train), len(dataset.x_train))
    images = count if spec.split == "test" else round(count * (1 - spec.validation_fraction))
    runs = readable_runs()
    known = estimate(spec, images, runs)
    if known:
        about = "" if known.is_exact else "Roughly "
        once = f": {duration(known.once_s)} once through the frozen backbone, then " if known.once_s >= 1 else ", "
        st.markdown(
            f"**{about}{duration(known.total_s)}** on this machine{once}{duration(known.epoch_s)} an epoch",
            help=f"{images:,} images an epoch on {os.cpu_count()} cores; {known.basis}.",
        )
    _features_line(spec, dataset, count)
    workload, busy = Workload.of(spec), any(run.state == RunState.RUNNING for run in runs)
    if _prober().is_busy:
        _wait_for_probe()
    elif known is None and busy:
        st.caption("The time it takes can be measured when no Run trains.")
    elif _prober().has_failed(workload):
        st.caption("The time could not be measured: the probe ended early. A Run will tell.")
    # With nothing to go by it is measured unasked; a rough figure is enough until the user wants a better one.
    elif known is None or (not known.is_exact and not busy and not read_probe(workload) and _measure_button()):
        _prober().start(spec)
        _wait_for_probe()


def _features_line(spec: RunSpec, dataset: Dataset, count: int) -> None:
    """Say where a frozen backbone's features would not fit, so that each epoch computes it; count: of images to train
    and validate with."""
    if not spec.keeps_features:
        return
    scored = (spec.split == "test") + 1 + (spec.mirror_averaging and spec.keep_epochs != "none")
    images, layers = count + scored * len(dataset.x_test), zoo.describe(spec, len(dataset.class_names))
    pooled = 1 + max(number for number, layer in enumerate(layers) if layer.kind == "Block")
    if not features.fits(spec, layers[pooled].output_shape[0], images):
        st.warning(
            f"What the backbone makes of {images:,} images does not fit the features' share of the disk: it is "
            "computed in each epoch, which takes far longer.",
            icon=":material/warning:",
        )


def _measure_button() -> bool:
    return st.button("Measure it (10 s)", icon=":material/timer:", type="tertiary")


@st.fragment(run_every=1.0)
def _wait_for_probe() -> None:
    st.caption("Measuring the time it takes on this machine …")
    if not _prober().is_busy:
        st.rerun()
