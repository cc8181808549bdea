"""The prompt and the experiment's arm behind an answer, as senders name them.

They are kept as text, and match the versions of prompts by name and version or label.
"""

from typing import Annotated, Any

from msgspec import Meta

from core.ingest.rows import JsonObject, Nested

Reference = Annotated[str, Meta(min_length=1, max_length=128)]
Version = Reference | int | float


class PromptReference(Nested):
    """A prompt by its name, with a version, or with a label such as `production`."""

    name: Reference
    version: Version | None = None
    label: Reference | None = None


class ExperimentReference(Nested):
    """An experiment by its key, and the arm that the user was in."""

    key: Reference
    arm: Reference


NESTED: dict[str, type[Nested]] = {"prompt": PromptReference, "experiment": ExperimentReference}
REFERENCES = ("prompt_name", "prompt_version", "prompt_label", "experiment_key", "experiment_arm")


def flatten(row: Any) -> None:  # noqa: ANN401  a request or a message, which share no base
    """Move a row's `prompt` and `experiment` into its columns, and what these lack into `extra`."""
    if row.prompt is row.experiment is row.prompt_version is None:
        return
    match row.prompt:
        case PromptReference(name=name, version=version, label=label, extra=rest):
            row.prompt_name, row.prompt_version, row.prompt_label = name, version, label
            _keep(row, "prompt", rest)
        case text:  # a prompt's own words are no reference
            _keep(row, "prompt", text)
    match row.experiment:
        case ExperimentReference(key=key, arm=arm, extra=rest):
            row.experiment_key, row.experiment_arm = key, arm
            _keep(row, "experiment", rest)
        case text:
            _keep(row, "experiment", text)
    row.prompt = row.experiment = None
    if row.prompt_version is not None:
        row.prompt_version = str(row.prompt_version)


def _keep(row: Any, name: str, rest: JsonObject | str | None) -> None:  # noqa: ANN401  as above
    if rest:
        row.extra = {**(row.extra or {}), name: rest}


def prompt_of(view: Any) -> str:  # noqa: ANN401  of a request or a message
    """Return `name@version`, as the database's prompt_title(); empty where none is named."""
    return "@".join(filter(None, (view.prompt_name, view.prompt_version or view.prompt_label)))


def arm_of(view: Any) -> str:  # noqa: ANN401  as above
    """Return `key:arm`, as the database's arm_title(); empty where none is named."""
    return ":".join(filter(None, (view.experiment_key, view.experiment_arm)))


def titles_of(view: Any) -> list[str]:  # noqa: ANN401  as above
    """Return the prompt version and the arm that a view names, as the page shows them."""
    prompt, arm = prompt_of(view), arm_of(view)
    return [*([f"prompt {prompt}"] if prompt else []), *([f"arm {arm}"] if arm else [])]
