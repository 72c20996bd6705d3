"""Opening one page of the whole app in a test."""

import functools
from typing import Any

from streamlit.testing.v1 import AppTest

from fmnist_core import paths

APP = str(paths.PROJECT / "app.py")


def open_app(script: str, state: dict[str, Any] | None = None, **query: Any) -> AppTest:
    """Run a page as somebody who follows a link to it; state: of the session, query: names and values of the address.

    AppTest knows pages by their addresses only after a first run, of Home; one for all tests is enough.
    """
    app = AppTest.from_file(APP, default_timeout=120)
    app._registered_pages = _pages()
    app.switch_page(script)
    app.query_params.update(query)
    for name, value in (state or {}).items():
        app.session_state[name] = value
    app.run()
    assert not app.exception, app.exception[0].message
    return app


@functools.cache
def _pages() -> dict[str, Any]:
    return AppTest.from_file(APP, default_timeout=120).run()._registered_pages
