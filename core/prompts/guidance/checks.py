"""Check a prompt: variables, length, secrets, sections, instructions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.prompts.estimates import tokens_in
from core.prompts.guidance import instructions, secrets, sections
from core.prompts.guidance.findings import (
    FieldText,
    PromptFinding,
    PromptFindingCode,
    line_at,
    listed,
)
from core.prompts.schemas import PromptContent
from core.prompts.template import syntax
from core.prompts.template.syntax import Part, Variable
from core.providers.schemas import ModelView

INVALID = re.compile(r"\{\{(?P<inside>[^{}\n]{1,100})\}\}")


@dataclass(frozen=True)
class ExpandedPrompt:
    """The parts of both texts with what they include, and the names of declared variables."""

    parts: Sequence[Part]
    declared: frozenset[str]

    @property
    def text(self) -> str:
        """The text without placeholders."""
        # A space keeps the words on both sides of a placeholder apart
        return "".join(part if isinstance(part, str) else " " for part in self.parts)


def check(
    content: PromptContent, expanded: ExpandedPrompt, model: ModelView | None
) -> list[PromptFinding]:
    """Return what may be wrong with a prompt; without a model, its length isn't checked."""
    texts = [
        FieldText("system_prompt", content.system_prompt or ""),
        FieldText("prompt", content.prompt),
    ]
    whole = expanded.text
    findings = [*_variables(content, texts, expanded), *_length(content, whole, model)]
    for text in texts:
        findings += secrets.check(text)
    return [*findings, *sections.check(texts), *instructions.check(texts, whole)]


def _variables(
    content: PromptContent, texts: Sequence[FieldText], expanded: ExpandedPrompt
) -> Iterator[PromptFinding]:
    written = syntax.variables_in(*(text.text for text in texts))
    used = {part.name for part in expanded.parts if isinstance(part, Variable)}
    if undeclared := [name for name in written if name not in expanded.declared]:
        yield PromptFinding(
            code=PromptFindingCode.UNDECLARED_VARIABLE,
            message=f"Not declared: {listed(undeclared)}.",
            reason="Any text is accepted for it. Declare it to set a type, a default or rules.",
        )
    if unused := [each.name for each in content.variables if each.name not in used]:
        yield PromptFinding(
            code=PromptFindingCode.UNUSED_VARIABLE,
            message=f"Declared and not used: {listed(unused)}.",
            reason="Its values never reach the model. Use it in the text or remove it.",
        )
    for text in texts:
        yield from _invalid_placeholders(text)


def _invalid_placeholders(text: FieldText) -> Iterator[PromptFinding]:
    """Yield a finding for what looks like a placeholder and is sent to the model as it is."""
    found = [
        match
        for match in INVALID.finditer(text.text)
        if syntax.PLACEHOLDER.fullmatch(match[0]) is None
        # Escaped braces, and three of them, are meant as text
        and text.text[match.start() - 1 : match.start()] not in ("\\", "{")
    ]
    if found:
        yield text.finding(
            PromptFindingCode.INVALID_PLACEHOLDER,
            f"No variable: {listed(match[0] for match in found)}.",
            "The model gets it as it is. Names have letters without accents, digits and "
            "underscores, and don't begin with a digit.",
            line_at(text.text, found[0].start()),
        )


def _length(content: PromptContent, whole: str, model: ModelView | None) -> Iterator[PromptFinding]:
    tokens = tokens_in(whole)
    answer = content.default_parameters.max_tokens or 0
    if model is None or model.context_window is None or tokens + answer <= model.context_window:
        return
    which = "" if content.model_id else ", the smallest model that can be called,"
    yield PromptFinding(
        code=PromptFindingCode.TOO_LONG,
        message=(
            f"About {tokens:,} tokens (an estimate, without values of variables) and {answer:,} "
            f"for the answer; {model.id}{which} takes {model.context_window:,}."
        ),
        reason="The provider refuses the call or cuts the text. Shorten the prompt, lower Max "
        "tokens, or choose a model with a larger context.",
    )
