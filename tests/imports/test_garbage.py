"""Whatever a file holds, it is either read or refused in words; and nothing of it is lost on the
way.
"""

import gzip
import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.imports.containers.files import FileUnreadable
from core.imports.ingest.reading import read
from core.imports.mapping import Mapping
from core.imports.recognition.recognize import recognize
from tests.imports.files import rows_of

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5)
    ),
    max_leaves=25,
)
NAMES = (
    "id timestamp model prompt_tokens latency status role content messages user_id event_type "
    "rating started_at conclusion jobs conversations from value traceId startTime type context "
    "attributes input output resourceSpans scopeSpans spans turns log"
)
words = st.sampled_from(NAMES.split())
likely = st.dictionaries(words, trees, min_size=1, max_size=8)
quick = settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)


def survives(content: bytes) -> None:
    """Recognise and read a file as far as it goes."""
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(content)
        try:
            found = recognize(path)
            assert found.model_dump_json()
            if found.mapping is not None:
                mapping = Mapping.model_validate_json(found.mapping.model_dump_json(by_alias=True))
                last = 0
                for parsed in read(path, mapping):
                    assert (parsed.row is None) != (parsed.error is None)
                    assert parsed.position >= last
                    json.dumps(parsed.row)
                    last = parsed.position
        except FileUnreadable as unreadable:
            if not unreadable.detail:
                raise


@given(st.binary(max_size=2000))
@quick
def test_bytes_of_any_kind(content: bytes) -> None:
    survives(content)
    survives(gzip.compress(content))


@given(st.text(max_size=2000))
@quick
def test_text_of_any_kind(content: str) -> None:
    survives(content.encode("utf-8", "surrogatepass"))


@given(st.lists(trees | likely, min_size=1, max_size=4))
@quick
def test_json_of_any_kind(records: list[object]) -> None:
    survives(json.dumps(records).encode())
    survives("\n".join(map(json.dumps, records)).encode())
    survives(json.dumps({"0": records[0], "1": records[-1]}).encode())


@given(likely, st.integers(2, 4))
@example({"id": None, "model": None, "role": None, "timestamp": 0, "context": [0.0]}, 2)
@quick
def test_records_with_names_that_mean_something(record: dict[str, object], times: int) -> None:
    survives(json.dumps([record] * times).encode())
    survives("\n".join([json.dumps(record)] * times).encode())


@given(st.data())
@quick
def test_a_file_of_which_some_bytes_are_wrong(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from(FILES)))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(whole))
    survives(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


EVENT = {
    "id": "e1",
    "timestamp": "2026-03-04T05:06:07Z",
    "event_type": "a.b",
    "user_id": "u1",
    "x": {"y": [1, 2]},
}
DIALOGUE = {
    "id": "c1",
    "messages": [{"role": "user", "content": "x", "created_at": 1772600767}] * 2,
}
FILES = [
    json.dumps([EVENT] * 4).encode(),
    "\n".join([json.dumps(EVENT)] * 4).encode(),
    json.dumps({"a": DIALOGUE, "b": DIALOGUE}).encode(),
    b"timestamp,model,prompt_tokens,latency,status\n" + b"2026-03-04T05:06:07Z,m,5,1.5,ok\n" * 4,
    gzip.compress(b"timestamp,event_type,note\n" + b'2026-03-04T05:06:07Z,a.b,"x, ""y"""\n' * 4),
    "timestamp;event_type\n2026-03-04T05:06:07Z;é\n".encode("utf-16") * 1,
]


@given(
    st.dictionaries(
        st.text(
            st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
            min_size=1,
            max_size=9,
        ),
        st.text(
            st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
            min_size=1,
            max_size=9,
        ),
        max_size=5,
    )
)
@quick
def test_nothing_that_has_no_field_is_lost(extra: dict[str, str]) -> None:
    record = {f"x {name}": value for name, value in extra.items()} | {
        "timestamp": "2026-03-04T05:06:07Z",
        "event_type": "a.b",
    }
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_text("\n".join([json.dumps(record)] * 2))

        for row in rows_of(path):
            assert row.get("event_data", {}) == {
                name: value for name, value in record.items() if name.startswith("x ")
            }
