"""Scroll to what a click has just brought about, where it lies outside the window, as on a phone."""

import streamlit as st

_JS = """
const seen = new Map(); // key -> the last call that was answered
export default function ({ data, parentElement }) {
  if (!data.call || seen.get(data.key) === data.call) return;
  seen.set(data.key, data.call);
  setTimeout(() => {
    const place = parentElement.host ?? parentElement;
    const top = place.getBoundingClientRect().top;
    if (top < 0 || top > innerHeight * 0.75) place.scrollIntoView({ behavior: "smooth", block: "start" });
  }, 150);
}
"""
_component = st.components.v2.component(
    "fmnist_lab_reveal",
    html='<span style="display:block;height:0"></span>',
    js=_JS,
    css=":host{scroll-margin-top:4rem}",
)


def call_reveal(key: str) -> None:
    """Before the page runs again: let the place of this key be scrolled to. For callbacks of clicks."""
    st.session_state[f"{key}.call"] = st.session_state.get(f"{key}.call", 0) + 1


def reveal(key: str) -> None:
    """Mark the place. It is scrolled to once after each `call_reveal`, never when a page is opened."""
    _component(key=f"reveal-{key}", data={"key": key, "call": st.session_state.get(f"{key}.call", 0)}, height=1)
