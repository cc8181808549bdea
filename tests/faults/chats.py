"""Chats while something is killed: what was acknowledged is remembered, and looked for
afterwards.
"""

import threading
import time
from collections import Counter
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any
from uuid import UUID

import httpx2

from core.platform.ids import new_id
from tests.faults.program import Person, Program, until

SHORT_ANSWER = '#fake {"words": 6, "rate": 40}\n'
ENDED = {"completed", "failed", "cancelled"}


class Chats(AbstractContextManager["Chats"]):
    """People who ask without a pause, some in the playground and some through the API, until the
    end.
    """

    def __init__(
        self, program: Program, person: Person, *, sessions: int = 3, callers: int = 2
    ) -> None:
        """Ask on behalf of one account."""
        self.program, self.person = program, person
        # Calls and messages that may have been taken: those refused in so many words are not
        self.asked = 0
        self._rows_before = self._rows()
        self.answered: list[dict[str, Any]] = []
        self.said: dict[UUID, list[str]] = {new_id(): [] for _ in range(sessions)}
        self._lock = threading.Lock()
        self._ending = threading.Event()
        talk = [threading.Thread(target=self._talk, args=(session,)) for session in self.said]
        self._threads = talk + [threading.Thread(target=self._call) for _ in range(callers)]

    def __enter__(self) -> "Chats":
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ask no more, and wait for the last answers."""
        self._ending.set()
        for thread in self._threads:
            thread.join(120)

    @property
    def acknowledged(self) -> int:
        """How much was acknowledged so far."""
        return len(self.answered) + sum(len(said) for said in self.said.values())

    def go_on(self, more: int = 10) -> None:
        """Return when this much more has been acknowledged."""
        goal = self.acknowledged + more
        until(lambda: self.acknowledged >= goal, 90)

    def check(self) -> None:
        """Raise AssertionError unless everything acknowledged is there, once, and nothing is still
        pending or ran twice.
        """
        until(lambda: self._pending() == (0, 0), 60)
        for execution in self.answered:
            stored = self.person.execution(execution["id"])
            assert (stored["status"], stored["response"]) == (
                execution["status"],
                execution["response"],
            )
        for session, said in self.said.items():
            self._check_session(session, said)
        assert self.acknowledged <= self._rows() - self._rows_before <= self.asked, (
            "something was lost, or ran unasked"
        )
        self._check_quotas()

    def _check_quotas(self) -> None:
        """Each call counts once to each quota since it was added, and none holds anything back."""
        with self.program.database() as connection:
            rows = connection.execute(
                "select sum(used), sum(reserved), (select count(*) from prompt_executions "
                "where created_at >= quotas.created_at) from quotas join usage_counters "
                "on quota_id = id where measure = 'calls' group by id"
            ).fetchall()
            held = connection.execute("select count(*) from usage_reservations").fetchone()
        assert held == (0,)
        for used, reserved, calls in rows:
            assert (used, reserved) == (calls, 0), "a call was charged twice, or not at all"

    def _rows(self) -> int:
        with self.program.database() as connection:
            return len(connection.execute("select id from prompt_executions").fetchall())

    def _check_session(self, session: UUID, said: list[str]) -> None:
        messages = self._messages(session)
        questions = Counter(message["content"] for message in messages if message["role"] == "user")
        answers = [message for message in messages if message["role"] == "assistant"]
        assert all(questions[text] == 1 for text in said), "a message is lost, or was stored twice"
        assert max(questions.values()) == 1
        assert len(answers) == questions.total()
        assert {answer["status"] for answer in answers} <= ENDED
        listed = self.person.http.get("/admin/playground/sessions", params={"limit": 100}).json()[
            "sessions"
        ]
        (summary,) = [one for one in listed if one["session_id"] == str(session)]
        assert summary["execution_count"] == len(answers), (
            "an answer was counted twice, or not at all"
        )

    def _messages(self, session: UUID) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = {"session_id": str(session), "limit": "100", "offset": str(len(found))}
            history = self.person.http.get("/admin/playground/history", params=page).json()
            found += history["messages"]
            if not history["messages"]:
                assert history["total_count"] == len(found)
                return found

    def _pending(self) -> tuple[object, ...]:
        with self.program.database() as connection:
            pending = "select (select count(*) from prompt_executions where status = 'pending'), "
            pending += "(select count(*) from playground_messages where status = 'pending')"
            return connection.execute(pending.encode()).fetchone() or (None, None)

    def _call(self) -> None:
        while not self._ending.is_set():
            answer = self._post(
                "/prompts/execute", {"model_id": "fake:echo", "prompt": SHORT_ANSWER}
            )
            if answer is not None and answer.status_code == 200:
                self.answered.append(answer.json())

    def _talk(self, session: UUID) -> None:
        number = 0
        while not self._ending.is_set():
            text = f"{SHORT_ANSWER}message {number}"
            answer = self._post(
                "/admin/playground/chat",
                {"session_id": str(session), "message": text, "model": "fake:echo"},
            )
            if answer is not None and answer.status_code == 409:
                time.sleep(0.05)  # the answer before is still being written
                continue
            number += 1
            if answer is not None and answer.status_code == 202:
                self.said[session].append(text)

    def _post(self, path: str, body: dict[str, str]) -> httpx2.Response | None:
        try:
            answer = self.person.http.post(path, json=body)
        except httpx2.TransportError:
            time.sleep(0.1)
            answer = None
        if answer is None or answer.status_code != 409:
            with self._lock:
                self.asked += 1
        return answer
