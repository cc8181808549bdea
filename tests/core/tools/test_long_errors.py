"""What a tool says of its failure is stored and shown, and so it is cut."""

from pydantic import BaseModel

from core.identity.permissions import Permission
from core.identity.schemas import Actor
from core.tools.definitions import MAX_ERROR_CHARS, RegistryTool, run_with
from core.tools.errors import ToolFailed
from tests.factories.identity import person


class Nothing(BaseModel):
    pass


def failing(_arguments: Nothing, _actor: Actor) -> None:
    raise ToolFailed("The tool failed: " + "x" * 4_000_000)


def test_an_error_of_megabytes_is_cut(database: object) -> None:
    # It was stored with each call, and sent to each page with it
    tool = RegistryTool("failing", "", Nothing, failing, Permission.RUN_MODELS)
    outcome = run_with(tool, {}, actor=person().actor)
    assert outcome.error is not None
    assert outcome.error.startswith("The tool failed: xxx")
    assert len(outcome.error) == MAX_ERROR_CHARS
    assert outcome.error in outcome.text
