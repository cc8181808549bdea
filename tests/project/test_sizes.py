"""Files and functions stay short enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

from core.platform.config import ROOT

LONGEST_FUNCTION, LONGEST_MODULE, LONGEST_PAGE, LONGEST_TESTS = 60, 300, 150, 399
MOST_FILES, MOST_SHARED = 16, 20  # in a folder, and in that of what pages share
FOLDERS = ("core", "pages", "api", "client", "tools")


def modules() -> Iterator[Path]:
    yield ROOT / "app.py"
    for folder in FOLDERS:
        yield from (ROOT / folder).rglob("*.py")


def of_tests() -> Iterator[Path]:
    return (ROOT / "tests").rglob("*.py")


def lines(path: Path) -> int:
    return path.read_text().count("\n")


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    assert not {
        str(path.relative_to(ROOT)): lines(path)
        for path in modules()
        if lines(path) > LONGEST_MODULE
    }


def test_no_module_of_a_page_is_longer_than_a_hundred_and_fifty_lines() -> None:
    shared = ROOT / "pages" / "_ui"
    assert not {
        str(path.relative_to(ROOT)): lines(path)
        for path in (ROOT / "pages").rglob("*.py")
        if shared not in path.parents and lines(path) > LONGEST_PAGE
    }


def test_no_file_of_tests_has_four_hundred_lines() -> None:
    assert not {
        str(path.relative_to(ROOT)): lines(path)
        for path in of_tests()
        if lines(path) > LONGEST_TESTS
    }


def test_no_function_is_longer_than_sixty_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)}: {node.name}": length
        for path in (*modules(), *of_tests())
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := _length(node)) > LONGEST_FUNCTION
    }
    assert not long


def test_no_folder_has_more_files_than_can_be_seen_at_once() -> None:
    folders = {path.parent for path in modules()} | {ROOT / "pages" / "_ui" / "parts"}
    files = {
        str(folder.relative_to(ROOT)): sum(
            path.is_file() and path.name != "__init__.py" for path in folder.iterdir()
        )
        for folder in folders - {ROOT}
    }
    shared = files.pop("pages/_ui")
    assert shared <= MOST_SHARED
    assert not {folder: count for folder, count in files.items() if count > MOST_FILES}


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1
