"""Prompts by name and label: cached, refreshed in the background, and kept while Attune is away."""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import quote

from attune_client.transport import Transport, Unreachable

log = logging.getLogger("attune_client")

Message: TypeAlias = Mapping[str, Any]
Values: TypeAlias = Mapping[str, object]  # of variables, by name
NO_VALUES: Values = MappingProxyType({})
Fetch = Callable[[str, str], dict[str, Any]]
WARNING_INTERVAL_S = 60.0
# What every prompt has; a gateway's page of its own may be an object, too
PARTS = {"name": str, "version": int, "parameters": dict, "defaults": dict, "user": list}
ALSO = {"model_id", "system", "before_history", "has_history"}
# A value may end within a tag that the next value would complete.
END_TAG = re.compile(r"<\s*(?:$|/\s*(?:$|(?P<name>[A-Za-z][\w:.-]*)(?P<last>$)?))")


class PromptUnavailable(Exception):
    """The first read of a prompt failed: Attune is away, or the key may not read it; the text says
    which.
    """


def fetch(transport: Transport, name: str, label: str) -> dict[str, Any]:
    """Read a prompt in parts; raise PromptUnavailable."""
    path = f"templates/{quote(name, safe='')}/compiled?label={quote(label, safe='')}"
    try:
        response = transport.call("GET", path)
    except Unreachable as error:
        raise PromptUnavailable(f"{name}@{label}: Attune can't be reached: {error}") from error
    except ValueError as error:  # the address
        raise PromptUnavailable(f"{name}@{label}: {error}") from error
    parts = _object(response.body)
    # Of a proxy in between: Attune answers with objects alone
    if parts is None or (response.status == 200 and not _is_prompt(parts)):
        raise PromptUnavailable(
            f"{name}@{label}: status {response.status} without a prompt. Check the address, and "
            "what lies between."
        )
    if response.status != 200:
        raise PromptUnavailable(f"{name}@{label}: {parts.get('detail', response.status)}")
    return parts


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_prompt(parts: dict[str, Any]) -> bool:
    return parts.keys() >= ALSO and all(
        isinstance(parts.get(name), kind) for name, kind in PARTS.items()
    )


@dataclass(frozen=True)
class Prompt:
    """A prompt with its values in place."""

    name: str
    label: str
    version: int
    model: str | None
    parameters: Mapping[str, Any]
    system: str | None
    before_history: str
    text: str

    @property
    def reference(self) -> dict[str, object]:
        """What `record_ai_request(prompt=...)` takes."""
        return {"name": self.name, "version": self.version}

    def messages(self, history: Sequence[Message] = ()) -> list[Any]:
        """Return the messages to send to a model, with earlier ones in their place.

        Their type is open: SDKs of providers take only types of their own.
        """
        own = [("system", self.system), ("user", self.before_history)]
        first = [{"role": role, "content": text} for role, text in own if text]
        last = [{"role": "user", "content": self.text}] if self.text else []
        return [*first, *history, *last]


class Prompts:
    """The prompts that a program has used, each as Attune last returned it."""

    def __init__(self, fetch: Fetch, refresh_s: float) -> None:
        self._fetch, self._refresh_s = fetch, refresh_s
        self._complained_at = -WARNING_INTERVAL_S
        self._known: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
        self.begin()

    def begin(self) -> None:
        """Start without refreshes: at first, and in a forked process, which has no other thread."""
        self._refreshing: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def get(self, name: str, label: str) -> dict[str, Any]:
        """Return a prompt in parts; wait for Attune the first time only.

        Raises PromptUnavailable the first time.
        """
        key = (name, label)
        known = self._known.get(key)
        if known is None:
            return self._read(key)
        if time.monotonic() - known[0] > self._refresh_s:
            self._refresh_later(key)
        return known[1]

    def _read(self, key: tuple[str, str]) -> dict[str, Any]:
        found = self._fetch(*key)
        with self._lock:
            self._known[key] = (time.monotonic(), found)
        return found

    def _refresh_later(self, key: tuple[str, str]) -> None:
        with self._lock:
            if key in self._refreshing:
                return
            self._refreshing.add(key)
        thread = threading.Thread(
            target=self._refresh, args=(key,), name="attune-prompt", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # no room for a thread, or the very end of the program
            self._complain(error)
            with self._lock:
                self._refreshing.discard(key)

    def _refresh(self, key: tuple[str, str]) -> None:
        try:
            self._read(key)
        except PromptUnavailable as error:
            self._complain(error)
            with self._lock:  # the last good text stays, and is tried again after a while
                self._known[key] = (time.monotonic(), self._known[key][1])
        finally:
            with self._lock:
                self._refreshing.discard(key)

    def _complain(self, error: Exception) -> None:
        """Log a warning, at most once a minute."""
        if time.monotonic() - self._complained_at >= WARNING_INTERVAL_S:
            self._complained_at = time.monotonic()
            log.warning("a prompt of Attune keeps its last text: %s", error)


def fill(parts: dict[str, Any], label: str, variables: Values) -> Prompt:
    """Put values in place; raise ValueError for a value that is missing."""
    texts = _texts(parts, variables)

    def filled(pieces: list[Any] | None) -> str:
        return "".join(
            piece if isinstance(piece, str) else _escaped(_value(texts, piece["name"]), piece)
            for piece in pieces or ()
        )

    text = filled(parts["user"])
    return Prompt(
        name=parts["name"],
        label=label,
        version=parts["version"],
        model=parts["model_id"],
        parameters={
            name: value for name, value in parts["parameters"].items() if value is not None
        },
        system=None if parts["system"] is None else filled(parts["system"]),
        before_history=filled(parts["before_history"]).strip(),
        text=text.strip() if parts["has_history"] else text,
    )


def _texts(parts: Mapping[str, Any], variables: Values) -> dict[str, str]:
    """Return the texts of the values; for a required one, None is no value, as in Attune."""
    defaults = parts["defaults"]
    optional = defaults.keys() - parts.get("required", ())  # an older Attune does not name them
    given = {
        name: _text(value)
        for name, value in variables.items()
        if value is not None or name in optional
    }
    return {name: text for name, text in defaults.items() if name not in variables} | given


def _value(texts: Mapping[str, str], name: str) -> str:
    if name not in texts:
        raise ValueError(f"the prompt needs a value for {name}")
    return texts[name]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _escaped(value: str, place: Mapping[str, Any]) -> str:
    """Return a value as it stands in its place; Attune says what delimits it."""
    if mark := place["quote"]:
        value = value.replace("\\", "\\\\").replace(mark, f"\\{mark}")
    for mark in place["marks"]:
        value = re.sub(rf"^{mark}+|{mark}+$|{mark}{{3,}}", _escaped_run, value)
    tags = place["tags"]
    return END_TAG.sub(lambda tag: _escaped_tag(tag, tags), value) if tags else value


def _escaped_run(run: "re.Match[str]") -> str:
    return "".join(f"\\{mark}" for mark in run[0])


def _escaped_tag(tag: "re.Match[str]", tags: Sequence[str]) -> str:
    name = tag["name"]
    if name is not None and tag["last"] is None and name.lower() not in tags:
        return tag[0]
    return tag[0].replace("/", "\\/", 1) if "/" in tag[0] else tag[0] + "\\"
