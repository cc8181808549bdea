"""The parameters of a call of a prompt: its own, and the defaults of the prompt's version."""

from sqlalchemy.orm import Session

from core.prompts.views import PromptVersionView, RenderedPrompt
from core.providers import capabilities, catalogue
from core.providers.schemas import Parameters


def with_defaults(
    session: Session,
    version: PromptVersionView | RenderedPrompt,
    own: Parameters,
    *,
    model_id: str | None,
) -> Parameters:
    """Return a call's parameters with the defaults of a version, `own` first.

    With another model than the version's, defaults that it does not take are left out: whoever
    calls cannot unset them. Raises ModelMissing.
    """
    if isinstance(version, RenderedPrompt):
        defaults = version.parameters
    else:
        defaults = version.default_parameters
    if model_id in (None, "", version.model_id):
        return Parameters.model_validate(defaults.set_values() | own.set_values())
    model = catalogue.find_route(session, model_id or "").model
    return capabilities.with_defaults(own, defaults, model)
