"""The dependency rules of the house, checked by importing in fresh processes and by reading the sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Modules that load TensorFlow; only worker processes and benchmarks may import them.
TRAINING = {
    f"fmnist_core.{name}"
    for name in (
        "batches", "callbacks", "epoch_recording", "explain_anatomy", "explain_taps", "exports.standalone", "finishing",
        "batch_norm", "optimizers", "pace", "phases", "training", "tuning.oracles", "zoo.facts", "zoo.mirror",
    )
}  # fmt: skip
CORE = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "fmnist_core").rglob("*.py")
)


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _loaded_after(code: str) -> set[str]:
    code += "\nimport sys; print(' '.join({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_library_loads_neither_streamlit_nor_tensorflow_outside_of_training():
    modules = [name for name in CORE if name not in TRAINING]
    assert not _loaded_after(f"import {', '.join(modules)}") & {"streamlit", "tensorflow", "keras"}


def test_training_never_loads_streamlit():
    assert "streamlit" not in _loaded_after(f"import {', '.join(sorted(TRAINING))}")


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=lambda path: path.name)
def test_a_page_imports_the_library_and_shared_pieces_but_no_page_and_no_training(path):
    imported = _imports(path)
    pages = {name for name in imported if name.startswith("pages.") and not name.startswith("pages.ui")}
    assert not pages
    assert not imported & TRAINING
    assert not {name.split(".")[0] for name in imported} & {"tensorflow", "keras"}


def test_no_script_lies_directly_in_pages():
    # Streamlit would serve it by a deep link before app.py has set anything up.
    assert not list((ROOT / "pages").glob("*.py"))


def test_every_page_script_is_in_the_table_of_pages():
    table = (ROOT / "app.py").read_text()
    scripts = [p.relative_to(ROOT).as_posix() for p in (ROOT / "pages").rglob("*.py") if p.parent.name != "ui"]
    assert scripts
    assert [script for script in scripts if "/ui/" not in script and script not in table] == []
