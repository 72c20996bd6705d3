"""What the server serves: the app and, beside its pages, the address that answers strokes. Started by server.py."""

from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def answer(request: Request) -> Response:
    """Answer a drawing. Loaded here: components of pages register themselves with a server that is there."""
    from pages.ui.predict.live import respond

    return await respond(request)


app = st.App(
    Path(__file__).resolve().parents[2] / "app.py", routes=[Route("/live/answer/{ticket}", answer, methods=["POST"])]
)
