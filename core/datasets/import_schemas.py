"""What an import of a file has added, and what it could not."""

from enum import StrEnum

from core.datasets.schemas import CaseTexts, DatasetView
from core.identity.schemas import View


class CaseFormat(StrEnum):
    """The format of a file of cases, as it was recognized."""

    ATTUNE = "attune"
    PROMPTFOO = "promptfoo"
    PROMPTFOO_CSV = "promptfoo_csv"
    OPENAI_EVALS = "openai_evals"
    OPENAI_REGISTRY = "openai_registry"
    INSPECT = "inspect"
    QUESTIONS = "questions"
    REFERENCE_ANSWERS = "reference_answers"
    PREFERENCES = "preferences"
    COMPLETIONS = "completions"
    INSTRUCTIONS = "instructions"
    CHATS = "chats"
    JUDGE_PROMPTS = "judge_prompts"


class UnsupportedPart(View):
    """A part of a file that was not imported: its line where it is known, what it is, and why."""

    line: int | None
    part: str
    reason: str


class SupportedKind(View):
    """How many assertions of a kind have become scorers."""

    kind: str
    count: int


class CaseImport(View):
    """What an import has added, or would add as a dry run.

    `unsupported` has the first 1,000 of `unsupported_count` parts that were not imported.
    """

    format: CaseFormat
    is_dry_run: bool
    cases: int
    updated: int
    scorers: list[SupportedKind]
    unsupported: list[UnsupportedPart]
    unsupported_count: int
    sample: list[CaseTexts]
    dataset: DatasetView | None
