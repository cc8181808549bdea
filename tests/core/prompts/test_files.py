"""A prompt leaves as a file with all its versions, and comes back from it."""

import json
import time

import pytest

from core.database.db import transaction
from core.errors import Failure, TooLarge
from core.identity.schemas import Actor
from core.prompts import starters, yaml_files
from core.prompts.errors import IncludeRefused, PromptNameTaken
from core.prompts.queries import versions
from core.prompts.service import prompts, transfer
from core.prompts.views import PromptVersionView, PromptView
from core.prompts.yaml_files import FileRefused
from tests.factories.identity import person
from tests.factories.prompts import create, label, save

SMALL = {"format": "attune-prompt", "name": "a", "versions": [{"number": 1, "prompt": "x"}]}


@pytest.fixture
def actor(database: object) -> Actor:
    return person().actor


def exported(actor: Actor, prompt: PromptView) -> dict[str, object]:
    with transaction() as session:
        return transfer.export_prompt(session, prompt.id, actor=actor)


def imported(actor: Actor, content: str | bytes, name: str | None = None) -> PromptView:
    raw = content.encode() if isinstance(content, str) else content
    with transaction() as session:
        return transfer.import_prompt(session, raw, name, actor=actor)


def texts(actor: Actor, prompt: PromptView) -> list[dict[str, object]]:
    with transaction() as session:
        found: list[PromptVersionView] = versions.list_versions(session, prompt.id, actor=actor)
    return [each.model_dump(exclude={"id", "created_at"}) for each in found]


@pytest.mark.parametrize(
    "text", ["1e3", "2E-05", "+1e2", ".5e3", "0o17", "0x1F", "1_000", "12:30", "01", "yes", "true"]
)
def test_a_text_that_looks_like_a_number_is_read_as_the_text_that_was_written(text: str) -> None:
    # Files are read by YAML 1.2, where 1e3 and 0o17 are numbers
    assert yaml_files.read(yaml_files.write({"prompt": text}).encode()) == {"prompt": text}


@pytest.mark.parametrize("text", ["a\x85b", "a\nb\x85c", "a\u2028b", "a\rb"])
def test_a_line_end_of_another_kind_is_read_as_it_was_written(text: str) -> None:
    assert yaml_files.read(yaml_files.write({"prompt": text}).encode()) == {"prompt": text}


@pytest.mark.parametrize("is_yaml", [True, False])
def test_what_was_exported_comes_back_as_it_was(actor: Actor, is_yaml: bool) -> None:
    made = create(
        actor,
        prompt="Größe: {{x}}\n  two\n\ttabs  \n: - '\"",
        system_prompt="no\nyes",
        category="Writing",
        tags=["a", "b"],
        variables=[{"name": "x", "type": "number", "default": 3, "rules": {"minimum": 1}}],
        default_parameters={"temperature": 0.5},
        model_id="fake:echo",
    )
    save(actor, made.id, prompt="2026-01-01", note="on")
    label(actor, made.id, 1)
    file = exported(actor, made)
    text = yaml_files.write(file) if is_yaml else json.dumps(file)
    other = person().actor
    copy = imported(other, text, "copy")
    assert [(each.name, each.version) for each in copy.labels] == [("production", 1)]
    assert (copy.category, copy.tags, copy.visibility) == ("Writing", ["a", "b"], "private")
    for one, two in zip(texts(actor, made), texts(other, copy), strict=True):
        assert one | {"created_by_name": other.name} == two


@pytest.mark.parametrize("is_yaml", [True, False])
def test_a_file_of_many_long_versions_comes_back(actor: Actor, is_yaml: bool) -> None:
    long = "word, {and} [more] text\n" * 4000
    file = SMALL | {"versions": [{"number": n, "prompt": f"{n} {long}"} for n in range(1, 31)]}
    text = yaml_files.write(file) if is_yaml else json.dumps(file)
    assert imported(actor, text).version == 30


def test_versions_that_were_left_out_are_counted_anew(actor: Actor) -> None:
    file = SMALL | {
        "versions": [{"number": 9, "prompt": "nine"}, {"number": 4, "prompt": "four"}],
        "labels": {"production": 9},
    }
    found = imported(actor, json.dumps(file))
    assert (found.version, found.prompt, found.labels[0].version) == (2, "nine", 2)


