"""`python -m tests.changed` prints the test files affected by changes since the last commit.

These are the changed tests and those that import a changed module, without browser tests and tests
of whole programs.
"""

import re
import subprocess
import sys

from core.platform.config import ROOT

SLOW = ("tests/browser/", "tests/faults/")


def changed() -> set[str]:
    """Return the Python files that differ from the last commit, including new ones."""
    listed = [
        ["git", "diff", "--name-only", "HEAD"],
        ["git", "ls-files", "--others", "--exclude-standard"],
    ]
    names = [
        subprocess.run(each, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        for each in listed
    ]
    return {
        name for each in names for name in each if name.endswith(".py") and (ROOT / name).exists()
    }


def tests_of(files: set[str]) -> list[str]:
    """Return the test files that are among these files, or import one of them."""
    modules = [file.removesuffix(".py").replace("/", ".") for file in files]
    imports = re.compile(
        "|".join(
            rf"(from|import) {re.escape(name)}\b|from {_parent(name)} import .*\b{_last(name)}\b"
            for name in modules
        )
    )
    tests = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    found = {
        str(path)
        for path in tests
        if str(path) in files or (modules and imports.search((ROOT / path).read_text()))
    }
    return sorted(path for path in found if not path.startswith(SLOW))


def _parent(module: str) -> str:
    return re.escape(module.rpartition(".")[0])


def _last(module: str) -> str:
    return re.escape(module.rpartition(".")[2])


if __name__ == "__main__":
    sys.stdout.write(" ".join(tests_of(changed())))
