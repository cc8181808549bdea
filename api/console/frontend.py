"""Serve Streamlit's modules in one file: a browser would fetch over a hundred small ones, six at a
time.

The page's inline script (`static/loader.js`) creates modules from the file's lines as they arrive;
modules that it does not contain come from Streamlit's folder. `static/socket.js` opens the
websocket meanwhile, so that the server starts running the page.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.platform.config import ROOT

# The elements of the first pages, in the order in which they appear. Their dependencies are
# included; large rare ones (tables, code highlighting) are not.
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
    "TextInput",
    "Slider",
    "NumberInput",
    "Checkbox",
    "MenuButton",
)
IMPORT = re.compile(r"""\b(?:from|import)\s*["'`]\./([\w.@-]+\.js)["'`]""")
ENTRY = re.compile(
    r'<script type="module" crossorigin src="\./static/js/(index\.[\w-]+\.js)"></script>'
)
PRELOAD = re.compile(r'\s*<link\s[^>]*?rel="(?:modulepreload|preload)"[^>]*>')
STYLE = re.compile(r'<link rel="stylesheet" crossorigin href="\./(static/css/[\w.-]+)">')
TEXT_FONT = "/app/static/Inter.woff2"
# A fifth of the protobuf module: a page reads messages from bytes, and makes none from objects.
FROM_OBJECT = re.compile(r"e\.fromObject=function\(.*?(?=e\.toObject=function\()", re.DOTALL)


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
        """Paths of all files below /static."""
        paths = (path for path in (self.folder / "static").rglob("*") if path.is_file())
        return [
            self.bundle_path,
            *(f"/{path.relative_to(self.folder).as_posix()}" for path in paths),
        ]

    @property
    def ahead(self) -> list[str]:
        """Paths that the browser prefetches on the sign-in page."""
        return [self.bundle_path, f"/{self.style.relative_to(self.folder).as_posix()}", TEXT_FONT]


class UnknownPage(Exception):
    """Streamlit's index.html names its entry module or its style differently: adapt
    `api/console/frontend.py` to its release.
    """


@cache
def build(folder: Path) -> Frontend:
    """Return the page and the modules of the Streamlit in `folder`; raise UnknownPage."""
    html = (folder / "index.html").read_text()
    entry, style = ENTRY.search(html), STYLE.search(html)
    if entry is None or style is None:
        raise UnknownPage
    modules = folder / "static" / "js"
    names = [entry[1], *(path.name for name in ELEMENTS for path in modules.glob(f"{name}.*.js"))]
    lines = (
        json.dumps(module, ensure_ascii=False) + "\n"
        for module in _with_dependencies(modules, names).items()
    )
    bundle = "".join(lines).encode()
    path = f"/static/console-{hashlib.sha256(bundle).hexdigest()[:16]}.jsonl"
    loader = _static("loader.js").replace("BUNDLE", path).replace("ENTRY", entry[1])
    # Ahead of the scripts, which the browser takes 50 ms to begin and to open the socket.
    preload = f'<link rel="preload" as="fetch" crossorigin href="{path}">'
    scripts = f"<script>{_static('socket.js')}</script>\n    <script>{loader}</script>"
    first_paint = f"<style>{_static('first_paint.css')}</style>"
    head = f"<head>\n    {preload}\n    {scripts}\n    {first_paint}"
    index = ENTRY.sub("", PRELOAD.sub("", html)).replace("<head>", head, 1)
    return Frontend(folder, index.encode(), bundle, path, folder / style[1])


def _static(name: str) -> str:
    return (ROOT / "api" / "static" / name).read_text()


def _with_dependencies(folder: Path, names: list[str]) -> dict[str, str]:
    """Return the sources of modules by name, each after those that it imports."""
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in texts:
            text = (folder / name).read_text()
            for dependency in IMPORT.findall(text):
                add(dependency)
            texts[name] = FROM_OBJECT.sub("", text) if name.startswith("protobuf.") else text

    for name in names:
        add(name)
    return texts