@pytest.mark.parametrize(
    "old",
    [
        {"prompt": "{{> b}}"},
        {"prompt": "{{n}}", "variables": [{"name": "n", "rules": {"choices": [1, 2]}}]},
    ],
)
def test_an_old_version_may_have_what_a_new_one_may_not(
    actor: Actor, old: dict[str, object]
) -> None:
    both = [old | {"number": 1}, {"number": 2, "prompt": "x"}]
    found = imported(actor, json.dumps(SMALL | {"versions": both}))
    assert [each["prompt"] for each in texts(actor, found)] == ["x", old["prompt"]]


@pytest.mark.parametrize("labels", [{}, {"production": 1}])
def test_newest_and_labeled_versions_may_include_only_what_exists(
    actor: Actor, labels: dict[str, int]
) -> None:
    first, last = ("{{> b}}", "x") if labels else ("x", "{{> b}}")
    both = [{"number": 1, "prompt": first}, {"number": 2, "prompt": last}]
    with pytest.raises(IncludeRefused):
        imported(actor, json.dumps(SMALL | {"versions": both, "labels": labels}))


def test_a_name_that_is_taken_is_refused_with_nothing_left(actor: Actor) -> None:
    create(actor, "a")
    with pytest.raises(PromptNameTaken):
        imported(actor, json.dumps(SMALL))


BOMBS: dict[str, str | bytes] = {
    "aliases": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
    "depth": "[" * 5000,
    "deep JSON": '{"a":' * 5000,
    "no YAML": "a: b: c",
    "a list": "[1]",
    "a text": "x",
    "nothing": "",
    "a Python object": "!!python/object/apply:os.system ['true']",
    "another format": json.dumps(SMALL | {"format": "other"}),
    "no versions": json.dumps(SMALL | {"versions": []}),
    "a label to nowhere": json.dumps(SMALL | {"labels": {"production": 2}}),
    "a label that nobody moves": json.dumps(SMALL | {"labels": {"latest": 1}}),
    "a bad name": json.dumps(SMALL | {"name": "a@b"}),
    "NUL": b"\0",
    "many values": "versions: [" + "x," * 300_000 + "]",
    "many values as JSON": '{"versions": [' + "0," * 300_000 + "0]}",
    "no UTF-8": b"\xff\xfe\xff",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_no_file_of_a_prompt_is_refused_in_words(actor: Actor, bomb: str) -> None:
    with pytest.raises(Failure) as refused:
        imported(actor, BOMBS[bomb])
    assert refused.value.detail


def test_two_versions_of_one_number_are_refused(actor: Actor) -> None:
    # Of two, no label says which one it points at
    both = [{"number": 2, "prompt": text} for text in ("mine", "theirs")]
    with pytest.raises(FileRefused, match="versions: Two versions have the number 2"):
        imported(actor, json.dumps(SMALL | {"versions": both, "labels": {"production": 2}}))


def test_a_large_file_is_not_even_read(actor: Actor) -> None:
    with pytest.raises(TooLarge):
        imported(actor, b"a: b\n" * 4_000_000)
    with pytest.raises(FileRefused):
        yaml_files.read(b"- a\n")


@pytest.mark.parametrize("index", range(6))
def test_a_starter_can_be_created_as_it_is(actor: Actor, index: int) -> None:
    assert len(starters.STARTERS) == 6
    with transaction() as session:
        found = prompts.create_prompt(session, starters.STARTERS[index], actor=actor)
    assert found.version == 1


def test_a_large_prompt_is_written_in_moments_and_read_back() -> None:
    # PyYAML's own writer took 9 s of CPU, in which other threads hardly run
    texts = ["ab: #\n- " * 12_000, " \u0085\ttail \n", "é 😀\n" * 9_000, "1e3", "no", "0x1", ""]
    content = {"versions": [{"number": place, "prompt": it} for place, it in enumerate(texts * 20)]}
    begun = time.process_time()
    written = yaml_files.write(content)
    assert time.process_time() - begun < 1
    assert yaml_files.read(written.encode()) == content


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({**SMALL, "descripton": "A"}, "descripton"),
        (
            {**SMALL, "versions": [{"number": 1, "prompt": "x", "system_promt": "Be brief."}]},
            "versions.0.system_promt",
        ),
    ],
)
def test_a_misspelled_field_is_refused(
    actor: Actor, content: dict[str, object], field: str
) -> None:
    # The prompt came without it, unseen
    with pytest.raises(FileRefused, match=f"{field}: Unknown field"):
        imported(actor, json.dumps(content))
