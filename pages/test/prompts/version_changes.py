"""What differs between two versions of a prompt."""

from typing import Literal

from core.prompts.views import PromptVersionView
from pages._ui import diff

TEXTS = ("System prompt", "Prompt", "Variables and parameters")


def draw(
    old: PromptVersionView,
    new: PromptVersionView,
    *,
    long_px: int | Literal["content"] = "content",
) -> None:
    texts = zip(TEXTS, _texts(old), _texts(new), strict=True)
    diff.draw_all(texts, "These versions are the same.", long_px=long_px)


def _texts(version: PromptVersionView) -> tuple[str, str, str]:
    settings = [
        *(
            f"{variable.name}: {variable.model_dump_json(exclude_defaults=True, exclude={'name'})}"
            for variable in version.variables
        ),
        *(f"{name}: {value}" for name, value in version.default_parameters.set_values().items()),
        *([f"model: {version.model_id}"] if version.model_id else []),
    ]
    return version.system_prompt or "", version.prompt, "\n".join(settings)
