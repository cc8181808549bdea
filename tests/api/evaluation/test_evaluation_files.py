"""`make eval FILE=`: our own files, promptfoo's and others against the API, with exit codes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from attune_client import evaluations
from attune_client.gates import RateGate
from core.identity.schemas import Scope
from core.platform.config import config
from tests.api.evaluation.conftest import DATASET, shared
from tests.factories.evaluations import answering
from tests.factories.identity import Person
from tests.factories.keys import api_key
from tools import evaluation_files

Said = tuple[int, str, str]
OWN: dict[str, Any] = {
    "name": "Refunds",
    "targets": [
        {"model_id": "fake:echo", "prompt": "Be brief."},
        {"app": "shop-bot", "function": "tests.client.shop_bot:answer"},
    ],
    "test_cases": [
        {
            "input": answering("good"),
            "expected_output": {"type": "contains", "keywords": ["good"]},
        }
    ],
    "runs": 2,
    "gate": 1.0,
}
PROMPTFOO = """
prompts: ['Translate to {{language}}: {{text}}', 'Again: {{text}}']
providers: [{id: 'fake:chat:echo', config: {temperature: 0, apiKey: x}}, fake:plain]
tests:
  - vars: {language: French, text: Hello}
    assert:
      - {type: contains, value: 'Translate to French'}
      - {type: javascript, value: output.length}
  - vars: {language: Dutch, text: Hello}
    assert: [{type: contains, value: Dag}]
  - vars: {language: Dutch, text: Bye}
