"""streamlit run, with the one setting that Streamlit has no option for: python -m pages.ui.server [OPTION...]

Streamlit takes an app with a folder named pages beside it for one of its older kind, until st.navigation has run once
in the process. If the very first request is a deep link, it then shows "Page not found" above the right page. Telling
it beforehand is the whole difference to `streamlit run app.py`, which works otherwise the same.
"""

import sys
from pathlib import Path

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

APP = Path(__file__).resolve().parents[2] / "app.py"

if __name__ == "__main__":
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(APP), *sys.argv[1:]]
    main()
