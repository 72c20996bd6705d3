"""Draw it, break it: eight sliders that break the current input, each with the probabilities along it."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from fmnist_core import explain_client
from fmnist_core.breaking import Curve, curve_text, curves, summary
from fmnist_core.corruptions import CORRUPTIONS, FGSM
from fmnist_core.errors import LabError
from fmnist_core.explain_features import work_per_image
from fmnist_core.figures.palette import coloured
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.robustness import can_attack
from fmnist_core.runs import LITERT_FILE
from pages.ui.data import plain
from pages.ui.verdict import Model

_HERE = Path(__file__).parent
_LIVE = tuple(corruption for corruption in CORRUPTIONS if corruption is not FGSM)

# At module level, so that it is registered once per process and never within a rerun.
_component = st.components.v2.component(
    "fmnist_lab_break_it",
    html='<div class="break-it"></div>',
    css=(_HERE / "break_it.css").read_text(encoding="utf-8"),
    js="\n".join(file.read_text(encoding="utf-8") for file in (_HERE.parent / "parts.js", _HERE / "break_it.js")),
)


def break_it_view(model: Model, item: np.ndarray) -> None:
    """Show the sliders for the first model; the attack comes last, because it may wait for TensorFlow."""
    run = model.run
    attackable = run is not None and can_attack(run)
    if attackable:
        explain_client.warm()
    try:
        digest, work = _digest(model, item), 0 if run is None else work_per_image(run)
    except LabError as error:  # the Run was deleted while the page was open
        st.error(plain(str(error)), icon=":material/error:")
        return
    with st.spinner("Breaking it"):  # seen with heavy networks alone
        found = _curves(digest, model, item, work)
    names = model.predictor.class_names
    st.markdown(summary(found, tuple(map(plain, names))))
    st.caption(
        "Move a slider: the picture, the answer and the line follow. Each starts where the answer first flips, or "
        "at its far end. Good: a high, flat line of the first colour. Bad: a dashed mark near the dot, where it starts."
    )
    show(found, names, key="break-it")
    if not attackable:
        st.caption(
            "**Attack (FGSM)**: needs gradients, and this model is here as LiteRT alone, which gives none. "
            "Choose a Run that was trained here."
        )
        return
    try:
        with st.spinner("Asking for the gradient. The first question loads TensorFlow: some seconds."):
            attack = _attack(digest, found[0].answer, model, item, work)
    except LabError as error:
        st.caption(f"**Attack (FGSM)**: no gradient is to be had. {plain(str(error))}")
        return
    show([attack], names, key="break-it-attack")


def show(found: Sequence[Curve], names: tuple[str, ...], *, key: str) -> None:
    """Show a card for each curve."""
    _component(key=key, data={"classes": coloured(names), "cards": [_card(curve, names) for curve in found]})


def _card(curve: Curve, names: tuple[str, ...]) -> dict[str, Any]:
    corruption, turns = curve.corruption, curve.flips
    return {
        "key": corruption.key, "title": corruption.title, "what": corruption.what,
        "said": [corruption.say(amount) for amount in curve.amounts.tolist()],
        "amounts": curve.amounts.tolist(), "neutral": curve.neutral_at, "drawn": curve.drawn(),
        "start": turns[0].place if turns else _far_end(curve),
        "probabilities": curve.probabilities.astype(np.float64).round(4).tolist(),
        "pixels": base64.b64encode(curve.images.tobytes()).decode("ascii"),
        "flips": [{"at": t.at, "place": t.place, "before": t.before, "after": t.after} for t in turns],
        "alt": curve_text(curve, names),
    }  # fmt: skip


def _far_end(curve: Curve) -> int:
    last = len(curve.amounts) - 1
    return last if curve.neutral_at < last else 0


@st.cache_resource(max_entries=30, show_spinner=False)
def _curves(digest: str, _model: Model, _item: np.ndarray, _work: int) -> list[Curve]:
    """Return the curves of all but the attack, with the probabilities that the page shows."""
    return curves(_model.probabilities, _item, _LIVE, multiply_adds=_work)


@st.cache_resource(max_entries=100, show_spinner=False)
def _attack(digest: str, answer: int, _model: Model, _item: np.ndarray, _work: int) -> Curve:
    """Return the attack's curve; raises LabError where no gradient is to be had."""
    slope = explain_client.slope(_model.run, _item, answer)
    return curves(_model.probabilities, _item, [FGSM], slope=slope, multiply_adds=_work)[0]


def _digest(model: Model, item: np.ndarray) -> str:
    """Name the model, as it is now, and the item; ModelError if the model is gone."""
    file = model.run.folder / LITERT_FILE if model.run else None
    name = f"{file} {file and file_fingerprint(file)} {model.temperature.value} "
    return hashlib.blake2b(name.encode() + item.tobytes(), digest_size=16).hexdigest()
