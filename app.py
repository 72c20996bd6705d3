"""FMNIST Lab: the table of pages, and page setup."""

from pathlib import Path

import streamlit as st

from pages.ui.background import begin_neighbours, start_reconciler
from pages.ui.data import data_banner, dataset_selector

# Of our own: a named icon would be fetched from the network.
MARK = Path(__file__).parent / "pages/ui/assets/mark.svg"
LAYOUT = Path(__file__).parent / "pages/ui/layout.css"

PAGES = {
    "": [st.Page("pages/home/home.py", title="Home", icon=":material/home:", default=True)],
    "Explore": [
        st.Page("pages/explore/samples.py", title="Samples", icon=":material/grid_view:", url_path="samples"),
        st.Page("pages/explore/quality.py", title="Quality", icon=":material/fact_check:", url_path="quality"),
        st.Page("pages/explore/balance.py", title="Balance", icon=":material/balance:", url_path="balance"),
        st.Page(
            "pages/explore/distributions.py",
            title="Distributions",
            icon=":material/bar_chart:",
            url_path="distributions",
        ),
        st.Page("pages/explore/correlation.py", title="Correlation", icon=":material/grain:", url_path="correlation"),
        st.Page(
            "pages/explore/projection.py", title="Projection", icon=":material/scatter_plot:", url_path="projection"
        ),
        st.Page("pages/explore/labels.py", title="Label suspects", icon=":material/label:", url_path="labels"),
    ],
    "Train": [
        st.Page("pages/train/new.py", title="Train", icon=":material/model_training:", url_path="train"),
        st.Page("pages/train/depth.py", title="Where to cut", icon=":material/content_cut:", url_path="depth"),
        st.Page("pages/train/experiments.py", title="Experiments", icon=":material/science:", url_path="experiments"),
        st.Page("pages/train/crossval.py", title="Cross-validate", icon=":material/rule:", url_path="cross-validate"),
        st.Page("pages/train/tune.py", title="Tune", icon=":material/tune:", url_path="tune"),
        st.Page("pages/train/runs.py", title="Runs", icon=":material/timeline:", url_path="runs"),
    ],
    "Understand": [
        st.Page("pages/understand/result.py", title="Result", icon=":material/insights:", url_path="result"),
        st.Page("pages/understand/epochs.py", title="Time machine", icon=":material/history:", url_path="epochs"),
        st.Page("pages/understand/compare.py", title="Compare", icon=":material/compare_arrows:", url_path="compare"),
        st.Page("pages/understand/explain.py", title="Explain", icon=":material/search_insights:", url_path="explain"),
        st.Page("pages/understand/reproduce.py", title="Reproduce", icon=":material/replay:", url_path="reproduce"),
    ],
    "Predict": [
        st.Page("pages/predict/draw.py", title="Predict", icon=":material/draw:", url_path="predict"),
        st.Page("pages/predict/beat.py", title="Beat the model", icon=":material/sports_score:", url_path="beat"),
        st.Page("pages/predict/batch.py", title="Batch", icon=":material/stacks:", url_path="batch"),
        st.Page("pages/predict/take_away.py", title="Take away", icon=":material/download:", url_path="take-away"),
    ],
}

st.set_page_config(page_title="FMNIST Lab", page_icon=MARK, layout="wide")
st.logo(MARK, size="large", link=None)
st.html(LAYOUT)
start_reconciler()
page = st.navigation(PAGES, expanded=True)
with st.sidebar:
    dataset_selector()
dataset = data_banner()
if dataset and page in [*PAGES[""], *PAGES["Explore"]]:
    begin_neighbours(dataset)
page.run()
