"""Paths after and before an event, against pandas on the raw rows."""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import product

import pandas as pd
import pytest
from sqlalchemy import text

from core.activity.engagement_views import PathDirection, PathsView
from core.activity.queries.engagement import path_rows, paths
from core.activity.queries.engagement.path_rows import NoPaths
from core.activity.schemas import NewEvent
from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.identity.schemas import Role
from core.presentation.periods import DAY, Period, Watched
from tests.factories import activity
from tests.factories.activity import START, event, minutes, spaced
from tests.factories.identity import person

KINDS = ("seat.viewed", "seat.booked", "menu.opened", "bill.paid", "tip.given", "seat.cancelled")
PERIOD = Period(START + timedelta(hours=2), START + timedelta(hours=30))
Path = tuple[str | None, ...]


def evenings(seed: int, users: int = 40) -> list[NewEvent]:
    """Return events of guests with and without names, some at the same moment, some twice."""
    chance, found = random.Random(seed), []
    for number in range(users * 9):
        guest = chance.randrange(users)
        at = minutes(chance.choice([chance.randrange(2000), chance.randrange(12) * 120]))
        known = {"user_id": f"u{guest}"} if chance.random() < 0.7 else {"session_id": f"s{guest}"}
        if chance.random() < 0.1:
            known = {"user_id": f"u{guest}", "session_id": f"s{guest}"}
        app, kind = chance.choice(["site", "kiosk"]), chance.choice(KINDS)
        release = chance.choice([None, "1.0", "2.0"])
        found += [
            event(kind, at, id=f"{number} {again}", app=app, release=release, **known)
            for again in range(chance.choice([1, 1, 2]))
        ]
    chance.shuffle(found)
    return found


def journeys(events: Collection[NewEvent], app: str | None, period: Period) -> Iterator[list[str]]:
    """Yield the types of each subject's events in order, without repeats."""
    wanted = [each for each in events if app is None or each.app == app]
    by_app = activity.journeys(list(events), by_app=True)
    found: dict[str, list[tuple[datetime, str]]] = {}
    for (_, place, subject), done in by_app.items():
        if app is None or place == app:
            found.setdefault(subject, []).extend(done)
    assert wanted or not found
    for done in found.values():
        rows = pd.DataFrame(done, columns=["at", "kind"])
        rows = rows[(rows["at"] >= period.start) & (rows["at"] < period.end)]
        rows = rows.sort_values(["at", "kind"])
        yield list(rows["kind"])


def expected(journeys: Iterable[list[str]], kind: str, direction: PathDirection) -> Counter[Path]:
    """Return the subjects by the three steps that they took."""
    found = Counter[Path]()
    for done in journeys:
        if kind not in done:
            continue
        at = done.index(kind)
        rest = done[at + 1 :] if direction is PathDirection.AFTER else done[:at][::-1]
        steps = pd.Series([kind, *rest])
        steps = steps[steps != steps.shift()].iloc[1:4]
        found[tuple([*steps, None, None, None][:3])] += 1
    return found


def read(
    kind: str,
    direction: PathDirection = PathDirection.AFTER,
    watched: Watched | None = None,
    period: Period = PERIOD,
    **how: object,
) -> PathsView:
    with transaction() as session:
        return paths.read_paths(
            session,
            period,
            watched or Watched(),
            kind,
            direction,
            actor=person(Role.ANALYST).actor,
            **how,  # type: ignore[arg-type]  # through, top
        )


def check(wanted: Counter[Path], view: PathsView, through: tuple[str, ...] = ()) -> None:
    """Compare each step of a view with the paths that were counted."""
    assert view.users == wanted.total()
    took = (users for path, users in wanted.items() if path[: len(through)] == through)
    assert view.followed_users == sum(took)
    for number, step in enumerate(view.steps):
        here = Counter[str | None]()
        for path, subjects in wanted.items():
            if path[: min(number, len(through))] == through[:number] and None not in path[:number]:
                here[path[number]] += subjects
        assert step.users == here.total()
        ended = here.pop(None, 0)
        ordered = sorted(here.items(), key=lambda each: (-each[1], str(each[0])))
        shown = [(each.event_type, each.users) for each in step.items if each.event_type]
        assert shown == ordered[:5]
        assert sum(each.users for each in step.items if each.event_type is None) == ended
        assert (step.other_users, step.other_types) == (
            sum(subjects for _, subjects in ordered[5:]),
            len(ordered[5:]),
        )
        for each in step.items:
            assert each.share == pytest.approx(each.users / step.users)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.prove)])
