"""`pages/_ui` holds what several pages share; what one page uses is in that page's folder."""

import ast
from pathlib import Path

from core.platform.config import ROOT

UI = "pages._ui"
OF_ALL = {"pages._ui.streamlit_internals"}  # app.py applies it before any page runs


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {
    module_name(path): path for path in (ROOT / "pages").rglob("*.py") if path.name != "__init__.py"
}
SHARED = {name for name in MODULES if name.startswith(f"{UI}.")}


def imported(path: Path) -> set[str]:
    """Return the shared modules that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(UI):
            found |= {str(node.module), *(f"{node.module}.{each.name}" for each in node.names)}
    return found & SHARED


def page_of(module: str) -> str:
    """Return a module's page: its folder within a section, or a module beside the sections."""
    return ".".join(module.split(".")[:3])


def pages_by_shared_module() -> dict[str, set[str]]:
    """Return the pages that use each shared module, themselves or through another one."""
    uses = {name: imported(path) for name, path in MODULES.items()}
    users: dict[str, set[str]] = {name: set() for name in SHARED}
    for module in MODULES.keys() - SHARED:
        reached, left = set[str](), set(uses[module])
        while left:
            reached.add(name := left.pop())
            left |= uses[name] - reached
        for name in reached:
            users[name].add(page_of(module))
    return users


def test_each_shared_module_is_used_by_several_pages() -> None:
    found = pages_by_shared_module().items()
    assert not {name: users for name, users in found if len(users) < 2 and name not in OF_ALL}
