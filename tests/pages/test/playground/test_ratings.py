"""A rating that could not be stored is not shown as if it were."""

from decimal import Decimal
from types import SimpleNamespace
from typing import NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Unavailable
from core.platform.ids import new_id
from pages._ui import guard

RATINGS = {
    "an answer of a bot": """
import streamlit as st
from pages.test.bots import result_card
result_card._draw_rating(st.session_state["rated"])
""",
    "a prompt": """
import streamlit as st
from pages.test.prompts import detail
detail._draw_rating(st.session_state["rated"])
""",
}
ID = new_id()
RATED = SimpleNamespace(id=ID, rating=3.0, own_rating=3, rating_count=1)


def drawn(what: str) -> AppTest:
    app = AppTest.from_string(RATINGS[what])
    app.session_state["rated"] = RATED
    return app.run()


def away() -> NoReturn:
    raise Unavailable("Away.")


def test_a_bots_answer_keeps_its_rating(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "work", away)
    app = drawn("an answer of a bot")
    app.select_slider(key=f"bots.rating.{ID}").set_value(Decimal(5)).run()
    assert app.select_slider(key=f"bots.rating.{ID}").value == 3


def test_a_prompt_keeps_its_stars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "work", away)
    app = drawn("a prompt")
    app.feedback(key=f"prompts.rating.{ID}").set_value(4).run()
    assert app.feedback(key=f"prompts.rating.{ID}").value == 2