"""


@pytest.fixture
def run(
    one: Person,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Said]:
    """Return how to run a file: its exit code, the table, and what else is said."""
    monkeypatch.setattr(evaluations, "POLL_INTERVAL_S", 0.05)
    monkeypatch.setenv("ATTUNE_URL", address)
    monkeypatch.setenv("ATTUNE_API_KEY", api_key(Scope.EXECUTE).key)

    def run_(content: object, *more: str, name: str = "file.yaml") -> Said:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        code = evaluation_files.main([str(path), *more])
        out, err = capsys.readouterr()
        return code, out, err

    return run_


@pytest.mark.usefixtures("worker")
def test_cases_of_a_file_that_do_not_pass_are_printed_with_their_question(
    run: Callable[..., Said],
) -> None:
    # Those of a dataset are not: logs of CI have other readers than the console
    bad = {**OWN["test_cases"][0], "input": "Where is\nmy order?"}
    code, out, _ = run(OWN | {"test_cases": [*OWN["test_cases"], bad]})
    assert code == 1
    line = "  case 2, fake:echo · Be brief.: 0 of 2 passed: Where is my order?\n"
    assert f"did not pass, the worst first:\n{line}" in out


@pytest.mark.usefixtures("worker")
def test_a_file_of_ours_measures_models_and_own_apps(run: Callable[..., Said]) -> None:
    code, out, err = run(OWN)
    assert code == 0
    assert "fake:echo · Be brief.: passed" in out
    assert "app: shop-bot: passed" in out
    assert "4 of 4 scored" in err
    failing = {**OWN, "test_cases": [{**OWN["test_cases"][0], "input": "wrong"}]}
    code, out, _ = run(failing)
    assert (code, "app: shop-bot: gate missed, the rate is 0.0%, below 100.0%" in out) == (1, True)
    assert run({**failing, "gate": 0.0})[0] == 0
    assert run({**failing, "gate": None})[0] == 0


@pytest.mark.usefixtures("worker")
def test_a_file_of_ours_names_a_dataset(one: Person, run: Callable[..., Said]) -> None:
    shared(one, *[answering("good")] * 11)
    file = {"dataset": DATASET, "target": {"model_id": "fake:echo"}, "gate": 0.9, "gate_on": "low"}
    code, out, _ = run(file)
    assert (code, "the low end of the interval is 74.1%, below 90.0%" in out) == (1, True)
    assert run(file, "--gate", "0.7")[0] == 0


@pytest.mark.usefixtures("worker")
def test_promptfoos_providers_are_targets_and_its_tests_must_pass(run: Callable[..., Said]) -> None:
    code, out, err = run(PROMPTFOO)
    assert code == 1
    assert "fake:echo   50.0%" in out
    assert "fake:plain: gate missed" in out
    assert "line 2, prompts: Again: {{text}}" in err
    assert "line 8, Test 1, assertion javascript: Code of files is not run." in err
    assert "1 cases have no assertion, and are left out" in err
    assert "providers" not in err
    code, out, _ = run(PROMPTFOO, "--model", "fake:echo", "--gate", "0.5")
    assert (code, "fake:plain" in out) == (0, False)


@pytest.mark.usefixtures("worker")
def test_other_files_of_cases_are_run_by_the_models_that_are_named(
    run: Callable[..., Said],
) -> None:
    lines = '{"input": "Where is it?", "ideal": "Where"}\n'
    assert "add MODEL=" in run(lines, name="samples.jsonl")[2]
    code, out, _ = run(lines, "--model", "fake:echo", name="samples.jsonl")
    assert (code, "100.0%" in out) == (0, True)


def test_what_cannot_be_run_ends_with_2_and_says_why(
    run: Callable[..., Said], capsys: pytest.CaptureFixture[str]
) -> None:
    app = {"app": "a"}
    for file, words in (
        ({**OWN, "scorer": []}, "unknown fields: scorer"),
        ({**OWN, "targets": [app]}, "Add a function to the app a."),
        ({**OWN, "targets": [{**app, "function": "tests.client.nowhere:x"}]}, "No module named"),
        ({**OWN, "targets": [{"model_id": "fake:none"}]}, "Model 'none' not found"),
        ({**OWN, "runs": 1000}, "runs"),
        ({**OWN, "targets": "fake:echo"}, "A target is an object"),
        ("a: [", "This is not valid YAML"),
        ("a: b", "This is not a known file of cases"),
        (PROMPTFOO.replace("fake:plain", "python:bot.py"), "python:bot.py"),
    ):
        code, out, err = run(file)
        assert (code, out) == (2, ""), err
        assert words in err
    assert evaluation_files.main(["nowhere.yaml"]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err


def test_another_model_answers_with_the_prompts_and_parameters_of_the_file(tmp_path: Path) -> None:
    brief = {"model_id": "fake:echo", "prompt": "Be brief.", "parameters": {"temperature": 0}}
    targets = [brief, {**brief, "model_id": "fake:plain"}, {"template_id": "support@production"}]
    path = tmp_path / "file.yaml"
    path.write_text(yaml.safe_dump({**OWN, "targets": targets}))
    models = ["fake:one", "fake:two"]
    assert evaluation_files.read(path, models, None).body["targets"] == [
        {**brief, "model_id": "fake:one"},
        {**brief, "model_id": "fake:two"},
        {"template_id": "support@production", "model_id": "fake:one"},
        {"template_id": "support@production", "model_id": "fake:two"},
    ]
    path.write_text(yaml.safe_dump({**OWN, "target": OWN["targets"][0], "targets": None}))
    body = evaluation_files.read(path, models[:1], None).body
    assert body["targets"] == [{"model_id": "fake:one", "prompt": "Be brief."}]
    assert "target" not in body


def test_an_app_has_no_model_to_replace(run: Callable[..., Said]) -> None:
    code, out, err = run(OWN, "--model", "fake:one")
    assert (code, out) == (2, "")
    assert "MODEL= cannot replace an app or a service" in err


def test_another_gate_is_on_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    for own in ({"gate": 0.5}, {}):
        file = {name: value for name, value in OWN.items() if name != "gate"}
        path.write_text(yaml.safe_dump({**file, **own, "gate_on": "low", "allowed_failures": 1}))
        assert evaluation_files.read(path, None, 0.9).gate == RateGate(0.9, "low", 1)


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("named", ["", None])
def test_without_an_address_it_asks_the_console_at_the_port_of_the_settings(
    run: Callable[..., Said], address: str, monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    monkeypatch.setenv("ATTUNE_URL", "")
    if named is None:
        monkeypatch.delenv("ATTUNE_URL")
    port = urlsplit(address).port
    monkeypatch.setattr(
        evaluation_files, "config", lambda: config().model_copy(update={"port": port})
    )
    assert run({**OWN, "targets": [{"model_id": "fake:echo"}], "runs": 1})[0] == 0
