"""Serve Streamlit's modules in one file: a browser would fetch over a hundred small ones, six at a time.

The page's inline script (`static/loader.js`) makes modules of the file's lines as they arrive; whatever it does not hold comes
from Streamlit's own folder as before. `static/socket.js` has the server run the page meanwhile.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# What the first pages draw with, that first which their first figures and fields are. Their dependencies come along; large rare
# ones (tables, code colouring) do not.
ELEMENTS = (
    "Html",
    "Metric",
    "ChatInput",
    "Button",
    "ButtonGroup",
    "PageLink",
    "Selectbox",
    "BidiComponent",
    "TextArea",
    "Slider",
    "NumberInput",
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
    bundle = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in _with_dependencies(modules, wanted).items()).encode()
    path = f"/static/console-{hashlib.sha256(bundle).hexdigest()[:16]}.jsonl"
    loader = _script("loader").replace("BUNDLE", path).replace("ENTRY", entry[1])
    scripts = f"<head>\n    <script>{_script('socket')}</script>\n    <script>{loader}</script>"
    index = ENTRY.sub("", PRELOAD.sub("", plain)).replace("<head>", scripts, 1)
    return Frontend(folder, index.encode(), bundle, path, folder / style[1])


def _script(name: str) -> str:
    return (Path(__file__).parent / "static" / f"{name}.js").read_text()


def _with_dependencies(folder: Path, wanted: list[str]) -> dict[str, str]:
    """Return the texts of modules by name, each after those that it imports."""
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in texts:
            text = (folder / name).read_text()
            for needed in IMPORT.findall(text):
                add(needed)
            texts[name] = text

    for name in wanted:
        add(name)
    return texts
