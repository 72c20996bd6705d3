"""The list of findings: a line each, which opens to what is behind it."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.quality import findings, outliers
from fmnist_core.quality.findings import Finding, Verdict
from pages.ui.data import plain
from pages.ui.quality import details, near
from pages.ui.quality.facts import LARGEST_CORRELATION, LEAST_CORRELATION, Facts, setting

_BADGES = {
    Verdict.FINE: ":green-badge[:material/check: {}]",
    Verdict.NOTE: ":blue-badge[:material/info: {}]",
    Verdict.LOOK: ":orange-badge[:material/visibility: {}]",
    Verdict.WAIT: ":gray-badge[:material/hourglass_empty: {}]",
}
# Verdicts and names stand below each other like columns; on a phone the text begins on a line of its own.
_STYLE = """<style>
.st-key-findings { gap: 0.35rem; }
.st-key-findings summary p { line-height: 1.5; }
.st-key-findings summary strong::after { content: "\\A"; white-space: pre; }
@media (min-width: 800px) {
    .st-key-findings summary strong::after { content: none; }
    .st-key-findings summary p { display: grid; grid-template-columns: 5rem 11.5rem 1fr; align-items: baseline; }
    .st-key-findings summary .stMarkdownBadge { margin-right: 0.6rem; }
}
</style>"""


@dataclass(frozen=True)
class _Line:
    """key: name in the address of the line that is open."""

    key: str
    finding: Finding
    show: Callable[[], None]


def findings_list(dataset: Dataset, facts: Facts) -> None:
    """Show how all checks ended in a sentence, then a line for each."""
    lines = _lines(dataset, facts)
    st.html(_STYLE)
    st.markdown(f"**{findings.summary([line.finding for line in lines])}**")
    with st.container(key="findings"):
        for line in lines:
            _show(line)
    near.progress(dataset)


def _lines(dataset: Dataset, facts: Facts) -> list[_Line]:
    correlation = setting(details.CORRELATION_KEY, details.CORRELATION, LEAST_CORRELATION, LARGEST_CORRELATION)
    z = setting(details.Z_KEY, outliers.THRESHOLD, details.LEAST_Z, details.LARGEST_Z)
    redundant = facts.redundant[facts.redundant[list(facts.numbers)].abs().max(axis=1) > correlation]
    copies = facts.whole.copies.touching(facts.selected)
    unlike = outliers.outlier_table(facts.whole.outliers, copies.labels, copies.n_train, z)
    unlike = unlike[facts.selected[unlike["place"]]]
    pairs = near.pairs(dataset, facts.selected)
    return [
        _Line("source", findings.source(dataset), lambda: details.source(dataset)),
        _Line("missing", findings.missing(facts.count, dataset.gaps), lambda: details.missing(dataset, facts)),
        _Line("duplicates", findings.copies(copies, facts.count), lambda: details.copies(dataset, copies)),
        _Line("conflicts", findings.conflicts(copies), lambda: details.conflicts(dataset, copies)),
        _Line(
            "near", findings.near_copies(pairs, near.threshold(), facts.selected),
            lambda: near.show(dataset, pairs, facts.selected),
        ),
        _Line("constant", findings.constant(facts.constant), lambda: details.constant(facts)),
        _Line(
            "redundant", findings.redundant(redundant, correlation, facts.largest_correlation),
            lambda: details.redundant(redundant),
        ),
        _Line("cardinality", findings.cardinality(facts.numbers), lambda: details.cardinality(facts)),
        _Line(
            "outliers", findings.outliers(unlike, facts.count, z), lambda: details.outlying(dataset, unlike),
        ),
    ]  # fmt: skip


def _show(line: _Line) -> None:
    badge = _BADGES[line.finding.verdict].format(line.finding.verdict.value)
    label = f"{badge} **{line.finding.name}** {plain(line.finding.text)}"
    with st.expander(label, key=line.key, bind="query-params") as box:
        if box.open:
            line.show()
