"""What every page begins with: its title and the one question it answers."""

import streamlit as st

# Plotly knows no colour for "the page's text", and Streamlit's grey for it is too faint, above all on cells.
CHART_INK = """<style>
.stPlotlyChart :is(g.textpoint, g.xaxislayer-above, g.yaxislayer-above, g.infolayer) text,
.stPlotlyChart text.bartext {
    fill: currentColor !important;
}
</style>"""

# Streamlit writes what is chosen in the colour of buttons, which is too faint for text on a dark page (4:1); frame and
# ground still show the choice. And a row of choices stands as high as the fields beside it.
CHOICE_INK = """<style>
.stButtonGroup [data-selected="true"], [data-testid="stSliderThumbValue"] { color: inherit !important; }
.stButtonGroup [data-variant="segmented_control"] { min-height: 2.5rem; }
@media (max-width: 640px) { .stButtonGroup [role="radiogroup"] { flex-wrap: wrap; } }
</style>"""


def page_header(title: str, question: str) -> None:
    """Show the page's title and, in a quiet line below it, the question it answers."""
    st.html(CHART_INK + CHOICE_INK)
    st.title(title, anchor=False)
    st.markdown(f":gray[{question}]")


def empty_state(text: str, page: str | None = None, link: str = "") -> None:
    """Say what is missing and lead to the page that makes it."""
    with st.container(border=True):
        st.markdown(text)
        if page:
            st.page_link(page, label=link, icon=":material/arrow_forward:")
