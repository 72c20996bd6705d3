"""The editor of a search space: a card per hyperparameter, with its kind, its values and its condition."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from fmnist_core.errors import SpecError
from fmnist_core.spec import RunSpec
from fmnist_core.tuning.fields import Field, field_at, fields_of
from fmnist_core.tuning.space import Boolean, Choice, Condition, Entry, Fixed, Float, Int
from fmnist_core.tuning.suggestions import kinds_for, suggestion
from pages.ui.train.spec_form import log_values

KIND_WORDS = {"int": "Range", "float": "Range", "choice": "Choice", "boolean": "On or off", "fixed": "Fixed"}
_MOST_STEPS = 200  # of a slider; a longer range gets two boxes


def space_form(base: RunSpec, space: Sequence[Entry], scope: str) -> tuple[Entry, ...]:
    """Show the editor and return the space.

    Args:
        base: whose hyperparameters can be added.
        space: where the editor starts.
        scope: of the widgets' keys: another start has a state of its own.

    Raises:
        SpecError: if a card holds values that make no entry; all widgets are shown before.
    """
    known = fields_of(base)
    paths = st.session_state.setdefault(f"{scope}.paths", [entry.path for entry in space])
    first = {entry.path: entry for entry in space}
    entries, problems = [], []
    for path in list(paths):
        start = first.get(path) or suggestion(base, path)
        try:
            entries.append(_card(base, start, entries, f"{scope}.{path}", paths))
        except SpecError as error:
            problems.append(error)
    _adder([field for path, field in known.items() if path not in paths], paths, scope)
    if problems:
        raise problems[0]
    return tuple(entries)


def _card(base: RunSpec, start: Entry, before: Sequence[Entry], key: str, paths: list[str]) -> Entry:
    field = field_at(base, start.path)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{start.label or field.label}**", width="stretch", help=field.parameter.help)
            kinds = kinds_for(field)
            kind = st.segmented_control(
                "Kind", kinds, default=start.kind, key=f"{key}.kind", required=True, label_visibility="collapsed",
                format_func=KIND_WORDS.get, persist_state="session",
            )  # fmt: skip
            if st.button("", icon=":material/close:", key=f"{key}.remove", type="tertiary", help="Do not search it"):
                paths.remove(start.path)
                st.rerun()
        if kind != start.kind:
            start = suggestion(base, start.path, kind)
        values = _values(field, start, f"{key}.{kind}")
        condition = _condition(base, start, before, key)
    common = {"label": start.label, "when": condition}
    if kind == "choice":
        default = start.default if start.default in values else None
        return Choice(start.path, values, **common, default=default)
    if kind == "boolean":
        return Boolean(start.path, **common)
    if kind == "fixed":
        return Fixed(start.path, value=values, **common)
    default = start.default if start.default is not None and values[0] <= start.default <= values[1] else None
    return (Int if kind == "int" else Float)(start.path, *values, **common, default=default)


def _values(field: Field, start: Entry, key: str) -> Any:
    """Show the widgets of an entry's values: (minimum, maximum, step, log), the choices, or the fixed value."""
    if start.kind == "boolean":
        return None
    if start.kind == "choice":
        return _choices(field, start, key)
    if start.kind == "fixed":
        return _fixed(field, start.value, key)
    return _range(field, start, key)


def _range(field: Field, start: Entry, key: str) -> tuple[Any, Any, Any, bool]:
    """Show limits, step and scale of a range; each scale begins once with the limits that the other has."""
    limits = st.container(gap="small")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        place = st.container(width=150)
        log = st.toggle(
            "By factors", start.log, key=f"{key}.log", persist_state="session",
            help="Equal factors instead of equal steps: 0.001 to 0.01 is tried as often as 0.01 to 0.1. Usual for "
            "rates, and for numbers that may differ by much.",
        )  # fmt: skip
    now, scale = f"{key}.now", f"{key}.{'factors' if log else 'steps'}"
    begun = st.session_state.get(now, (start.minimum, start.maximum))
    first = st.session_state.setdefault(f"{scale}.first", begun)
    with place:
        step = _step(field, start, log, f"{scale}.step")
    with limits:
        low, high = _log_limits(field, first, scale) if log else _limits(field, first, step, scale)
    st.session_state[now] = (low, high)
    return low, high, step, log


def _step(field: Field, start: Entry, log: bool, key: str) -> float | None:
    """Show the box of the step, or of the factor; None for any value of the range."""
    kind, had, label = type(start.minimum), start.step if log == start.log else None, "Factor" if log else "Step"
    usual = 0 if log else field.parameter.step or 0
    least = kind is int and not log  # whole numbers have a step in any case
    about = "Each value is so many times the one before: 2 makes 16, 32, 64." if log else "From one value to the next."
    step = st.number_input(
        label if least else f"{label} (0: any)", kind(least), None, kind(had or usual), kind(usual or 1), key=key,
        format=None if kind is int else "%g", persist_state="session",
        help=about if least else f"{about} 0: any value of the range.",
    )  # fmt: skip
    return step or None


