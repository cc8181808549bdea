"""Evaluate an own app from the command line: `python -m attune_client evaluate --help`.

The exit code is 1 below the gate, and 2 for errors.
"""

import argparse
import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, cast

from attune_client.answers import AnswerCase
from attune_client.console import Console, EvaluationFailed
from attune_client.evaluations import EvaluationPlan, evaluate

BELOW_GATE, ERROR = 1, 2
LOCAL = "http://127.0.0.1:8501"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an evaluation, print its figures, and return the exit code."""
    given = _parser().parse_args(arguments)
    try:
        answer = load(given.function)
        plan = EvaluationPlan(
            dataset=given.dataset,
            app=given.app or given.function,
            release=given.release,
            name=given.name,
            runs=given.runs,
            split=given.split,
            dataset_version=given.dataset_version,
            scorers=json.loads(given.scorers),
            baseline_id=given.baseline,
            idempotency_key=given.idempotency_key,
            threads=given.threads,
            gate=given.gate,
            gate_on=given.gate_on,
            allowed_failures=given.allowed_failures,
            progress=say,
        )
        outcome = evaluate(console_of_environment(), plan, answer)
    except EvaluationFailed as error:
        say(f"attune: {error}")
        return ERROR
    except (Exception, SystemExit):  # noqa: BLE001  else Python ends with 1, the gate's code
        say(traceback.format_exc())
        return ERROR
    print(outcome.table())  # noqa: T201  a command line
    return 0 if outcome.passed else BELOW_GATE


def load(name: str) -> AnswerCase:
    """Return a function by `module:name`; raise EvaluationFailed, or what importing it raises."""
    module, _, path = name.partition(":")
    if not path:
        raise EvaluationFailed(f"Name the function as module:name, not {name!r}.")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return cast("AnswerCase", found)


def console_of_environment() -> Console:
    """Return the console at ATTUNE_URL for ATTUNE_API_KEY; raise EvaluationFailed without a key."""
    key = os.environ.get("ATTUNE_API_KEY")
    if not key:
        raise EvaluationFailed(
            "Set ATTUNE_API_KEY to a key with the scope execute (Settings → API keys)."
        )
    return Console(os.environ.get("ATTUNE_URL") or LOCAL, key)


def say(words: str) -> None:
    """Print to standard error."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201  a command line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m attune_client", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("evaluate", help="have a function answer a dataset").add_argument
    add("dataset", help="name or ID of a dataset that the key sees")
    add("function", help="module:name of a function that takes a Case")
    add("--app", help="name of the app in Attune; else that of the function")
    add("--release", help="of the app")
    add("--name", help="of the evaluation; else that of the app")
    add("--gate", type=float, metavar="RATE", help="least pass rate, such as 0.9")
    add("--gate-on", choices=("value", "low"), default="value", help="the rate, or its low end")
    add("--allowed-failures", type=int, default=0, metavar="N", help="runs without a verdict")
    add("--runs", type=int, default=1, help="of each case")
    add("--threads", type=int, default=4, help="cases that are answered at the same time")
    add("--split", choices=("all", "tune", "holdout"), default="all")
    add("--dataset-version", type=int, metavar="N")
    add("--scorers", default="[]", metavar="JSON", help="besides the assertions of the cases")
    add("--baseline", metavar="ID", help="evaluation to compare with")
    add("--idempotency-key", metavar="KEY", help="used again, the evaluation goes on")
    return parser


if __name__ == "__main__":
    sys.exit(main())
