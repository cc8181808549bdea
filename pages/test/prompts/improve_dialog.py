"""Dialog Improve with a model: the request with its estimate, then the proposal to save."""

import streamlit as st

from core.errors import Failure
from core.executions import runner
from core.improvements import service
from core.improvements.schemas import Improvement, NewImprovement
from core.presentation import formatting
from core.providers import catalogue
from pages._ui import errors, guard, state, text
from pages._ui.prompts import model_calls
from pages._ui.prompts.estimate_text import estimate_facts
from pages.test.prompts import improvement_proposal
from pages.test.prompts.edit.editor import NO_MODEL, PromptEditor
from pages.test.prompts.improvement_proposal import OnSave

NOTE_CHARS = 4000


def draw_button(editor: PromptEditor, *, on_save: OnSave) -> None:
    """Draw the button of the dialog; `on_save` saves what the editor holds."""
    st.button(
        "Improve with a model",
        icon=":material/auto_awesome:",
        key=editor.key("improve"),
        on_click=_open,
        args=(editor, on_save),
        help="Proposes a version from reviewed annotations and the findings above.",
        width="stretch",
    )


@errors.action
def _open(editor: PromptEditor, on_save: OnSave) -> None:
    with guard.work() as (session, _):
        models = [model.id for model in catalogue.list_models(session)]
    state.forget(editor.key("improvement"))
    state.forget(editor.key("proposal"))
    own = state.get(editor.key("model"), NO_MODEL)
    state.put(editor.key("improve-model"), own if own in models else next(iter(models), None))

    @st.dialog("Improve with a model", width="large")
    def dialog() -> None:
        with errors.InForm(st.container()):
            _draw_request(editor, models)
            improvement_proposal.draw(editor, on_save)

    dialog()


def _draw_request(editor: PromptEditor, models: list[str]) -> None:
    model = st.selectbox("Model to ask", models, key=editor.key("improve-model"))
    note = st.text_area(
        "What to improve",
        key=editor.key("improve-note"),
        max_chars=NOTE_CHARS,
        height=90,
        placeholder="Optional, besides what annotations and findings say",
    )
    below = st.container()
    if not model:
        st.caption("No models available. Add a provider in Settings.")
        return
    given = NewImprovement(model_id=model, note=note, content=editor.content())
    try:
        improvement = _prepare(editor, given)
    except Failure as refused:
        below.info(text.plain(refused.detail), icon=":material/info:")
        return
    below.caption(text.plain(_facts(improvement)))
    if st.button("Propose improvement", type="primary", key=editor.key("improve-propose")):
        with errors.InForm(st.container()), st.spinner("Waiting for the model…"):
            _propose(editor, improvement)


def _prepare(editor: PromptEditor, given: NewImprovement) -> Improvement:
    with guard.work_on_both() as (session, ai, actor):
        return service.prepare(session, ai, editor.prompt.id, given, actor=actor)


def _facts(improvement: Improvement) -> str:
    facts = [
        formatting.count(len(improvement.annotations), "reviewed annotation"),
        formatting.count(len(improvement.findings), "finding"),
    ]
    return " · ".join(facts) + " · estimate: " + " · ".join(estimate_facts(improvement.estimate))


def _propose(editor: PromptEditor, improvement: Improvement) -> None:
    """Wait for the model outside of any transaction; raise what it or the proposal fails with."""
    state.forget(editor.key("proposal"))
    with guard.work() as (_, actor):
        caller = actor
    call = runner.current().submit(improvement.execution, actor=caller)
    answer = model_calls.wait_for(call)
    with guard.work() as (session, actor):
        proposal = service.propose(session, editor.prompt.id, improvement, answer, actor=actor)
    state.put(editor.key("improvement"), improvement)
    state.put(editor.key("proposal"), proposal)
