"""What holds for all exploration pages together."""

import subprocess
import sys

from fmnist_core import paths

VISIT_ALL = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("app.py", default_timeout=120).run()
for script in sorted(Path("pages/explore").glob("*.py")):
    app.switch_page(script.as_posix()).run()
    assert not app.exception, script
    print("visited", script.stem)
print("loaded", *sorted({name.split(".")[0] for name in sys.modules} & {"streamlit", "tensorflow", "keras", "umap"}))
"""


def test_opening_the_exploration_pages_loads_no_tensorflow():
    done = subprocess.run(
        [sys.executable, "-c", VISIT_ALL], cwd=paths.PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    pages = [line.removeprefix("visited ") for line in lines if line.startswith("visited ")]
    assert pages == ["balance", "correlation", "distributions", "labels", "projection", "quality", "samples"]
    assert lines[-1] == "loaded streamlit"
