"""What every page begins with: its title and the one question it answers."""

import streamlit as st

# Plotly knows no colour for "the page's text", and Streamlit's grey for it is too faint, above all on cells.
CHART_INK = """<style>
.stPlotlyChart :is(g.textpoint, g.xaxislayer-above, g.yaxislayer-above, g.infolayer) text,
.stPlotlyChart text.bartext {
    fill: currentColor !important;
}
</style>"""


def page_header(title: str, question: str) -> None:
    """Show the page's title and, in a quiet line below it, the question it answers."""
    st.html(CHART_INK)
    st.title(title, anchor=False)
    st.markdown(f":gray[{question}]")


def empty_state(text: str, page: str | None = None, link: str = "") -> None:
    """Say what is missing and lead to the page that makes it."""
    with st.container(border=True):
        st.markdown(text)
        if page:
            st.page_link(page, label=link, icon=":material/arrow_forward:")
