"""Explain one image: which image, what the model says of it, and where its answer lies."""

import hashlib

import numpy as np
import streamlit as st

from fmnist_core import explain_client, intake
from fmnist_core.datasets import Dataset
from fmnist_core.drawing import Drawing
from fmnist_core.errors import LabError
from fmnist_core.evaluation import Evaluation
from fmnist_core.explain import Occlusion, occlusion, patch_for, where_it_looks
from fmnist_core.explain_client import Explanation
from fmnist_core.explain_features import work_per_image
from fmnist_core.figures.explain import overlay_png
from fmnist_core.places import WORDS, Place
from fmnist_core.prediction import Predictor
from fmnist_core.runs import KERAS_FILE, LITERT_FILE, Run
from pages.ui.canvas import canvas, kept_drawing, read_drawing
from pages.ui.data import plain
from pages.ui.pictures import Picture, pictures
from pages.ui.predict.honest import refusals, wait_for, yardsticks_of
from pages.ui.predict.upload import decoded
from pages.ui.verdict import Model, verdict

DATA, UPLOAD, DRAW = "Data", "Upload", "Draw"
ONE, ALL, PAIR = "One image", "All test images", "Two classes"
VIEW_KEY, FROM_KEY, IMAGE_KEY, ANSWER_KEY = "view", "from", "image", "answer"
ITS_ANSWER = "What it says"
CAM_KEY = "cam"
MAP_PX = 264


def chosen_image(
    dataset: Dataset | None, evaluation: Evaluation | None, predictor: Predictor
) -> tuple[np.ndarray | None, Place | None]:
    """Show the choice of an image; return it, (28, 28) uint8, or None, and its place in the data, or None."""
    sources = [DATA, UPLOAD, DRAW] if dataset else [UPLOAD, DRAW]
    if st.session_state.get(FROM_KEY) not in (None, *sources):
        del st.session_state[FROM_KEY]  # the data of this Run are not to be had
    source = st.segmented_control(
        "Image from", sources, default=sources[0], required=True, key=FROM_KEY, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    framing = intake.framing_for(predictor.class_names)
    if source == UPLOAD:
        return _uploaded(framing), None
    if source == DRAW:
        return _drawn(framing), None
    place = _place(dataset, evaluation)
    return (place.image(dataset), place) if place else (None, None)


def _place(dataset: Dataset, evaluation: Evaluation | None) -> Place | None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Image", key=IMAGE_KEY, bind="query-params", placeholder="test-12", width=110,
            help="Its set, train or test, and its place in it from 0. Without one: the first test image.",
        )  # fmt: skip
        with st.container(horizontal=True, width="content", gap="small"):  # both on the next line, or neither
            if evaluation and len(mistakes := evaluation.mistakes()):
                st.button(
                    "Mistake", icon=":material/shuffle:", key="explain.mistake", on_click=_draw_one,
                    args=(mistakes["image"].to_numpy(),), help="A test image that this Run got wrong, at random.",
                )  # fmt: skip
            st.button(
                "Random", icon=":material/shuffle:", key="explain.any", on_click=_draw_one,
                args=(np.arange(len(dataset.y_test)),), help="Any test image.",
            )  # fmt: skip
    name = (st.session_state.get(IMAGE_KEY) or "").strip() or "test-0"
    try:
        return Place.parse(name, dataset)
    except LabError as error:
        st.warning(plain(str(error)), icon=":material/search_off:")
        return None


def _draw_one(rows: np.ndarray) -> None:
    st.session_state[IMAGE_KEY] = f"test-{np.random.default_rng().choice(rows)}"
    st.session_state.pop(ANSWER_KEY, None)


def open_place(name: str) -> None:
    """Before the page runs again: explain this image, such as train-123."""
    st.session_state[VIEW_KEY], st.session_state[FROM_KEY], st.session_state[IMAGE_KEY] = ONE, DATA, name
    st.session_state.pop(ANSWER_KEY, None)


