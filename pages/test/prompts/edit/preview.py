"""The prompt as a model would get it, with values to try."""

import streamlit as st
from pydantic import ValidationError

from core.errors import Failure
from core.playground.schemas import MAX_PROMPT_CHARS, Draft
from core.playground.service import sessions
from core.prompts.calls import RenderRequest
from core.prompts.errors import PromptTooLarge, VariablesRefused
from core.prompts.estimates import estimate
from core.prompts.queries import rendering
from core.prompts.schemas import PromptContent, PromptVariable
from core.prompts.views import PromptVersionView, RenderedPrompt
from core.providers import catalogue
from pages._ui import errors, frame, guard, links, state, text
from pages._ui.prompts import value_fields
from pages._ui.prompts.estimate_text import estimate_facts
from pages.test.prompts.edit.editor import PromptEditor


def draw(editor: PromptEditor) -> None:
    """Draw fields for values, and the rendered prompt or what is wrong with each value."""
    with st.container(border=True, key="prompt-preview"):
        frame.section("Preview", "what the model gets")
        try:
            version = _version(editor, editor.content())
            variables = _variables(version)
            values = {
                # With the type: another type has another field, which would refuse the value
                each.name: value_fields.draw(each, editor.key("value", each.name, each.type))
                for each in variables
            }
            request = RenderRequest(
                variables={name: value for name, value in values.items() if value is not None}
            )
            with guard.work() as (session, actor):
                rendered = rendering.render_content(
                    session, editor.prompt, version, request, actor=actor
                )
        except VariablesRefused as refused:
            _draw_problems(refused)
        except Failure as failure:
            st.error(text.plain(failure.detail), icon=":material/error:")
        else:
            _draw_rendered(rendered)
            _draw_estimate(rendered)
            st.button(
                "Try in playground",
                icon=":material/science:",
                key=editor.key("try"),
                on_click=try_in_playground,
                args=(rendered, editor.content()),
                help="Opens a session with this prompt, model and parameters.",
            )


def _draw_estimate(rendered: RenderedPrompt) -> None:
    with guard.work() as (session, _):
        models = {model.id: model for model in catalogue.list_models(session)}
    found = estimate(rendered, models.get(rendered.model_id or ""))
    st.caption(text.plain("Estimate for a call: " + " · ".join(estimate_facts(found))))


@errors.action
def try_in_playground(rendered: RenderedPrompt, content: PromptContent) -> None:
    """Open a playground session with the rendered prompt, its user text ready to be sent."""
    try:
        draft = Draft(
            model=content.model_id,
            parameters=content.default_parameters,
            custom_prompt=rendered.system_prompt or None,
        )
    except ValidationError:
        raise PromptTooLarge(
            f"The playground takes system prompts of up to {MAX_PROMPT_CHARS:,} characters."
        ) from None
    with guard.work() as (session, actor):
        opened = sessions.open_session(session, actor=actor, draft=draft)
    # The text before {{history}} stands before the session's first message
    said = [*(message.content for message in rendered.messages), rendered.prompt]
    state.put("playground.message", "\n\n".join(filter(None, said)))
    links.go("playground", session=str(opened.session_id))


def _version(editor: PromptEditor, content: PromptContent) -> PromptVersionView:
    return PromptVersionView(
        id=editor.prompt.id,
        number=editor.prompt.version + 1,
        note="",
        created_by_name=None,
        created_at=editor.prompt.updated_at,
        **{name: getattr(content, name) for name in PromptContent.model_fields},
    )


def _variables(version: PromptVersionView) -> list[PromptVariable]:
    with guard.work() as (session, actor):
        return rendering.list_variables(session, version, actor=actor)


def _draw_problems(refused: VariablesRefused) -> None:
    st.caption("Enter values to see the prompt:")
    problems = refused.facts.get("errors")
    for problem in problems if isinstance(problems, list) else []:
        name = str(problem["field"]).removeprefix("variables.")
        st.markdown(f"`{name}` {text.plain(str(problem['message']))}")


def _draw_rendered(rendered: RenderedPrompt) -> None:
    parts = [
        ("System", rendered.system_prompt),
        *((message.role.capitalize(), message.content) for message in rendered.messages),
        ("User", rendered.prompt),
    ]
    for role, content in parts:
        if content:
            st.caption(role)
            st.code(text.upright(content), language=None, wrap_lines=True)