def test_paths_equal_those_of_pandas(database: Postgres, seed: int) -> None:
    events = evenings(seed)
    for begin in range(0, len(events), 200):
        activity.store(events[begin : begin + 200])
    of_release = [each for each in events if each.release == "2.0"]
    for (rows, release), app in product(((events, None), (of_release, "2.0")), (None, "kiosk")):
        found = list(journeys(rows, app, PERIOD))
        for kind, direction in product(KINDS, PathDirection):
            wanted = expected(found, kind, direction)
            assert wanted
            check(wanted, read(kind, direction, Watched(app=app, release=release)))
    wanted = expected(journeys(events, None, PERIOD), KINDS[0], PathDirection.AFTER)
    for through in ((KINDS[1],), (KINDS[2], KINDS[0])):
        check(wanted, read(KINDS[0], through=through), through)


def test_users_with_more_events_than_are_marked_take_their_steps_from_raw_rows(
    database: Postgres,
) -> None:
    often = [kind for _ in range(60) for kind in KINDS[:3]]
    events = [*spaced(often, user="regular"), *spaced(KINDS, user="guest")]
    released = [
        event(each.event_type, each.created_at or START, user_id=each.user_id, release="2.0")
        for each in events
    ]
    others = [
        event(kind, each.created_at + timedelta(seconds=7), user_id="regular")
        for each, kind in zip(events, reversed(often), strict=False)
        if each.created_at is not None
    ]
    activity.store([*released, *others])
    for since, until in ((55, 75), (80, 120), (0, 170)):
        period = Period(minutes(since), minutes(until))
        for rows, release in ((released, "2.0"), ([*released, *others], None)):
            found = list(journeys(rows, None, period))
            for kind, direction in product(KINDS[:3], PathDirection):
                wanted = expected(found, kind, direction)
                check(wanted, read(kind, direction, Watched(release=release), period))


def test_events_at_the_same_moment_are_in_order_of_their_names(database: Postgres) -> None:
    activity.store(
        event(kind, START, user_id="u", id=f"{kind} {again}")
        for kind in (KINDS[1], KINDS[0], KINDS[2])
        for again in range(2)
    )
    period = Period(START, START + DAY)
    after = read("seat.booked", period=period)
    before = read("seat.viewed", PathDirection.BEFORE, period=period)
    assert [step.items[0].event_type for step in after.steps if step.items] == ["seat.viewed", None]
    assert [step.items[0].event_type for step in before.steps] == [
        "seat.booked",
        "menu.opened",
        None,
    ]


def test_a_sample_of_users_estimates_all_of_them(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity.store(each for number in range(300) for each in spaced(KINDS[:2], user=f"u{number}"))
    monkeypatch.setattr(path_rows, "portion_of", lambda *_: 256)
    period = Period(START, START + DAY)
    view = read(KINDS[0], period=period)
    assert view.is_sampled
    assert (view.users, view.steps[0].items[0].share) == (view.sampled_users * 4, 1.0)
    assert 200 < view.users < 400
    exact = read(KINDS[0], period=period, is_exact=True)
    assert (exact.users, exact.is_sampled) == (300, False)


def test_a_sample_is_read_from_its_index(database: Postgres) -> None:
    activity.store(each for number in range(500) for each in spaced(KINDS[:2], user=f"u{number}"))
    with transaction() as session:
        session.execute(text("analyze subjects"))
        session.execute(text("set local enable_seqscan = off"))
        plan = session.execute(
            text(
                "explain select marks from subjects where environment = 'production' and "
                "app = any(array['', '*']) and is_whole and sample < 16"
            )
        )
        assert "subjects_of_environments_environment_app_sample_idx" in "\n".join(plan.scalars())


def test_what_has_no_paths_is_refused(database: Postgres) -> None:
    activity.store(spaced(KINDS, user="u"))
    with pytest.raises(NoPaths):
        read("never.sent")
