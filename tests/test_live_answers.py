"""Strokes answered past the page: the same answer as the page's, and what is refused."""

import asyncio
import gc
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.requests import Request

from fmnist_core.errors import ModelError
from fmnist_core.intake import framing_for
from fmnist_core.ready_made import ready_made
from fmnist_core.xray import Kind, Recipe, usual
from pages.ui.predict import live
from pages.ui.predict.answer import Question
from pages.ui.predict.draw import given_by
from pages.ui.predict.models import model_of

BAR = {"strokes": [{"points": [450, 80, 450, 920], "width": 200}], "fill": True, "stamp": 7}


@pytest.fixture(autouse=True)
def session(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    made = {}
    monkeypatch.setattr(live.st, "session_state", made)
    return made


def question(recipe: Recipe | None = None) -> Question:
    model = model_of(ready_made())
    return Question([model], framing_for(model.predictor.class_names), [], recipe)


def ask(address, content):
    """Return status and answer of a request."""
    parts = [content[:100], content[100:]]

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    scope = {"type": "http", "method": "POST", "path": address, "headers": [], "query_string": b"", "server": ("a", 80)}
    with ThreadPoolExecutor(1) as thread:  # in this one a browser of other tests may have its own loop
        response = thread.submit(asyncio.run, live.respond(Request(scope, receive))).result()
    return response.status_code, json.loads(response.body or "null")


def test_a_drawing_is_answered_as_the_page_would():
    asked = question()
    status, answer = ask(live.address_for(asked), json.dumps(BAR).encode())
    given = given_by(BAR, asked.models[0])
    assert status == 200 and answer == asked.shown(given, asked.prepared(given))
    assert answer["stamp"] == 7 and sum(answer["probabilities"]) == pytest.approx(1, abs=1e-3)


def test_the_address_stays_while_the_question_does_and_a_switch_of_the_x_ray_makes_another(session):
    first = live.address_for(question())
    assert live.address_for(question()) == first
    uncropped = Recipe(**{**usual(Kind.DRAWING).__dict__, "crop": False})
    second = live.address_for(question(uncropped))
    assert second != first
    gc.collect()
    assert ask(first, json.dumps(BAR).encode())[0] == 404  # its session asks for something else
    moved = ask(second, json.dumps(BAR).encode())[1]
    assert moved["before"] is not None and moved["caption"] == "As the switches below say."
    session.clear()
    gc.collect()
    assert ask(second, json.dumps(BAR).encode())[0] == 404  # the session is gone


@pytest.mark.parametrize(("content", "status"), [(b"{", 400), (b"\xff", 400), (b"1" * (live.MAX_BYTES + 1), 413)])
def test_what_is_no_drawing_at_all_is_refused(content, status):
    kept = question()
    assert ask(live.address_for(kept), content) == (status, None)


@pytest.mark.parametrize("values", [{"strokes": [{"points": "x"}]}, [1], 3, {"strokes": None}])
def test_broken_strokes_are_told_in_words(values):
    kept = question()
    status, answer = ask(live.address_for(kept), json.dumps(values).encode())
    assert status == 200 and answer["probabilities"] is None and "Expected the strokes" in answer["hint"]


def test_an_empty_board_gets_the_hint():
    kept = question()
    answer = ask(live.address_for(kept), b'{"strokes": [], "stamp": 9}')[1]
    assert answer["probabilities"] is None and "Draw one of these" in answer["hint"] and answer["stamp"] == 9


def test_what_fails_inside_is_left_to_the_page(monkeypatch):
    kept = question()
    address = live.address_for(kept)

    def fail(*_):
        raise ModelError("Expected a model. Received none.")

    monkeypatch.setattr(type(kept.models[0].predictor), "probabilities", fail)
    with pytest.raises(ModelError):  # the server makes a status of 500 of it, and the board asks the page
        ask(address, json.dumps(BAR | {"strokes": [{"points": [1, 1, 900, 900], "width": 90}]}).encode())
