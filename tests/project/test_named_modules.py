"""Comments and docstrings name modules that exist, so that a reader finds what they point to."""

import re
import tokenize
from collections.abc import Iterator
from io import StringIO

from core.platform.config import ROOT

FOLDERS = ("core", "pages", "api", "client", "tools", "benchmarks", "migrations", "tests")
MODULE = re.compile(r"(?<![\w./<\[])[a-z_]+(?:/\w+)*\.(?:py|sql)\b(?!\w)")
OF_OTHERS = {"vllm/benchmarks/serve.py"}


def named_modules() -> Iterator[tuple[str, str]]:
    """Yield each file with the modules that its comments and docstrings name."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            text = "" if "node_modules" in path.parts else path.read_text()
            if MODULE.search(text):
                for words in comments(text):
                    yield from (
                        (str(path.relative_to(ROOT)), name) for name in MODULE.findall(words)
                    )


def comments(text: str) -> Iterator[str]:
    """Yield the comments and docstrings of a module."""
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type == tokenize.COMMENT or token.string.startswith('"""'):
            yield token.string


def test_modules_that_comments_name_exist() -> None:
    present = {
        f"/{path.relative_to(ROOT)}"
        for folder in FOLDERS
        for kind in ("py", "sql")
        for path in (ROOT / folder).rglob(f"*.{kind}")
    } | {"/app.py"}
    missing = {
        (where, name)
        for where, name in named_modules()
        if name not in OF_OTHERS and not any(path.endswith(f"/{name}") for path in present)
    }
    assert not missing
