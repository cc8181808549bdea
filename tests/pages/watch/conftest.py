"""An analyst, traffic of five days to look at, and a page opened at an address."""

from datetime import timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import Person, person
from tests.pages.conftest import Console

HOUR = timedelta(hours=1)


@pytest.fixture
def analyst(runner: object) -> Person:
    """Return somebody who may look at figures, signed in."""
    return person(Role.ANALYST, kind=SessionKind.BROWSER)


def traffic() -> None:
    """Send 119 requests, one an hour, of two models and two releases."""
    now = clock.now()
    send(
        *(
            request(
                now - number * HOUR,
                id=f"r{number}",
                model="large" if number % 3 else "small",
                release="2" if number < 40 else "1",
                total_latency_ms=1000 + number,
                first_token_ms=200,
                input_tokens=100,
                cached_tokens=30,
                output_tokens=20,
                cost_usd=Decimal("0.01"),
                **({"status": "error", "error_type": "timeout"} if number % 20 == 0 else {}),
                tool_calls=[{"name": "search", "duration_ms": 40}],
                steps=[
                    {"name": "search", "start_ms": 5, "duration_ms": 40},
                    {"name": "write", "start_ms": 50, "error": "no"},
                ],
            )
            for number in range(1, 120)
        )
    )
    fold()


def opened(console: Console, one: Person, page: str, **query: str) -> AppTest:
    """Open a page at an address."""
    app = console(one, page)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()