def _uploaded(framing: intake.Framing) -> np.ndarray | None:
    file = st.file_uploader(
        "Picture", type=["png", "jpg", "jpeg", "webp"], key="explain.picture", max_upload_size=intake.MAX_BYTES >> 20,
        help="One item, seen whole, on a plain ground. It is trimmed and centred as the data were.",
    )  # fmt: skip
    readable = decoded([] if file is None else [file])
    if not readable:
        return None
    item = readable[0][1].item(framing)
    if item is None:
        st.info("The picture is blank: nothing stands out from its ground.", icon=":material/image_search:")
    return item


def _drawn(framing: intake.Framing) -> np.ndarray | None:
    """Let the user draw; a line that grows would ask for new answers all the time, so a button takes the drawing."""
    kept = st.session_state.get("explain.drawn")
    with st.expander("Drawing board", expanded=kept is None):
        _board()
    try:
        return Drawing.from_dict(kept).to_item(framing) if kept else None
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None


@st.fragment
def _board() -> None:
    with st.container(width=420):
        canvas(key="explain.canvas", invite="Draw here, as large as the board")
        try:
            drawing, _ = read_drawing(kept_drawing("explain.canvas"))
        except LabError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        if st.button(
            "Explain this drawing", type="primary", icon=":material/search_insights:", disabled=not drawing.strokes
        ):
            st.session_state["explain.drawn"] = st.session_state.get("explain.canvas.kept")
            st.rerun()


def say(model: Model, image: np.ndarray, dataset: Dataset | None, place: Place | None) -> None:
    """Show what the model says of the image, as on the Predict page."""
    truth, caption = None, "As the model gets it."
    if place:
        truth = model.predictor.class_names[place.label(dataset)]
        caption = f"{WORDS[place.split]} image {place.index:,}"
        caption += ": the Run may have learned from it." if place.split == "train" else "."
    yardsticks = yardsticks_of([model])
    verdict(
        [model], image, key="explain_verdict", hint="", caption=caption, truth=truth,
        refusals=refusals([model], yardsticks, image),
    )  # fmt: skip
    wait_for(yardsticks)


def chosen_class(model: Model, image: np.ndarray) -> tuple[int, int]:
    """Let the user choose the class to be explained; return it and the one that the model names."""
    names = model.predictor.class_names
    said = int(model.scores(image[np.newaxis])[0].argmax())
    if st.session_state.get(ANSWER_KEY) not in (None, ITS_ANSWER, *names):
        del st.session_state[ANSWER_KEY]  # of other classes
    chosen = st.selectbox(
        "What speaks for", [ITS_ANSWER, *names], key=ANSWER_KEY, bind="query-params", width=260,
        format_func=lambda name: f"{ITS_ANSWER}: {names[said]}" if name == ITS_ANSWER else name,
        help="Any class can be explained: why not Shirt is as good a question as why T-shirt.",
    )  # fmt: skip
    return (said if chosen == ITS_ANSWER else names.index(chosen)), said


def occlusion_of(run: Run, model: Model, image: np.ndarray, label: int) -> Occlusion:
    """Return the occlusion map of the probabilities that the page shows, kept for all sessions."""
    changed_ns, temperature = (run.folder / LITERT_FILE).stat().st_mtime_ns, model.temperature.value
    with st.spinner("Covering the image bit by bit"):  # seen with heavy networks alone
        return _occlusion(str(run.folder), changed_ns, temperature, digest_of(image), label, run, model, image)


@st.cache_resource(max_entries=200, show_spinner=False)
def _occlusion(
    folder: str, changed_ns: int, temperature: float, digest: str, label: int, _run: Run, _model: Model,
    _image: np.ndarray,
) -> Occlusion:  # fmt: skip
    return occlusion(_model.probabilities, _image, label, *patch_for(work_per_image(_run)))


def explanation_of(run: Run, image: np.ndarray, label: int) -> Explanation:
    """Return what the inside of the network says, kept for all sessions; raises LabError if it cannot be asked."""
    file = run.folder / KERAS_FILE
    return _explanation(
        str(run.folder), file.stat().st_mtime_ns if file.is_file() else 0, digest_of(image), label, run, image
    )


