"""Import a file of cases: first what it has, then the import."""

from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.datasets.files.reader import MAX_BYTES
from core.datasets.import_schemas import CaseFormat, CaseImport
from core.datasets.schemas import DatasetView
from core.datasets.service import transfer
from core.datasets.service.transfer import ImportTarget
from core.presentation import formatting
from pages._ui import dialogs, errors, frame, guard, state, tables, text
from pages._ui.columns import of_cells
from pages.test.datasets import dataset_address

FILE, NAME, REPORT = "datasets.import.file", "datasets.import.name", "datasets.import.report"
ENDINGS = ["yaml", "yml", "json", "jsonl", "csv", "tsv", "txt"]
SHOWN = 8  # rows of a table that does not scroll
FORMATS = {
    CaseFormat.ATTUNE: "Exported dataset",
    CaseFormat.PROMPTFOO: "promptfoo configuration",
    CaseFormat.PROMPTFOO_CSV: "promptfoo test cases",
    CaseFormat.OPENAI_EVALS: "OpenAI evals",
    CaseFormat.OPENAI_REGISTRY: "OpenAI evals registry",
    CaseFormat.INSPECT: "Inspect samples",
    CaseFormat.QUESTIONS: "Questions",
    CaseFormat.REFERENCE_ANSWERS: "Reference answers",
    CaseFormat.PREFERENCES: "Preference pairs",
    CaseFormat.COMPLETIONS: "Prompts with completions",
    CaseFormat.INSTRUCTIONS: "Instructions",
    CaseFormat.CHATS: "Chats",
    CaseFormat.JUDGE_PROMPTS: "Judge prompts",
}


def open_import(dataset: DatasetView | None = None) -> None:
    state.forget(FILE, NAME, REPORT)

    @st.dialog("Import cases", width="large")
    def form() -> None:
        file: UploadedFile | None = st.file_uploader(
            "File",
            type=ENDINGS,
            key=FILE,
            max_upload_size=MAX_BYTES // 2**20,
            help="promptfoo (YAML, JSON, CSV), OpenAI evals, Inspect, questions, reference "
            "answers, preference pairs, completions, instructions, chats, or an exported dataset.",
        )
        if dataset is None:
            st.text_input("Name", key=NAME, max_chars=128, placeholder="As the file")
        else:
            st.caption(text.plain(f"The cases are added to {dataset.name} as a new version."))
        if file is not None:
            with errors.InForm(st.container()):
                draw_summary(_imported(file, dataset, is_dry_run=True))
        dialogs.submit(
            "Import cases",
            lambda: import_file(file, dataset),
            key="datasets.import",
            disabled=file is None,
        )

    form()


def import_file(file: UploadedFile | None, dataset: DatasetView | None) -> None:
    """Import the cases; raise FileUploading while another file that was chosen is on its way."""
    if file is None:
        raise errors.FileUploading
    found = _imported(file, dataset, is_dry_run=False)
    if found.dataset is not None:
        dataset_address.show(found.dataset.id)
    if found.unsupported:
        state.put(REPORT, found)
    state.toast(_words_of(found))


def _words_of(found: CaseImport) -> str:
    """Return what an import did; it did something, or it was refused."""
    if not found.cases:
        return f"{formatting.count(found.updated, 'case')} updated"
    added = f"{formatting.count(found.cases, 'case')} added"
    return f"{added}, {found.updated:,} updated" if found.updated else added


def draw_report() -> None:
    """Show once what the last import left out."""
    found: CaseImport | None = state.take(REPORT)
    if found is not None:
        with st.container(border=True):
            _draw_unsupported(found)


def draw_summary(found: CaseImport) -> None:
    """Show what a file has: its format, cases and scorers, and what is not supported."""
    frame.facts(
        {
            "Format": FORMATS[found.format],
            "Cases": f"{found.cases:,}",
            "Updated cases": f"{found.updated:,}" if found.updated else None,
            "Scorers": ", ".join(f"{it.kind} ({it.count:,})" for it in found.scorers),
        }
    )
    for sample in found.sample[:1]:
        st.caption(text.plain(f"First case: {text.one_line(sample.messages[-1].content)[:300]}"))
    if found.unsupported:
        _draw_unsupported(found)


def _draw_unsupported(found: CaseImport) -> None:
    frame.section("Not imported", formatting.count(found.unsupported_count, "part"))
    cells = [
        {"Line": it.line, "Part": it.part, "Reason": it.reason} for it in found.unsupported[:200]
    ]
    alt = formatting.count(len(cells), "part that was not imported")
    tables.draw(cells, of_cells(cells), alt, key="datasets.unsupported", most=SHOWN)


def _imported(file: UploadedFile, dataset: DatasetView | None, *, is_dry_run: bool) -> CaseImport:
    dataset_id: UUID | None = dataset.id if dataset is not None else None
    name = state.get(NAME, "").strip()[:128] or None
    target = ImportTarget(file.name, dataset_id, name, is_dry_run)
    with guard.work() as (session, actor):
        return transfer.import_cases(session, file.getvalue(), target, actor=actor)