def _log_limits(field: Field, first: tuple[Any, Any], key: str) -> tuple[Any, Any]:
    most = type(first[0])(field.parameter.maximum)
    options = log_values(field.parameter, most, *(value for value in first if value))
    return st.select_slider(
        f"Range of {field.label}", options, (first[0] or options[0], first[1] or options[0]), key=key,
        format_func=lambda value: f"{value:g}", label_visibility="collapsed", persist_state="session",
    )  # fmt: skip


def _limits(field: Field, first: tuple[Any, Any], step: float | None, key: str) -> tuple[Any, Any]:
    about, kind = field.parameter, type(first[0])
    least, most = kind(about.minimum), kind(about.maximum)
    if about.step and (most - least) / about.step <= _MOST_STEPS:
        return st.slider(
            f"Range of {field.label}", least, most, first, kind(about.step), key=key, label_visibility="collapsed",
            persist_state="session",
        )  # fmt: skip
    options = {
        "step": kind(step or most / 100), "format": None if kind is int else "%g", "persist_state": "session",
    }  # fmt: skip
    left, right = st.columns(2)
    low = left.number_input("From", least, most, first[0], key=f"{key}.from", **options)
    return low, right.number_input("To", least, most, first[1], key=f"{key}.to", **options)


def _choices(field: Field, start: Entry, key: str) -> tuple[Any, ...]:
    hidden = {"label_visibility": "collapsed", "persist_state": "session"}
    words = field.parameter.choices
    if words is not None:
        return tuple(
            st.multiselect(
                f"Values of {field.label}", list(words), list(start.values), key=key, format_func=words.get, **hidden
            )
        )
    text = st.text_input(
        f"Values of {field.label}", ", ".join(f"{value:g}" for value in start.values), key=key, **hidden,
        placeholder="Numbers with commas between them",
    )  # fmt: skip
    kind = int if field.kind == "int" else float
    try:
        return tuple(kind(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SpecError(f"Expected numbers with commas between them for {field.label}. Received: {text!r}.") from error


def _fixed(field: Field, value: Any, key: str) -> Any:
    hidden = {"label_visibility": "collapsed", "persist_state": "session", "key": key}
    label, about = f"Value of {field.label}", field.parameter
    if about.choices is not None:
        return st.selectbox(
            label, list(about.choices), list(about.choices).index(value), format_func=about.choices.get, **hidden
        )
    if field.kind == "boolean":
        return st.toggle(label, value, key=key, persist_state="session")
    kind = int if field.kind == "int" else float
    return st.number_input(
        label, kind(about.minimum), kind(about.maximum), kind(value), format="%g" if kind is float else None, **hidden
    )


def _condition(base: RunSpec, start: Entry, before: Sequence[Entry], key: str) -> Condition | None:
    """Show on which other choice the hyperparameter depends, where there is one to depend on."""
    parents = {
        entry.path: entry for entry in before if entry.options and len(entry.options) <= 8 and entry.kind != "fixed"
    }
    if not parents:
        return None
    names = {path: entry.label or field_at(base, path).label for path, entry in parents.items()}
    had = start.when if start.when and start.when.path in parents else None
    with st.popover("Condition", type="tertiary", icon=":material/alt_route:"):
        options = ["", *parents]
        path = st.selectbox(
            "Counts", options, options.index(had.path) if had else 0, key=f"{key}.when", persist_state="session",
            format_func=lambda path: f"only with some values of {names[path]}" if path else "always",
        )  # fmt: skip
        if not path:
            return None
        offered = list(parents[path].options)
        values = st.multiselect(
            f"Values of {names[path]}", offered, list(had.values if had and had.path == path else offered[-1:]),
            key=f"{key}.when.{path}", persist_state="session",
        )  # fmt: skip
    st.caption(f"Only with {names[path]} {' or '.join(map(str, values))}.")
    return Condition(path, tuple(values))


def _adder(fields: Sequence[Field], paths: list[str], scope: str) -> None:
    by_path = {field.path: field for field in fields}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        path = st.selectbox(
            "Add a hyperparameter", list(by_path), index=None, key=f"{scope}.add", placeholder="Choose one",
            format_func=lambda path: by_path[path].label,
        )  # fmt: skip
        if st.button("Add", icon=":material/add:", key=f"{scope}.adding", disabled=path is None):
            paths.append(path)
            st.rerun()
