"""Dialog Improve with a model: the request with its estimate, then the proposal to save."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from core.errors import Failure
from core.executions import runner
from core.improvements import service
from core.improvements.schemas import Improvement, ImprovementProposal, NewImprovement
from core.presentation import formatting
from core.providers import catalogue
from pages._ui import diff, errors, frame, guard, state, text
from pages.test.prompts import guidance_section
from pages.test.prompts.edit import fixes
from pages.test.prompts.edit.editor import NO_MODEL, PromptEditor

NOTE_CHARS, LONG_CHARS = 4000, 1500
OnSave = Callable[[PromptEditor], None]


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
            _draw_proposal(editor, on_save)

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
    cost = improvement.estimate
    facts = [
        formatting.count(len(improvement.annotations), "reviewed annotation"),
        formatting.count(len(improvement.findings), "finding"),
        f"estimate: about {formatting.count(cost.input_tokens, 'token')}",
    ]
    if cost.max_output_tokens is not None:
        facts.append(f"up to {cost.max_output_tokens:,} for the answer")
    if cost.max_cost_usd is not None:
        facts.append(f"at most {formatting.money(cost.max_cost_usd)}")
    return " · ".join(facts)


def _propose(editor: PromptEditor, improvement: Improvement) -> None:
    """Wait for the model outside of any transaction; raise what it or the proposal fails with."""
    state.forget(editor.key("proposal"))
    with guard.work() as (_, actor):
        caller = actor
    answer = runner.current().submit(improvement.execution, actor=caller).result()
    with guard.work() as (session, actor):
        proposal = service.propose(session, editor.prompt.id, improvement, answer, actor=actor)
    state.put(editor.key("improvement"), improvement)
    state.put(editor.key("proposal"), proposal)


def _draw_proposal(editor: PromptEditor, on_save: OnSave) -> None:
    proposal: ImprovementProposal | None = state.get(editor.key("proposal"), None)
    improvement: Improvement | None = state.get(editor.key("improvement"), None)
    if proposal is None or improvement is None:
        return
    with st.container(key="prompt-proposal"):
        cost = proposal.cost_usd
        frame.section(
            "Proposal", "" if cost is None else text.plain(f"cost {formatting.money(cost)}")
        )
        st.markdown(text.plain(proposal.why))
        _draw_changes(improvement, proposal)
        _draw_addressed(editor, improvement, proposal)
        if proposal.findings:
            st.caption("Checks of the proposed text:")
        for finding in proposal.findings:
            guidance_section.draw_finding(editor, finding)
        _draw_buttons(editor, proposal, on_save)


def _draw_changes(improvement: Improvement, proposal: ImprovementProposal) -> None:
    old = improvement.content
    pairs = [
        ("System prompt", old.system_prompt or "", proposal.system_prompt or ""),
        ("Prompt", old.prompt, proposal.prompt),
    ]
    changes = [pair for pair in pairs if pair[1] != pair[2]]
    if not changes:
        st.caption("The model proposes no changes.")
    for title, before, after in changes:
        st.caption(title)
        with st.container(border=True, height=300 if len(after) > LONG_CHARS else "content"):
            diff.draw(before, after)


def _draw_addressed(
    editor: PromptEditor, improvement: Improvement, proposal: ImprovementProposal
) -> None:
    titles = {each.id: fixes.title(each) for each in improvement.annotations.values()}
    if proposal.addressed:
        st.caption("Annotations that it addresses, by the model's own account:")
    for id_ in proposal.addressed:
        st.checkbox(text.plain(titles[id_]), True, key=_box(editor, id_))


def _draw_buttons(editor: PromptEditor, proposal: ImprovementProposal, on_save: OnSave) -> None:
    with st.container(horizontal=True):
        is_saved = st.button(
            f"Save proposal as version {editor.prompt.version + 1}",
            type="primary",
            key=editor.key("improve-save"),
            on_click=_save,
            args=(editor, proposal, on_save),
        )
        is_used = st.button(
            "Use in editor",
            key=editor.key("improve-use"),
            on_click=_use,
            args=(editor, proposal),
            help="Change the text further before you save it.",
        )
    if is_saved or is_used:
        st.rerun()


@errors.action
def _save(editor: PromptEditor, proposal: ImprovementProposal, on_save: OnSave) -> None:
    _use(editor, proposal)
    on_save(editor)


def _use(editor: PromptEditor, proposal: ImprovementProposal) -> None:
    """Put the texts and the chosen annotations into the editor, from a callback."""
    chosen = [id_ for id_ in proposal.addressed if state.get(_box(editor, id_), True)]
    state.put(editor.key("system"), proposal.system_prompt or "")
    state.put(editor.key("prompt"), proposal.prompt)
    state.put(editor.key("fixes"), chosen)
    if not state.get(editor.key("note"), ""):
        # As long as the note of a version may be
        state.put(editor.key("note"), proposal.why[:1000])


def _box(editor: PromptEditor, annotation_id: UUID) -> str:
    return editor.key("addressed", str(annotation_id))
