"""Make the icon font of the console: `python -m tools.icons`, when a test says that it lacks icons.

Streamlit's has all 4,000 of Material Symbols (Apache licence 2.0), which were a quarter of the
bytes of a first visit; ours has those that our pages and Streamlit's modules can show.
"""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import streamlit
from fontTools import subset
from fontTools.ttLib import TTFont

from api.console.frontend import ICONS
from core.platform.config import ROOT

STREAMLIT = Path(streamlit.__file__).parent / "static" / "static"
OURS = ("pages", "core", "api")
MARKED = re.compile(r":material/(\w+)")
IN_DATA = re.compile(r'"icon": "(\w+)"')
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"  # names are written with these


def streamlits_font() -> TTFont:
    """Return the font with all icons."""
    [path] = STREAMLIT.glob("media/MaterialSymbols-Rounded.*.woff2")
    return TTFont(path)


def icons_of(font: TTFont) -> dict[str, str]:
    """Return the glyph of each icon by its name: a ligature of the name's letters."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    return {
        "".join(letters[part] for part in (first, *ligature.Component)): ligature.LigGlyph
        for lookup in font["GSUB"].table.LookupList.Lookup
        for table in lookup.SubTable
        for first, ligatures in getattr(table, "ExtSubTable", table).ligatures.items()
        for ligature in ligatures
    }


def named() -> set[str]:
    """Return all names that may be icons: texts of our code, icons of our data, and
    marked ones of Streamlit's.
    """
    modules = (path.read_text() for path in STREAMLIT.glob("js/*.js"))
    texts = (text for folder in OURS for text in _texts(ROOT / folder))
    return {name for text in modules for name in MARKED.findall(text)} | {
        name for text in texts for name in (text, *MARKED.findall(text))
    }


def _texts(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.json"):
        yield from IN_DATA.findall(path.read_text())
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def main() -> None:
    font = streamlits_font()
    icons = icons_of(font)
    options = subset.Options(layout_features=["*"], layout_closure=False, hinting=False)
    options.flavor = "woff2"
    subsetter = subset.Subsetter(options)
    subsetter.populate(glyphs=[icons[name] for name in named() & set(icons)], text=LETTERS)
    subsetter.subset(font)
    made = io.BytesIO()
    subset.save_font(font, made, options)
    ICONS.write_bytes(made.getvalue())


if __name__ == "__main__":
    main()
