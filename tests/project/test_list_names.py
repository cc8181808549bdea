"""Lists keep the columns that an account hides under names of their own."""

import ast
from collections import Counter

from core.platform.config import ROOT


def names_of_lists() -> list[str]:
    """Return the names that pages give to their lists."""
    return [
        ast.literal_eval(keyword.value)
        for path in (ROOT / "pages").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "tables.draw_page"
        for keyword in node.keywords
        if keyword.arg == "name"
    ]


def test_no_two_lists_share_a_name() -> None:
    found = Counter(names_of_lists())
    assert found
    assert not [name for name, count in found.items() if count > 1]
