"""Answers to strokes past the page: the board asks here, and the bars move without a rerun of Streamlit's page.

A rerun costs a tenth of a second, most of it in the browser, which goes through the whole page once for each message.
Here it is one request and one answer. The page says what to answer with (models, steps, switches) and gets an address
for it, which lasts as long as the session asks for the same. Where nothing answers there, as under plain
`streamlit run app.py`, the board goes the way of the page.
"""

import json
import secrets
import weakref
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pages.ui.predict.answer import Question
from pages.ui.predict.draw import given_by

PATH = "/live/answer"  # served.py leads here
MAX_BYTES = 2_000_000  # the longest drawing has 50,000 points
_KEY = "live.question"

# Weak: a question lives in its session, and goes with it.
_questions: "weakref.WeakValueDictionary[str, Question]" = weakref.WeakValueDictionary()


def address_for(question: Question) -> str:
    """Return the address that answers drawings; the same while the session's question stays the same."""
    kept = st.session_state.get(_KEY)
    if kept is None or kept[1] != question:
        kept = st.session_state[_KEY] = f"{PATH}/{secrets.token_urlsafe(16)}", question
        _questions[kept[0]] = question
    return kept[0]


async def respond(request: Request) -> Response:
    """Answer the drawing in a request: what verdict.js shows, as JSON."""
    question = _questions.get(request.url.path)
    if question is None:
        return Response(status_code=404)
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MAX_BYTES:
            return Response(status_code=413)
    try:
        values = json.loads(content)
    except ValueError:  # no text, or no JSON
        return Response(status_code=400)
    return JSONResponse(await run_in_threadpool(_answer, question, values))


def _answer(question: Question, values: Any) -> dict[str, Any]:
    given = given_by(values, question.models[0])
    return question.shown(given, question.prepared(given))
