"""Pieces of this project's own source, copied word for word, with all that they call: for scripts that stand alone.

Sources are read as text, so that nothing is imported: the web process writes such a script without TensorFlow.
"""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# In this order they stand in a script; where two define a name, the later one is meant.
MODULES = (
    "errors", "datasets/split", "splits", "preprocess", "zoo/mirror", "zoo/weights",
    "zoo/transfer", "batch_norm", "optimizers", "batches",
    "phases", "callbacks", "exports/standalone",
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A definition at the top of a module: its text, comments above it included, and the names that occur in it."""

    text: str
    uses: frozenset[str]


def closure(roots: list[str], replaced: dict[str, str] | None = None) -> str:
    """Return the source of the roots and of everything in MODULES that they need, in order.

    Args:
        replaced: other text for some names, where a script needs less than the project.

    Raises:
        KeyError: a root is defined in none of MODULES.
    """
    pieces = dict(_pieces())
    for name, text in (replaced or {}).items():
        pieces[name] = Piece(text, _names(ast.parse(text)))
    needed, open_names = set(), list(roots)
    while open_names:
        name = open_names.pop()
        if name not in needed:
            needed.add(name)
            open_names += [other for other in pieces[name].uses if other in pieces]
    found = [pieces[name].text for name in pieces if name in needed]
    return "\n\n\n".join(dict.fromkeys(found))  # one text may define two names


@functools.cache
def _pieces() -> dict[str, Piece]:
    pieces: dict[str, Piece] = {}
    for module in MODULES:
        source = (ROOT / f"{module}.py").read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.parse(source).body:
            for name in _defined(node):
                pieces.pop(name, None)  # so that it stands where the later module stands
                pieces[name] = Piece(_text(node, lines), _names(node))
    return pieces


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


def _names(node: ast.AST) -> frozenset[str]:
    """Return the names that a definition takes from outside: its own variables are none of them."""
    own: set[str] = set()
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        arguments = node.args
        own |= {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        own |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    found: set[str] = {node.id} if isinstance(node, ast.Name) else set()
    for part in ast.iter_child_nodes(node):
        found |= _names(part)
    return frozenset(found - own)


def _text(node: ast.stmt, lines: list[str]) -> str:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])
