"""streamlit run of served.py, with the one setting that Streamlit has no option for: python -m pages.ui.server [OPTION]

Streamlit takes an app with a folder named pages beside it for one of its older kind, until st.navigation has run once
in the process. If the very first request is a deep link, it then shows "Page not found" above the right page, so it
is told beforehand. `streamlit run app.py` works otherwise the same; strokes alone are answered later there.
"""

import sys
import threading
from importlib import import_module
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

APP = Path(__file__).with_name("served.py")

# Slow to load, and needed by the first page that somebody opens: seconds better spent while the browser starts.
SLOW_MODULES = ("pandas", "plotly.graph_objects", "ai_edge_litert.interpreter")


def load_slow_modules() -> None:
    """Load what the pages will need."""
    for name in SLOW_MODULES:
        import_module(name)


if __name__ == "__main__":
    PagesManager.uses_pages_directory = False
    threading.Thread(target=load_slow_modules, daemon=True).start()
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    main()
