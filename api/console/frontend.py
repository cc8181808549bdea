"""Serve Streamlit's modules in one file: a browser would fetch over a hundred small ones, six at a
time.

The page's inline script (`static/bundled_modules.js`) creates modules from the file's lines as they
arrive, and later has the browser keep the modules as files. Pages of such a browser
(`static/kept_modules.js`) run those, which it need not compile again. `static/socket.js` opens the
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
    "LinkButton",
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
# What Streamlit's client asks for before it goes on, a round trip after its scripts
FIRST_REQUESTS = ("/_stcore/health", "/_stcore/host-config")
# Of Streamlit's icons, 375 kB, those that the console shows (tools/icons.py)
ICONS = ROOT / "api" / "static" / "icons.woff2"
ALL_ICONS = re.compile(r"\.\./media/MaterialSymbols-Rounded\.[\w-]+\.woff2")
# A component that React loads when it first draws it; and the same, not loaded where it is there
LAZY = re.compile(
    r"[\w$]+\(\(\)=>import\(`\./([\w.@-]+\.js)`\),__vite__mapDeps\(\[[\d,]*\]\),import\.meta\.url\)"
)
IF_LOADED = r"(attuneLoaded('\1')??\g<0>)"
OF_RELEASE = re.compile(r"/static/console-[0-9a-f]{16}/([\w.@-]+\.js)")
# Says in a request which modules the browser has as files
COOKIE = "attune_modules"
# A fifth of the protobuf module: a page reads messages from bytes, and makes none from objects.
FROM_OBJECT = re.compile(r"e\.fromObject=function\(.*?(?=e\.toObject=function\()", re.DOTALL)


@dataclass(frozen=True)
class Frontend:
    """The page, for browsers that have no modules yet and for those that have them as files, and
    the file of modules that the former loads.
    """

    folder: Path
    index: bytes
    index_of_kept: bytes
    bundle: bytes
    bundle_path: str
    version: str  # of the modules
    style_path: str
    icons_path: str
    own: dict[str, bytes | Path]  # by path: modules, style and icons

    @property
    def files(self) -> list[str]:
        """Paths of all files below /static."""
        paths = (path for path in (self.folder / "static").rglob("*") if path.is_file())
        return [
            self.bundle_path,
            *self.own,
            *(f"/{path.relative_to(self.folder).as_posix()}" for path in paths),
        ]

    def current_path(self, path: str) -> str:
        """Return the path that a file has in this release: a page that was opened before an upgrade
        asks for modules by the address that they had then.
        """
        module = None if path in self.own else OF_RELEASE.fullmatch(path)
        return f"/static/js/{module[1]}" if module else path

    @property
    def ahead(self) -> list[str]:
        """Paths that the browser prefetches on the sign-in page."""
        return [self.bundle_path, self.style_path, TEXT_FONT, self.icons_path]

    def index_for(self, cookies: str) -> bytes:
        """Return the page for a browser that sends these cookies."""
        return self.index_of_kept if f"{COOKIE}={self.version}" in cookies else self.index


class UnknownPage(Exception):
    """Streamlit names its entry module, its style or its icon font differently: adapt
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
    texts = _with_dependencies(modules, names)
    lines = (json.dumps(module, ensure_ascii=False) + "\n" for module in texts.items())
    bundle = "".join(lines).encode()
    version = _version(bundle)
    bundle_path, kept_in = f"/static/console-{version}.jsonl", f"/static/console-{version}/"
    icons_path = f"/static/media/icons-{_version(ICONS.read_bytes())}.woff2"
    css, replaced = ALL_ICONS.subn(icons_path, (folder / style[1]).read_text())
    if not replaced:
        raise UnknownPage
    style_path = f"/static/css/console-{_version(css.encode())}.css"
    page = PRELOAD.sub("", ENTRY.sub("", html)).replace(f"./{style[1]}", style_path)
    # Ahead of the scripts, which the browser takes 50 ms to begin and to open the socket.
    preload = f'<link rel="preload" as="fetch" crossorigin href="{bundle_path}">'
    drawn = sorted({name for text in texts.values() for name in LAZY.findall(text)} & set(texts))
    constants = {
        "BUNDLE": bundle_path,
        "FOLDER": kept_in,
        "ENTRY": entry[1],
        "COOKIE": f"{COOKIE}={version}",
        '"MODULES"': json.dumps([entry[1], *drawn]),
    }
    return Frontend(
        folder,
        _with_head(page, preload, "bundled_modules.js", constants),
        _with_head(page, "", "kept_modules.js", constants),
        bundle,
        bundle_path,
        version,
        style_path,
        icons_path,
        {kept_in + path.name: path for path in modules.glob("*.js")}
        | {kept_in + name: text.encode() for name, text in texts.items()}
        | {style_path: css.encode(), icons_path: ICONS},
    )


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _with_head(page: str, preload: str, script: str, constants: dict[str, str]) -> bytes:
    """Return the page with what opens the socket and starts the modules."""
    starts = _static(script)
    for name, value in constants.items():
        starts = starts.replace(name, value)
    head = [
        preload,
        *(f'<link rel="preload" as="fetch" crossorigin href="{path}">' for path in FIRST_REQUESTS),
        *(
            f"<script>{each}</script>"
            for each in (_static("socket.js"), _static("page.js"), starts)
        ),
        f"<style>{_static('first_paint.css')}</style>",
    ]
    return page.replace("<head>", "\n    ".join(["<head>", *filter(None, head)]), 1).encode()


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
            shorter = FROM_OBJECT.sub("", text) if name.startswith("protobuf.") else text
            texts[name] = LAZY.sub(IF_LOADED, shorter)

    for name in names:
        add(name)
    return texts
