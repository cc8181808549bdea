"""Configurations of promptfoo: tests with variables and assertions become cases.

Prompts and providers are targets of an evaluation, not cases; the first prompt in the file itself
fills in the messages.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.datasets.errors import DatasetFileRefused
from core.datasets.files.assertions import AssertionRefused, scorer_of
from core.datasets.files.parsed import MAX_TOTAL_BYTES, ParsedCases
from core.datasets.files.promptfoo_vars import (
    CaseVariablesRefused,
    combinations,
    filled_in,
    messages_of,
)
from core.datasets.files.yaml_documents import YamlDocument
from core.datasets.import_schemas import CaseFormat

MAX_REFERENCES = 10  # of one to the next
MAX_LEVELS = 6  # of sets in sets; scorers may have fewer
MAX_ASSERTIONS = 50_000  # of all tests, each with those of `defaultTest` and of its references
OTHER_FILE = "Other files (file://) are not read. Import that file by itself."
READ = {"description", "prompts", "tests", "defaultTest", "assertionTemplates", "$schema", "tags"}
READ_OF_A_TEST = {"description", "vars", "assert", "metadata"}
SEPARATE = {
    "providers": "Models are chosen in an evaluation.",
    "targets": "Models are chosen in an evaluation.",
    "outputPath": "Results are stored here, and exported from an evaluation.",
    "env": "Environment variables of files are not read.",
}


class Reference(NamedTuple):
    """A part of the document, and where it stands."""

    value: Any
    path: tuple[Any, ...]


def read(document: YamlDocument) -> ParsedCases:
    """Return the cases of a configuration."""
    return _Configuration(document).read()


class _Configuration:
    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.root: Mapping[str, Any] = document.value
        self.parsed = ParsedCases(CaseFormat.PROMPTFOO)
        self.assertion_count = 0
        self.read_chars = 0

    def read(self) -> ParsedCases:
        for name in self.root:
            if name not in READ:
                reason = SEPARATE.get(str(name), "This setting is not imported.")
                self._leave_out((name,), str(name), reason)
        template, shared = self._prompt(), self._defaults()
        tests = self.root.get("tests")
        if isinstance(tests, str):
            self._leave_out(("tests",), f"tests: {tests}", OTHER_FILE)
        for place, test in enumerate(tests if isinstance(tests, list) else []):
            path = ("tests", place)
            if isinstance(test, str):
                self._leave_out(path, f"tests: {test}", OTHER_FILE)
                continue
            try:
                self._add_test(self._resolved(test, path), f"Test {place + 1}", template, shared)
            except (AssertionRefused, CaseVariablesRefused) as error:
                self._count(error)
                self._leave_out(path, f"Test {place + 1}", f"Not imported: {error}.")
        return self.parsed

    def _prompt(self) -> str | None:
        """Return the first prompt that is in the file itself; name the others."""
        given, found = self.root.get("prompts"), None
        prompts = given if isinstance(given, list) else [given] if given is not None else []
        for place, each in enumerate(prompts):
            text = each.get("raw") if isinstance(each, dict) else each
            path = ("prompts", place) if isinstance(given, list) else ("prompts",)
            if not isinstance(text, str) or text.startswith(("file://", "exec:")):
                self._leave_out(path, f"prompts: {each}", OTHER_FILE)
            elif found is None:
                found = text
            else:
                reason = "Only the first prompt fills in the cases. Add others under Prompts."
                self._leave_out(path, f"prompts: {text}", reason)
        return found

    def _defaults(self) -> Reference:
        default = self.root.get("defaultTest")
        path = ("defaultTest",)
        if isinstance(default, str):
            self._leave_out(path, f"defaultTest: {default}", OTHER_FILE)
            return Reference({}, path)
        try:
            found = self._resolved(default or {}, path)
        except AssertionRefused as error:
            self._leave_out(path, "defaultTest", f"{error}.")
            return Reference({}, path)
        self._name_unread(found, "defaultTest")
        return found

    def _add_test(
        self, test: Reference, name: str, template: str | None, shared: Reference
    ) -> None:
        """Add a test's cases, one for each combination of its variables."""
        self._name_unread(test, name)
        given = test.value.get("vars") or {}
        common = shared.value.get("vars") or {}
        if not isinstance(given, dict) or not isinstance(common, dict):
            raise CaseVariablesRefused(f"its variables are another file: {given}")
        line = self.document.line(*test.path)
        tags = _tags(test.value.get("metadata"))
        for variables in combinations(common | given):
            self._count(template)
            messages = messages_of(template, variables)
            scorers, unsupported = [], []
            for part in (shared, test):
                for place, each in enumerate(self._assertions(part, name)):
                    where = (*part.path, "assert", place)
                    try:
                        scorers.append(self._scorer(each, where, variables))
                    except (AssertionRefused, CaseVariablesRefused) as error:
                        self._count(error)
                        kind = each.get("type", "$ref") if isinstance(each, dict) else "assert"
                        unsupported.append(
                            self._leave_out(where, f"{name}, assertion {kind}", f"{error}.")
                        )
            self.parsed.add(
                line,
                name,
                messages=messages,
                context=variables or None,
                assertions=scorers,
                external_id=str(test.value["description"])[:200]
                if test.value.get("description")
                else None,
                unsupported=unsupported[:100],
                tags=tags,
            )

    def _count(self, given: str | Exception | None) -> None:
        """Count the characters of a template or of what was refused; raise DatasetFileRefused.

        Cases that are refused take as long to read as others, and an alias is a text in few bytes.
        """
        chars = len(given) if isinstance(given, str) else getattr(given, "chars", 0)
        self.read_chars += chars
        if self.read_chars > MAX_TOTAL_BYTES:
            raise DatasetFileRefused(f"These cases have more than {MAX_TOTAL_BYTES // 2**20} MiB.")

    def _assertions(self, part: Reference, name: str) -> list[Any]:
        found = part.value.get("assert") or []
        if isinstance(found, list):
            return found
        self._leave_out((*part.path, "assert"), f"{name}, assert", f"{found} is not a list.")
        return []

    def _scorer(self, given: Any, where: tuple[Any, ...], variables: dict[str, Any]) -> Any:  # noqa: ANN401
        found = self._whole(given, where)
        return scorer_of(_with_variables(found, variables))

    def _whole(
        self,
        given: Any,  # noqa: ANN401  any part of the document
        where: tuple[Any, ...],
        level: int = 1,
    ) -> dict[str, Any]:
        """Return an assertion with the references in it resolved.

        Raises AssertionRefused, or DatasetFileRefused when few references stand for very many.
        """
        self.assertion_count += 1
        if self.assertion_count > MAX_ASSERTIONS:
            raise DatasetFileRefused(
                f"The tests of this file have more than {MAX_ASSERTIONS:,} assertions. Split it."
            )
        if level > MAX_LEVELS:
            raise AssertionRefused(f"its sets are nested deeper than {MAX_LEVELS} levels")
        found = self._resolved(given, where).value
        if isinstance(found.get("assert"), list):
            inner = [self._whole(each, where, level + 1) for each in found["assert"]]
            found = {**found, "assert": inner}
        return dict(found)

    def _resolved(self, given: Any, path: tuple[Any, ...]) -> Reference:  # noqa: ANN401
        """Return an object, or what its `$ref` points to in this document; others are refused."""
        own: dict[str, Any] = {}
        for _ in range(MAX_REFERENCES):
            if not isinstance(given, dict):
                raise AssertionRefused("it is not an object")
            if "$ref" not in given:
                return Reference(given | own, path)
            own = {key: value for key, value in given.items() if key != "$ref"} | own
            given = self._pointed(str(given["$ref"]))
        raise AssertionRefused("its $ref refers to itself")

    def _pointed(self, reference: str) -> Any:  # noqa: ANN401  any part of the document
        if not reference.startswith("#/"):
            raise AssertionRefused(f"$ref {reference}: only references in the file are followed")
        found: Any = self.root
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                raise AssertionRefused(f"$ref {reference} points to nothing")
        return found

    def _name_unread(self, test: Reference, name: str) -> None:
        for key in test.value:
            if key not in READ_OF_A_TEST:
                self._leave_out((*test.path, key), f"{name}, {key}", "This has no counterpart.")

    def _leave_out(self, path: tuple[Any, ...], part: str, reason: str) -> str:
        return self.parsed.leave_out(self.document.line(*path), part, reason)


def _with_variables(assertion: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    found = dict(assertion)
    if "value" in found:
        found["value"] = filled_in(found["value"], variables)
    if isinstance(found.get("assert"), list):
        found["assert"] = [_with_variables(each, variables) for each in found["assert"]]
    return found


def _tags(metadata: object) -> tuple[str, ...]:
    if not isinstance(metadata, dict):
        return ()
    return tuple(f"{name}: {value}" for name, value in metadata.items() if _is_short(value))


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float) and len(str(value)) < 60
