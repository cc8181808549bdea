"""Check that a rewritten text keeps its placeholders and the marks that delimit them."""

from collections.abc import Iterator

from core.prompts.template import syntax
from core.prompts.template.escaping import Place, Places
from core.prompts.template.syntax import Include, Part, Variable


def problem_of(old: str, new: str) -> str | None:
    """Return which placeholders a new text lost, added or exposed, as a clause, or None."""
    before, after = _placeholders(old), _placeholders(new)
    if missing := before - after:
        return f"it left out {_listed(missing)}"
    if added := after - before:
        return f"it added {_listed(added)}"
    # Without delimiters a user's text could pass for instructions
    if exposed := set(_exposed(new)) - set(_exposed(old)):
        return f"it removed the delimiters around {_listed(exposed)}"
    return None


def _placeholders(text: str) -> set[Part]:
    return {part for part in syntax.parse(text) if not isinstance(part, str)}


def _exposed(text: str) -> Iterator[Part]:
    """Yield the variables that stand somewhere without quotation marks, fences or tags."""
    parts = list(syntax.parse(text))
    places = Places("".join(part for part in parts if isinstance(part, str)))
    position = 0
    for part in parts:
        if isinstance(part, str):
            position += len(part)
        elif places.at(position) == Place():
            yield part


def _listed(parts: set[Part]) -> str:
    return ", ".join(sorted(_written(part) for part in parts))


def _written(part: Part) -> str:
    match part:
        case Variable():
            return f"{{{{{part.name}}}}}"
        case Include():
            return f"{{{{> {part}}}}}"
        case _:
            return part
