"""What a browser fetches on its first visit: few files, compressed and cacheable."""

import json
import re
import zlib
from importlib.util import find_spec
from pathlib import Path

import brotli
import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.console import frontend
from api.console.static_compression import CompressedConsole
from tests.api.raw import raw

FOUND = find_spec("streamlit")
FOLDER = Path((FOUND.origin if FOUND else None) or "").parent / "static"
SCRIPT = f"/static/js/{next((FOLDER / 'static' / 'js').glob('index.*.js')).name}"
MODULE = re.compile(r"""(?:from|import)\s*["'`]\./([\w.@-]+\.js)["'`]""")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
def test_scripts_come_in_the_best_encoding_that_a_browser_accepts(
    address: str, accepted: str, encoding: str | None
) -> None:
    answer = raw(address, SCRIPT, f"Accept-Encoding: {accepted}")
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    unpack = {"br": brotli.decompress, "gzip": lambda body: zlib.decompress(body, 31), None: bytes}[
        encoding
    ]
    assert unpack(answer.body) == (FOLDER / SCRIPT[1:]).read_bytes()


def test_hashed_files_are_kept_for_a_year(address: str) -> None:
    for path in (SCRIPT, frontend.build(FOLDER).bundle_path):
        assert raw(address, path).headers["cache-control"] == "public, immutable, max-age=31536000"


def test_the_page_fetches_one_file_of_modules() -> None:
    # A first visit fetched over a hundred, six at a time, a round trip each
    page = frontend.build(FOLDER).index.decode()
    assert "modulepreload" not in page
    assert "SourceSans" not in page
    assert re.findall(r'<script[^>]*src="([^"]+)"', page) == []
    paths = re.findall(r"/static/console-\w+\.jsonl", page)
    assert set(paths) == {frontend.build(FOLDER).bundle_path}


def test_the_browser_asks_for_the_modules_before_it_runs_a_script() -> None:
    page = frontend.build(FOLDER).index.decode()
    preload = (
        f'<link rel="preload" as="fetch" crossorigin href="{frontend.build(FOLDER).bundle_path}">'
    )
    assert 0 < page.find(preload) < page.find("<script")


def test_what_the_scripts_ask_for_first_is_asked_for_before_they_are_there() -> None:
    # Asked for by the scripts, it cost another round trip before anything was drawn
    built = frontend.build(FOLDER)
    for page in (built.index.decode(), built.index_of_kept.decode()):
        for path in frontend.FIRST_REQUESTS:
            preload = f'<link rel="preload" as="fetch" crossorigin href="{path}">'
            assert 0 < page.find(preload) < page.find("<script")


def test_no_module_of_streamlit_makes_messages_from_objects() -> None:
    """The file of modules leaves out what would make them."""
    makers = {
        path.name.partition(".")[0]
        for path in (FOLDER / "static" / "js").glob("*.js")
        if ".fromObject(" in path.read_text()
    }
    assert makers <= {"protobuf", "DeckGlJsonChart"}  # the latter means matrices
    protobuf = next(text for name, text in _modules() if name.startswith("protobuf."))
    assert "fromObject" not in protobuf
    assert protobuf.count(".toObject=") == protobuf.count(".decode=function(e,t,n,r,i)") > 100


def test_the_file_of_modules_holds_whatever_its_modules_import() -> None:
    modules = dict(_modules())
    assert Path(SCRIPT).name in modules
    assert {name for text in modules.values() for name in MODULE.findall(text)} <= set(modules)


def test_each_module_of_the_file_follows_those_that_it_imports() -> None:
    """So that each is made, and runs, while the next ones are on their way."""
    before: set[str] = set()
    for name, text in _modules():
        assert before >= set(MODULE.findall(text))
        before.add(name)


def test_the_page_starts_before_the_last_module_has_arrived() -> None:
    names = [name for name, _ in _modules()]
    entry = names.index(Path(SCRIPT).name)
    elements = [
        number for number, name in enumerate(names) if name.partition(".")[0] in frontend.ELEMENTS
    ]
    assert len(elements) == len(frontend.ELEMENTS)
    assert entry < min(elements)


def test_no_module_of_streamlit_imports_itself_through_others() -> None:
    """The loader makes a module after those that it imports, so a circle would wait for itself."""
    left = {
        path.name: set(MODULE.findall(path.read_text()))
        for path in (FOLDER / "static" / "js").glob("*.js")
    }
    while ready := {name for name, imports in left.items() if not imports & left.keys()}:
        left = {name: imports for name, imports in left.items() if name not in ready}
    assert left == {}


def test_the_sign_in_page_fetches_the_console_ahead(address: str) -> None:
    page = raw(address, "/login").body.decode()
    assert f'<link rel="prefetch" href="{frontend.build(FOLDER).bundle_path}">' in page


def test_the_consoles_answers_other_than_its_page_are_left_alone() -> None:
    async def console(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 404,
                "headers": [(b"content-type", b"text/html")],
            }
        )
        await send({"type": "http.response.body", "body": b"nothing here"})

    answer = TestClient(CompressedConsole(console, frontend.build(FOLDER))).get("/nothing")
    assert (answer.status_code, answer.text) == (404, "nothing here")


def _modules() -> list[tuple[str, str]]:
    return [tuple(json.loads(line)) for line in frontend.build(FOLDER).bundle.splitlines()]
