"""Run the evaluation of a file: `make eval FILE=evals/refunds.yaml` (docs/evaluating.md).

The exit code is 1 below the gate, and 2 for errors.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from attune_client.__main__ import BELOW_GATE, ERROR, console_of_environment, load, say
from attune_client.console import EvaluationFailed
from attune_client.evaluations import run
from attune_client.gates import RateGate
from core.datasets.files import reader
from core.datasets.files.parsed import FileCase
from core.datasets.files.yaml_documents import YamlDocument
from core.datasets.import_schemas import CaseFormat
from core.errors import Failure
from core.evaluations.schemas import NewEvaluation
from core.platform.config import config
from core.providers.schemas import MessageRole, Parameters

OWN = {"dataset", "gate", "gate_on", "allowed_failures", "threads"}  # besides the API's fields
TARGETS, CASES = {"target", "targets"}, {"test_cases", "dataset", "dataset_id"}
OF_PROMPTFOO = (CaseFormat.PROMPTFOO, CaseFormat.PROMPTFOO_CSV)
PROVIDERS = ("providers", "targets")
KINDS = ("chat", "completion", "messages", "responses")  # of a provider's calls


@dataclass
class EvaluationFile:
    """What a file says: the body of the start, functions of own apps, and the gate."""

    body: dict[str, Any]
    functions: dict[str, str] = field(default_factory=dict)
    dataset: str | None = None
    gate: RateGate | None = None
    threads: int = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the evaluation of a file, print its figures, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make eval", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", action="append", help="instead of those of the file")
    parser.add_argument("--gate", type=float, help="instead of that of the file")
    given = parser.parse_args(arguments)
    try:
        if not os.environ.get("ATTUNE_URL"):
            os.environ["ATTUNE_URL"] = f"http://127.0.0.1:{config().port}"
        return _run(read(given.file, given.model, given.gate))
    except (EvaluationFailed, Failure, OSError) as error:
        say(f"attune: {error}")
    except (Exception, SystemExit):  # noqa: BLE001  else Python ends with 1, the gate's code
        say(traceback.format_exc())
    return ERROR


def _run(file: EvaluationFile) -> int:
    answers = {app: load(name) for app, name in file.functions.items()}
    console = console_of_environment()
    if file.dataset is not None:
        file.body["dataset_id"] = console.find_dataset(file.dataset)
    outcome = run(console, file.body, answers, gate=file.gate, threads=file.threads, progress=say)
    print(outcome.table())  # noqa: T201  a command line
    return 0 if outcome.passed else BELOW_GATE


def read(path: Path, models: list[str] | None, gate: float | None) -> EvaluationFile:
    """Return what a file says; raise EvaluationFailed, DatasetFileRefused or OSError."""
    content = path.read_bytes()
    is_yaml = path.suffix.lower() in (".yaml", ".yml")
    document = YamlDocument(content.decode("utf-8-sig", "replace")).value if is_yaml else None
    facts = document if isinstance(document, dict) else {}
    is_own = facts.keys() & TARGETS and facts.keys() & CASES
    found = _own(facts, gate) if is_own else _cases(content, path.name, facts)
    if models:
        targets = _targets(found.body) if is_own else [{}]
        found.body["targets"] = _with_models(targets, models)
        found.body.pop("target", None)
    if not found.body.keys() & TARGETS:
        raise EvaluationFailed("This file names no models: add MODEL=….")
    if gate is not None:
        found.gate = replace(found.gate or RateGate(gate), least=gate)
    found.body.setdefault("name", path.stem)
    return found


def _own(facts: dict[str, Any], gate: float | None) -> EvaluationFile:
    """Read the API's fields, and ours; a gate that is given replaces the rate of the file's."""
    if unknown := facts.keys() - OWN - NewEvaluation.model_fields.keys():
        raise EvaluationFailed(f"This file has unknown fields: {', '.join(sorted(unknown))}.")
    body = {name: value for name, value in facts.items() if name not in OWN}
    functions = {}
    for target in _targets(body):
        if (name := target.pop("function", None)) is not None:
            functions[target["app"]] = name
        elif "app" in target:
            raise EvaluationFailed(f"Add a function to the app {target['app']}.")
    least = facts.get("gate") if gate is None else gate
    on, failures = facts.get("gate_on", "value"), facts.get("allowed_failures", 0)
    rate_gate = None if least is None else RateGate(least, on, failures)
    return EvaluationFile(body, functions, facts.get("dataset"), rate_gate, facts.get("threads", 4))


def _targets(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    targets = body.get("targets") or [body.get("target")]
    if not isinstance(targets, list) or not all(isinstance(each, dict) for each in targets):
        raise EvaluationFailed("A target is an object, such as {model_id: ...}.")
    return targets


def _with_models(targets: list[dict[str, Any]], models: list[str]) -> list[dict[str, Any]]:
    """Return the targets with other models; those that differ in the model only become one."""
    if any(each.keys() & {"app", "service_id"} for each in targets):
        raise EvaluationFailed("MODEL= cannot replace an app or a service.")
    replaced: list[dict[str, Any]] = []
    for target in ({**each, "model_id": model} for each in targets for model in models):
        if target not in replaced:
            replaced.append(target)
    return replaced


def _cases(content: bytes, name: str, facts: Mapping[str, Any]) -> EvaluationFile:
    """Read a file of cases as an import does; promptfoo's providers are targets, and it has every
    test pass.
    """
    parsed = reader.read(content, name)
    for it in parsed.unsupported:
        if it.part not in PROVIDERS:
            where = f"line {it.line}, " if it.line else ""
            say(f"not supported: {where}{it.part}: {it.reason}")
    scored = [case for case in parsed.cases if case.texts.assertions]
    if left_out := len(parsed.cases) - len(scored):
        say(f"not supported: {left_out} cases have no assertion, and are left out")
    if not scored:
        raise EvaluationFailed("No case of this file has an assertion that is supported.")
    body: dict[str, Any] = {"test_cases": [_inline(case) for case in scored]}
    providers = facts.get("providers") or facts.get("targets") or ()
    targets = [_target(each) for each in ([providers] if isinstance(providers, str) else providers)]
    if targets:
        body["targets"] = targets
    gate = RateGate(1.0) if parsed.format in OF_PROMPTFOO else None
    return EvaluationFile(body, gate=gate)


def _inline(case: FileCase) -> dict[str, Any]:
    texts = case.texts.model_dump(
        mode="json", include={"messages", "context", "reference", "assertions"}, exclude_none=True
    )
    while texts["messages"][-1]["role"] != MessageRole.USER:
        texts["messages"].pop()  # what follows the last question is not sent
    return {**texts, "tags": list(case.tags)}


def _target(provider: object) -> dict[str, Any]:
    """Return a provider of promptfoo as a target: `openai:chat:gpt-4o` is `openai:gpt-4o`."""
    id_, config = provider, dict[str, Any]()
    if isinstance(provider, Mapping):
        id_, config = provider.get("id"), provider.get("config") or {}
    if not isinstance(id_, str) or ":" not in id_ or id_.startswith("file:"):
        raise EvaluationFailed(f"The provider {id_} is no model here: add MODEL=….")
    vendor, _, model = id_.partition(":")
    kind, _, name = model.partition(":")
    known = {name: config[name] for name in Parameters.model_fields if name in config}
    return {
        "model_id": f"{vendor}:{name if kind in KINDS and name else model}",
        "parameters": known,
    }


if __name__ == "__main__":
    sys.exit(main())
