"""SQL lies where a newcomer looks for it: in the modules or packages `models`, `queries`, `ingest`
and `service`.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from core.platform.config import ROOT

PLACES = {"models", "queries", "ingest", "service"}
STATEMENTS = {"select", "text", "insert", "update", "delete", "union", "union_all"}
RUNS = {"execute", "executemany", "scalar", "scalars"}


def features() -> list[Path]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    [layers] = [each for each in contracts if each["name"] == "Modules of a feature form layers"]
    return [ROOT / name.replace(".", "/") for name in layers["containers"]]


def modules() -> Iterator[Path]:
    for feature in features():
        yield from (path.relative_to(ROOT) for path in feature.rglob("*.py"))


def test_statements_of_features_are_in_models_queries_ingest_or_service() -> None:
    elsewhere = {
        str(path)
        for path in modules()
        if not PLACES & {*path.parent.parts, path.stem} and _has_statements(path)
    }
    assert not elsewhere


def test_composed_statements_have_no_suppressed_lint_rule() -> None:
    suppressed = [
        str(path.relative_to(ROOT))
        for folder in ("core", "pages", "api", "client")
        for path in (ROOT / folder).rglob("*.py")
        if "noqa: S608" in path.read_text()
    ]
    assert not suppressed


def test_no_statement_is_assembled_from_strings() -> None:
    # Identifiers are psycopg's, values are parameters, and the rest is a file or an expression
    assembled = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for folder in ("core", "pages", "api", "client", "tools")
        for path in (ROOT / folder).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and _is_statement(call) and _is_assembled(call.args[0])
    ]
    assert not assembled


def _is_statement(call: ast.Call) -> bool:
    """Return whether a call is `text(...)`, or runs its first argument."""
    name = call.func.id if isinstance(call.func, ast.Name) else None
    runs = isinstance(call.func, ast.Attribute) and call.func.attr in RUNS
    return bool(call.args) and (name == "text" or runs)


def _is_assembled(argument: ast.expr) -> bool:
    return any(
        isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod))
        for node in ast.walk(argument)
    )


def _has_statements(path: Path) -> bool:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            if STATEMENTS & {each.name for each in node.names}:
                return True
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in RUNS
        ):
            return True
    return False
