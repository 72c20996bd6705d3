"""Which models answer: the Run chosen, and beside it another one if the user likes."""

import streamlit as st

from fmnist_core import prediction
from fmnist_core.confidence import temperature_of
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.progress import Progress
from fmnist_core.run_data import data_for
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from pages.ui.data import plain
from pages.ui.runs import choose_run, run_labels
from pages.ui.verdict import Model

SECOND = "second"  # name in the address


def choose_models(finished: list[Progress]) -> list[Progress]:
    """Let the user choose a Run and, where there are several, another one beside it."""
    first = choose_run(finished)
    others = {progress.run.id: progress for progress in finished if progress.run.id != first.run.id}
    if not others:
        return [first]
    key, asked = "second.choice", st.query_params.get(SECOND)
    if asked in others and key not in st.session_state:
        st.session_state[key] = asked
    if st.session_state.get(key) not in others:
        st.session_state[key] = None  # it is the first one now, or gone
    chosen = st.selectbox(
        "Second model", list(others), key=key, format_func=run_labels(list(others.values())).__getitem__,
        placeholder="None",
    )  # fmt: skip
    if chosen is None:
        st.query_params.pop(SECOND, None)
        return [first]
    st.query_params[SECOND] = chosen
    return [first, others[chosen]]


def load_models(progresses: list[Progress]) -> list[Model]:
    """Load the chosen models; end the page with the reason if the first cannot be used, go on without the second."""
    models: list[Model] = []
    for progress in progresses:
        try:
            model = model_of(progress.run)
        except LabError as error:
            st.error(plain(str(error)), icon=":material/error:")
            if not models:
                st.stop()  # the first one: there is nothing to answer with
            continue
        if models and model.predictor.class_names != models[0].predictor.class_names:
            st.info(
                f"{plain(progress.run.spec.marked_title)} knows other classes, so it cannot answer beside the first."
            )
            continue
        models.append(model)
    if len(models) == 2 and models[0].title == models[1].title:
        labels = run_labels(progresses)
        models = [model._replace(title=labels[model.run.id]) for model in models]
    return models


def model_of(run: Run) -> Model:
    """Return a finished Run's model, loaded, with the temperature of its probabilities.

    Raises:
        ModelError, RunError: it cannot be used.
    """
    return Model(run.spec.marked_title, prediction.load(run), run, temperature_of(run))


def data_of(model: Model) -> Dataset:
    """Return the data set that a model learned; files changed meanwhile are seen a few seconds later.

    Raises:
        DataError: it cannot be read, or others lie in its place that have other classes.
    """
    spec = model.predictor.spec
    return _data(spec.dataset, spec.dataset_folder, tuple(model.predictor.class_names), spec)


# A stroke asks twice, several times a second, and each time all files would be looked at.
@st.cache_resource(ttl=5, max_entries=8, show_spinner=False)
def _data(dataset: str, folder: str, class_names: tuple[str, ...], _spec: RunSpec) -> Dataset:
    return data_for(_spec, class_names)
