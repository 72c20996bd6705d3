"""What holds for all exploration and training pages together; the index of neighbours begun ahead."""

import re
import subprocess
import sys
from collections import Counter

from streamlit.testing.v1 import AppTest

from fmnist_core import paths
from fmnist_core.tasks import Task
from pages.ui import background

BEGIN = background.begin_neighbours  # as it is before a fixture of conftest.py puts nothing in its place

# No process of its own: neither tasks nor the probe of speed.
VISIT_ALL = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from fmnist_core import estimates
from fmnist_core.tasks import Status, Task

Task.start = Task.status = lambda task: Status("waiting", 0.0, "Starting")
estimates.PROBE_COMMAND = (sys.executable, "-c", "")
app = AppTest.from_file("app.py", default_timeout=120).run()
visits = [(path, {}) for folder in ("explore", "train") for path in sorted(Path("pages", folder).glob("*.py"))]
for name, key, value in (
    ("projection", "method", "t-SNE"), ("projection", "method", "UMAP"), ("labels", "by", "Cross-validation")
):
    visits.append((Path("pages", "explore", name + ".py"), {key: value}))
for script, query in visits:
    app.switch_page(script.as_posix())
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, script
    print("visited", script, *query.values())
print("loaded", *sorted({name.split(".")[0] for name in sys.modules} & {"streamlit", "tensorflow", "keras", "umap"}))
"""


def test_opening_the_exploration_and_training_pages_loads_no_tensorflow():
    done = subprocess.run(
        [sys.executable, "-c", VISIT_ALL], cwd=paths.PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *visited, loaded = [line for line in done.stdout.splitlines() if line.startswith(("visited", "loaded"))]
    pages = [path for folder in ("explore", "train") for path in (paths.PROJECT / "pages" / folder).glob("*.py")]
    assert len(pages) >= 13 and len(visited) == len(pages) + 3
    assert loaded == "loaded streamlit"


def test_a_name_in_the_address_belongs_to_one_page_or_takes_the_same_values_on_each():
    """Streamlit takes the value of a key along to the next page: one that is no option there resets the choice."""
    bound = Counter(
        name
        for file in (paths.PROJECT / "pages").rglob("*.py")
        for name in re.findall(r'key="(\w+)",\s*bind="query-params"', file.read_text(encoding="utf-8"))
    )
    assert len(bound) > 40
    assert {name for name, times in bound.items() if times > 1} <= {"class", "seed"}


def test_the_index_of_neighbours_is_begun_once_and_only_where_the_data_are_looked_at(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(Task, "_spawn", lambda task: begun.append(task.name))
    monkeypatch.setattr(background, "begin_neighbours", BEGIN)
    background._begin_neighbours.clear()
    app = AppTest.from_file(str(paths.PROJECT / "app.py"), default_timeout=120)
    app.switch_page("pages/predict/beat.py").run()
    assert begun == []
    app.switch_page("pages/explore/balance.py").run()
    app.switch_page("pages/explore/samples.py").run()
    assert begun == ["neighbours"]
    background._begin_neighbours.clear()