@st.cache_resource(max_entries=40, show_spinner=False)
def _explanation(folder: str, changed_ns: int, digest: str, label: int, _run: Run, _image: np.ndarray) -> Explanation:
    return explain_client.explain(_run, _image, label)


def digest_of(array: np.ndarray) -> str:
    """Return a hash of an array's numbers."""
    return hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()


def occlusion_panel(found: Occlusion, image: np.ndarray, name: str) -> None:
    """Show where the answer falls when the image is covered."""
    _map(
        "Occlusion", overlay_png(image, found.drop), "occlusion",
        f"Occlusion: red where covering lowers the probability of {name}, blue where it raises it.",
    )  # fmt: skip
    strongest, share = float(np.abs(found.drop).max()), f"{found.probability:.1%}"
    words = f"Covering red parts takes up to {strongest * 100:.0f} points off {share}: {_where(found.drop)}."
    if strongest < 0.005:
        words = f"Whatever part is covered, it stays at about {share}: no single part decides."
    st.caption(
        words,
        help=f"A black square of {found.patch_px} px is moved over the image, and each time the model is asked again "
        f"({found.asked:,} times here). Red: without this part the probability of {name} falls. Blue: it rises.",
    )


def _where(heat: np.ndarray) -> str:
    return f"mostly {where_it_looks(heat.clip(0))}"


def _map(name: str, png: bytes, file: str, alt: str) -> None:
    pictures([Picture(name, png, alt)], key=f"explain-{file}", alt=alt, file=f"explain-{file}", widest_px=MAP_PX)


def cam_panel(found: Explanation, image: np.ndarray, name: str) -> None:
    """Show Grad-CAM at a layer that the user can change."""
    taps = {found.taps[at].name: at for at in found.cam_taps}
    if not taps:
        st.caption("Grad-CAM needs a layer with a picture. This network has none.")
        return
    if st.session_state.get(CAM_KEY) not in (None, *taps):
        del st.session_state[CAM_KEY]  # of another network
    best = found.taps[found.best_cam].name
    number = taps.get(st.session_state.get(CAM_KEY) or st.query_params.get(CAM_KEY), found.best_cam)
    cam, tap = found.cam(number), found.taps[number]
    _map("Grad-CAM", overlay_png(image, cam), "grad-cam", f"Grad-CAM: red where {tap.name} speaks for {name}.")
    words = f"It looks at {where_it_looks(cam)}" if cam.any() else f"Nothing there speaks for {plain(name)}"
    st.caption(
        f"{words}, says {tap.name}, {tap.shape[0]}x{tap.shape[1]}.",
        help="Gradient-weighted class activation map: the layer's channels, each as strong as it raises the score of "
        "the class. Coarse, but about parts and not pixels. Selvaraju et al., 2017.",
    )
    if len(taps) > 1:
        with st.popover("Another layer", type="tertiary"):
            st.selectbox("Layer", list(taps), list(taps).index(best), key=CAM_KEY, bind="query-params")


def gradients_panel(found: Explanation, image: np.ndarray, name: str, *, is_calibrated: bool) -> None:
    """Show integrated gradients; they are those of the network, whose answers may be calibrated afterwards."""
    gradients, black = found.arrays["gradients"], float(found.arrays["black"])
    _map(
        "Integrated gradients", overlay_png(image, gradients), "integrated-gradients",
        f"Integrated gradients: red pixels raise the probability of {name}, blue ones lower it.",
    )  # fmt: skip
    reached = float(found.arrays["probabilities"][found.label])
    before = ", before calibration" * is_calibrated
    st.caption(
        f"From {black:.0%} for a black image to {reached:.0%}{before}. Red pixels raise it: {_where(gradients)}.",
        help="On the way from a black image to this one each pixel's gradients are summed up, so that all pixels "
        "together make the difference. Blue pixels lower it. Fine, but restless: do not read single pixels. "
        "Sundararajan, Taly, Yan, 2017.",
    )
