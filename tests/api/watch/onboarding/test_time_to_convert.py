"""The users of a bar of the time to convert, and of the time to drop-off."""

from datetime import timedelta

from core.activity.queries.funnels.funnel import STEPS
from core.insights.queries.drop_offs import TimeRange
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import event, spaced, store
from tests.factories.identity import person


def test_each_bar_lists_who_took_so_long_in_any_funnel(client: Client) -> None:
    start = clock.now().replace(microsecond=0) - timedelta(days=1)
    for number in (1, 1, 3, 9):
        name = f"u{number}.{start:%S%M}"
        store(spaced(STEPS, user=name, start=start, gap=timedelta(minutes=number)))
        start -= timedelta(minutes=7)
    store(spaced(STEPS[:3], user="gone", start=start))
    ask = client(person())
    variants: list[dict[str, str | int]] = [{}, {"any_order": "true"}, {"window_days": 3}]
    for more in variants:
        course = ask.get("/admin/onboarding/course", params=more).json()
        assert course["completed"] == 4
        for bar in course["histogram"]:
            asked = {"step": len(STEPS), "took": f"{bar['from_s']:g}-{bar['to_s']:g}", **more}
            found = ask.get("/admin/onboarding/stopped", params=asked).json()
            assert (found["total_count"], len(found["items"])) == (bar["users"], bar["users"])


def test_each_bar_of_the_time_to_drop_off_lists_who_left_then_in_any_funnel(client: Client) -> None:
    start = clock.now().replace(microsecond=0) - timedelta(days=20)
    for number, days in enumerate((0, 0, 1, 15)):
        journey = spaced(STEPS[: 1 + number], user=f"u{number}", start=start)
        store(
            [
                *journey,
                event("page.view", start + timedelta(days=days, hours=1), user_id=f"u{number}"),
            ]
        )
    store([event(STEPS[0], start, session_id="visit")])
    store(spaced(STEPS, user="done", start=start))
    ask = client(person())
    variants: list[dict[str, str | int]] = [{}, {"any_order": "true"}, {"window_days": 3}]
    for more in variants:
        bars = ask.get("/admin/onboarding/stays", params=more).json()["histogram"]
        assert sum(bar["users"] for bar in bars) == 5
        for bar in bars:
            asked = {"dropped_off_after": str(TimeRange(bar["from_s"], bar["to_s"])), **more}
            found = ask.get("/admin/onboarding/stopped", params=asked).raise_for_status().json()
            assert (found["total_count"], len(found["items"])) == (bar["users"], bar["users"])


def test_a_bar_of_many_days_is_written_as_the_address_reads_it() -> None:
    assert str(TimeRange(14 * 86_400, 21 * 86_400)) == "1209600-1814400"
