"""Streamlit's page with its modules in one file: a browser fetches over a hundred small ones six at a time, a round trip each.

The page's inline script (`static/loader.js`) makes modules of the file's texts. Whatever it does not hold comes from
Streamlit's own folder as before.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# What the first pages draw with. Their dependencies come along; large rare ones (tables, code colouring) do not.
ELEMENTS = (
    "BidiComponent",
    "Button",
    "ButtonGroup",
    "ChatInput",
    "Html",
    "Metric",
    "PageLink",
    "Selectbox",
    "Slider",
    "TextArea",
)
IMPORT = re.compile(r"""\b(?:from|import)\s*["'`]\./([\w.@-]+\.js)["'`]""")
ENTRY = re.compile(r'<script type="module" crossorigin src="\./static/js/(index\.[\w-]+\.js)"></script>')
PRELOAD = re.compile(r'\s*<link\s[^>]*?rel="(?:modulepreload|preload)"[^>]*>')
STYLE = re.compile(r'<link rel="stylesheet" crossorigin href="\./(static/css/[\w.-]+)">')
TEXT_FONT = "/app/static/Inter.woff2"


@dataclass(frozen=True)
class Frontend:
    """The page, and the file of modules that it loads."""

    folder: Path
    index: bytes
    bundle: bytes
    bundle_path: str
    style: Path

    @property
    def files(self) -> list[str]:
        """Paths of all that there is below /static."""
        found = (path for path in (self.folder / "static").rglob("*") if path.is_file())
        return [self.bundle_path, *(f"/{path.relative_to(self.folder).as_posix()}" for path in found)]

    @property
    def ahead(self) -> list[str]:
        """Paths that the browser prefetches on the sign-in page."""
        return [self.bundle_path, f"/{self.style.relative_to(self.folder).as_posix()}", TEXT_FONT]


class UnknownPage(Exception):
    """Streamlit's index.html names its entry module or its style in another way: `api/frontend.py` must follow its release."""


@cache
def build(folder: Path) -> Frontend:
    """Return the page of a Streamlit whose static files are in `folder`; raise UnknownPage."""
    plain = (folder / "index.html").read_text()
    entry, style = ENTRY.search(plain), STYLE.search(plain)
    if entry is None or style is None:
        raise UnknownPage
    modules = folder / "static" / "js"
    wanted = [entry[1], *(path.name for name in ELEMENTS for path in modules.glob(f"{name}.*.js"))]
    bundle = json.dumps(_with_dependencies(modules, wanted), ensure_ascii=False).encode()
    path = f"/static/console-{hashlib.sha256(bundle).hexdigest()[:16]}.json"
    loader = (Path(__file__).parent / "static" / "loader.js").read_text().replace("BUNDLE", path).replace("ENTRY", entry[1])
    index = ENTRY.sub("", PRELOAD.sub("", plain)).replace("<head>", f"<head>\n    <script>{loader}</script>", 1)
    return Frontend(folder, index.encode(), bundle, path, folder / style[1])


def _with_dependencies(folder: Path, wanted: list[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    while wanted:
        if (name := wanted.pop()) not in texts:
            texts[name] = (folder / name).read_text()
            wanted += IMPORT.findall(texts[name])
    return texts
