"""Dialog that asks a model for cases, and adds those that the person chooses."""

from uuid import UUID

import streamlit as st

from core.case_proposals import service
from core.case_proposals.schemas import (
    MOST_PROPOSED,
    CaseCall,
    CaseProposal,
    CaseProposals,
    CaseRequest,
)
from core.datasets.schemas import DatasetView, NewCase, NewCases
from core.datasets.service import cases
from core.errors import Failure, Invalid
from core.executions import runner
from core.presentation import formatting
from core.providers import catalogue
from pages._ui import dialogs, errors, guard, state, text
from pages._ui.prompts import model_calls
from pages._ui.prompts.estimate_text import estimate_facts
from pages.test.datasets.sources import source_dialog

MODEL, COUNT, NOTE, PROPOSALS, CHOSEN = (
    "datasets.propose.model",
    "datasets.propose.count",
    "datasets.propose.note",
    "datasets.propose.found",
    "datasets.propose.chosen",
)
NOTE_CHARS, DEFAULT_COUNT = 4000, 10


@errors.action
def open_dialog(dataset: DatasetView) -> None:
    with guard.work() as (session, _):
        models = [model.id for model in catalogue.list_models(session)]
    state.forget(MODEL, COUNT, NOTE, PROPOSALS)

    @st.dialog("Ask a model for cases", width="large")
    def form() -> None:
        with errors.InForm(st.container()):
            _draw_request(dataset, models)
        proposals: CaseProposals | None = state.get(PROPOSALS, None)
        if proposals is not None:
            _draw_proposals(dataset, proposals)

    form()


def _draw_request(dataset: DatasetView, models: list[str]) -> None:
    with st.container(horizontal=True):
        model = st.selectbox("Model to ask", models, key=MODEL)
        state.seed(COUNT, DEFAULT_COUNT)
        count = st.number_input("Cases", 1, MOST_PROPOSED, key=COUNT, width=110)
    note = st.text_area(
        "What the cases are about",
        key=NOTE,
        max_chars=NOTE_CHARS,
        height=90,
        placeholder="For example: refunds of damaged goods, asked by impatient customers",
    )
    if not model:
        st.caption("No models available. Add a provider in Settings.")
        return
    given = CaseRequest(model_id=model, count=count, note=note)
    try:
        call = _prepare(dataset.id, given)
    except Failure as refused:
        st.info(text.plain(refused.detail), icon=":material/info:")
        return
    st.caption(text.plain("Estimate: " + " · ".join(estimate_facts(call.estimate))))
    if st.button("Propose cases", type="primary", key="datasets.propose.ask"):
        with st.spinner("Waiting for the model…"):
            _propose(call)


def _prepare(dataset_id: UUID, request: CaseRequest) -> CaseCall:
    with guard.work() as (session, actor):
        return service.prepare(session, dataset_id, request, actor=actor)


def _propose(call: CaseCall) -> None:
    """Wait for the model outside of any transaction; raise what it fails with."""
    state.forget(PROPOSALS)
    with guard.work() as (_, actor):
        caller = actor
    answer = model_calls.wait_for(runner.current().submit(call.execution, actor=caller))
    found = service.propose(call, answer)
    state.put(PROPOSALS, found)
    # The boxes of an earlier proposal have the same keys, and may be unticked
    for number in range(len(found.cases)):
        state.put(_box(number), True)


def _draw_proposals(dataset: DatasetView, proposals: CaseProposals) -> None:
    facts = [formatting.count(len(proposals.cases), "new case")]
    if proposals.repeated:
        duplicates = "a duplicate" if proposals.repeated == 1 else "duplicates"
        facts.append(f"{proposals.repeated:,} left out as {duplicates}")
    if proposals.cost_usd is not None:
        facts.append(f"cost {formatting.money(proposals.cost_usd)}")
    st.caption(text.plain(" · ".join(facts)) + " · read each before you add it")
    for number, case in enumerate(proposals.cases):
        _draw_case(number, case)
    chosen = [it for number, it in enumerate(proposals.cases) if state.get(_box(number), True)]
    label = f"Add {formatting.count(len(chosen), 'case')}"
    dialogs.submit(label, lambda: _add(dataset.id, chosen), key="datasets.propose")


def _draw_case(number: int, case: CaseProposal) -> None:
    tags = "".join(f" :gray-badge[{text.plain(tag)}]" for tag in case.tags)
    with st.container(gap="xxsmall"):
        st.checkbox(text.plain(case.messages[0].content) + tags, key=_box(number))
        if case.reference:
            st.caption(f"Reference: {text.plain(case.reference)}")


def _box(number: int) -> str:
    return f"{CHOSEN}.{number}"


def _add(dataset_id: UUID, chosen: list[CaseProposal]) -> None:
    if not chosen:
        raise Invalid("Choose at least one case.")
    new = NewCases(cases=tuple(NewCase(**case.model_dump()) for case in chosen))
    with guard.work() as (session, actor):
        found = cases.add_cases(session, dataset_id, new, actor=actor)
    source_dialog.say_added(found)
