"""Section Test message: a message to the draft, its answer, then the analysis."""

from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from core.bots import bot_tests
from core.bots.queries import results as queries
from core.bots.result_schemas import MAX_TEST_CHARS, BotTestResult, NewBotTest
from core.bots.schemas import BotView
from core.database.paging import Window
from core.errors import Invalid
from pages._ui import errors, frame, guard, state
from pages._ui.prompts import model_calls
from pages.test.bots import models_choice, result_card
from pages.test.bots.models_choice import Models

MESSAGE, SHOWN, TO_ANALYZE = "bots.test.message", "bots.test.shown", "bots.test.to_analyze"
EARLIER = 10


def draw(bot: BotView) -> None:
    with st.container(width=860):
        models = models_choice.draw()
        if models is None:
            return
        _draw_form(bot, models)
        shown = _shown(bot)
        if shown is not None:
            _draw_answer(shown, models)
        _draw_earlier(bot, shown)


def _draw_form(bot: BotView, models: Models) -> None:
    st.text_area(
        "Message",
        key=MESSAGE,
        height=90,
        max_chars=MAX_TEST_CHARS,
        placeholder="What are your pricing plans?",
        # Kept while another section is shown, which does not draw it
        persist_state="session",
    )
    is_sent = st.button("Send test message", type="primary", icon=":material/send:")
    place = st.container()
    if is_sent:
        with errors.InForm(place), place, st.spinner("The bot answers…"):
            _send(bot, models)
            st.rerun()


def _send(bot: BotView, models: Models) -> None:
    """Send the message, and have the next run show the answer before it is analyzed."""
    try:
        new_test = NewBotTest(message=state.get(MESSAGE, ""), model_id=models.model_id)
    except ValidationError:
        raise Invalid("Enter a message.") from None
    with guard.work() as (_, actor):
        caller = actor
    # After the transaction: a model may take minutes
    call = model_calls.begin(bot_tests.answer_message(bot.id, new_test, actor=caller))
    result = model_calls.wait_for(call)
    state.put(SHOWN, (bot.id, result.id))
    if models.judge_model_id is not None:
        state.put(TO_ANALYZE, result.id)


def _shown(bot: BotView) -> BotTestResult | None:
    """Return the result that was sent last in this tab, if it is of this bot."""
    known: tuple[UUID, UUID] | None = state.get(SHOWN, None)
    if known is None or known[0] != bot.id:
        return None
    with guard.work() as (session, actor):
        return queries.get_result(session, known[1], actor=actor)


def _draw_answer(result: BotTestResult, models: Models) -> None:
    with st.container(border=True, key="bot-answer"):
        result_card.draw(result)
        place = st.container()
        if state.get(TO_ANALYZE, None) == result.id:
            # Before the call, or one that fails would be made again in each run
            state.forget(TO_ANALYZE)
            with errors.InForm(place), place, st.spinner("The judge analyzes the answer…"):
                analyze(result.id, models.judge_model_id)
                st.rerun()
        elif result.personality_score is None and models.judge_model_id is not None:
            st.button(
                "Analyze answer", on_click=state.put, args=(TO_ANALYZE, result.id), key="analyze"
            )


def analyze(result_id: UUID, judge_model_id: str | None) -> None:
    """Have the judge analyze an answer."""
    with guard.work() as (_, actor):
        caller = actor
    call = model_calls.begin(bot_tests.analyze(result_id, judge_model_id, actor=caller))
    model_calls.wait_for(call)


@errors.part("Earlier tests")
def _draw_earlier(bot: BotView, shown: BotTestResult | None) -> None:
    with guard.work() as (session, actor):
        page = queries.list_results(
            session, bot.id, with_runs=False, window=Window(EARLIER), actor=actor
        )
    earlier = [each for each in page.items if shown is None or each.id != shown.id]
    if not earlier:
        return
    frame.section("Earlier tests", f"{len(earlier)} of {page.total_count}")
    for result in earlier:
        with st.expander(result_card.title(result)):
            result_card.draw(result)
