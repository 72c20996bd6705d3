"""The form of a RunSpec: one widget per hyperparameter, made from the field's own description."""

from typing import Any

import streamlit as st

from fmnist_core.hyperparameters import Hyperparameter
from fmnist_core.spec import HYPERPARAMETERS, ConvBlock, DenseLayer, RunSpec

LOG_STEPS = (1.0, 2.0, 3.0, 5.0, 7.0)
MAX_BLOCKS = 5


def field_widget(name: str, base: RunSpec, scope: str) -> Any:
    """Show the widget of one hyperparameter, preset to the base's value, and return the user's value."""
    parameter, default = HYPERPARAMETERS[name], getattr(base, name)
    options = {"key": f"{scope}.{name}", "help": parameter.help, "persist_state": "session"}
    if parameter.choices is not None:
        return _choice(parameter, default, options)
    if parameter.minimum is None:
        return st.toggle(parameter.label, default, **options)
    if parameter.log:
        values = log_values(parameter, default)
        return st.select_slider(parameter.label, values, default, format_func=lambda value: f"{value:g}", **options)
    kind = type(default)
    limits = {
        "min_value": kind(parameter.minimum),
        "max_value": kind(parameter.maximum),
        "step": kind(parameter.step),
    }
    if parameter.maximum - parameter.minimum > 200 * parameter.step:
        return st.number_input(parameter.label, value=default, **limits, **options)
    return st.slider(parameter.label, value=default, **limits, **options)


def section_fields(section: str, base: RunSpec, scope: str, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Show all hyperparameters of a section in two columns and return their values by name."""
    names = [name for name, parameter in HYPERPARAMETERS.items() if parameter.section == section]
    names = [name for name in names if name not in without]
    columns = st.columns(2, gap="medium")
    values = {}
    for index, name in enumerate(names):
        with columns[index % 2]:
            values[name] = field_widget(name, base, scope)
    return values


def conv_blocks_form(blocks: tuple[ConvBlock, ...], scope: str) -> tuple[ConvBlock, ...]:
    """Show number and settings of the convolution blocks and return them."""
    count = st.slider(
        "Convolution blocks", 1, max(MAX_BLOCKS, len(blocks)), len(blocks), key=f"{scope}.conv.count",
        persist_state="session", help="Each block finds patterns made of those that the block before found.",
    )  # fmt: skip
    # A further block repeats the last one with a kernel that fits small pictures.
    more = ConvBlock(blocks[-1].filters, 3, "same", blocks[-1].batch_norm, False, blocks[-1].dropout)
    return tuple(
        _conv_block(number, blocks[number] if number < len(blocks) else more, scope) for number in range(count)
    )


def dense_layers_form(layers: tuple[DenseLayer, ...], scope: str, *, least: int = 1) -> tuple[DenseLayer, ...]:
    """Show number and settings of the dense layers and return them."""
    count = st.slider(
        "Dense layers", least, max(MAX_BLOCKS, len(layers)), len(layers), key=f"{scope}.dense.count",
        persist_state="session", help="They weigh the patterns found; one more, of softmax, gives the probabilities.",
    )  # fmt: skip
    known = layers or (DenseLayer(128),)
    return tuple(_dense_layer(number, known[min(number, len(known) - 1)], scope) for number in range(count))


def _choice(parameter: Hyperparameter, default: Any, options: dict[str, Any]) -> Any:
    words = parameter.choices or {}
    return st.selectbox(parameter.label, list(words), list(words).index(default), format_func=words.get, **options)


def log_values(parameter: Hyperparameter, *kept: float) -> list[float]:
    """Return the values of a slider that moves by factors, those to be kept among them; their type is that of all.

    Where 0 is the minimum, three decades below the maximum are offered.
    """
    if isinstance(kept[0], int):
        values = [2**power for power in range(int(parameter.maximum).bit_length())]
    else:
        # Rounded to the digits on show, so that 3 * 0.0001 and 0.0003 are one value.
        values = [float(f"{mantissa * 10.0**power:g}") for power in range(-7, 5) for mantissa in LOG_STEPS]
    least = parameter.minimum or parameter.maximum / 1000
    return sorted({value for value in values if least <= value <= parameter.maximum} | set(kept))


def _conv_block(number: int, block: ConvBlock, scope: str) -> ConvBlock:
    key = f"{scope}.conv{number}"
    with st.container(border=True):
        st.markdown(f"**Convolution block {number + 1}**")
        left, right = st.columns(2, gap="medium")
        with left:
            filters = st.slider(
                "Filters", 1, max(128, block.filters), block.filters, key=f"{key}.filters", persist_state="session",
                help="Patterns looked for at every place. Usual: 6 to 64, more in later blocks.",
            )  # fmt: skip
            dropout = st.slider(
                "Dropout", 0.0, 0.9, block.dropout, 0.05, key=f"{key}.dropout", persist_state="session",
                help="Share of the numbers set to zero at random while training, against overfitting. Usual: 0 to 0.5.",
            )  # fmt: skip
        with right:
            kernel = st.segmented_control(
                "Kernel", sorted({1, 3, 5, 7, block.kernel_px}), default=block.kernel_px, key=f"{key}.kernel",
                format_func=lambda side: f"{side}x{side}", required=True, persist_state="session",
                help="Side of the window that a filter sees, in pixels.",
            )  # fmt: skip
            padding = st.segmented_control(
                "Padding", ["valid", "same"], default=block.padding, key=f"{key}.padding", required=True,
                persist_state="session", help="'same' keeps the picture's size, 'valid' loses kernel - 1 pixels.",
            )  # fmt: skip
        columns = st.columns(2, gap="medium")
        pool = columns[0].toggle("Pooling 2x2", block.pool, key=f"{key}.pool", persist_state="session")
        norm = columns[1].toggle(
            "Batch normalisation", block.batch_norm, key=f"{key}.norm", persist_state="session",
            help="Centres and scales the numbers between layers (Ioffe and Szegedy, 2015). Trains faster, steadier. "
            "While it learns by the statistics of each batch, afterwards by their running mean.",
        )  # fmt: skip
    first = norm and st.toggle(
        "Normalise before the activation", block.norm_first, key=f"{key}.norm_first", persist_state="session",
        help="As in the paper, and faster: the convolution then needs no bias. System E normalises after.",
    )  # fmt: skip
    return ConvBlock(filters, kernel, padding, norm, pool, dropout, first or (block.norm_first and not norm))


def _dense_layer(number: int, layer: DenseLayer, scope: str) -> DenseLayer:
    key = f"{scope}.dense{number}"
    left, right = st.columns(2, gap="medium")
    units = left.number_input(
        f"Units of dense layer {number + 1}", 1, 8192, layer.units, 4, key=f"{key}.units", persist_state="session",
        help="Usual: 64 to 512.",
    )  # fmt: skip
    dropout = right.slider(
        f"Dropout after it ({number + 1})",
        0.0,
        0.9,
        layer.dropout,
        0.05,
        key=f"{key}.dropout",
        persist_state="session",
    )
    return DenseLayer(units, layer.batch_norm, dropout)
