"""Routes of tools that models may call."""

from fastapi import APIRouter

from api.deps import ActorDep, SessionDep
from core.database.db import read_session
from core.database.paging import Items
from core.tools import definitions, registry
from core.tools.schemas import ToolTest, ToolTestResult, ToolView

router = APIRouter(prefix="/tools", tags=["Tools"])


@router.get("")
def list_tools(session: SessionDep, actor: ActorDep) -> Items[ToolView]:
    """List the tools that you may use, with the schema of their arguments."""
    return Items(items=[tool.view() for tool in registry.list_for(session, actor=actor)])


@router.post("/{name}/test")
def test_tool(name: str, test: ToolTest, actor: ActorDep) -> ToolTestResult:
    """Run a tool as yourself; invalid arguments and failures are in `error`."""
    with read_session() as session:
        tool = registry.get(session, name, actor=actor)
    # After the session: a tool may wait for a network
    outcome = definitions.run_with(tool, test.arguments, actor=actor)
    return ToolTestResult(
        result=None if outcome.error else outcome.text,
        time_ms=outcome.time_ms,
        error=outcome.error,
    )
