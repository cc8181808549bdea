"""The users of a bar of the time to convert."""

from datetime import timedelta

from core.activity.queries.funnels.funnel import STEPS
from core.platform import clock
from tests.api.conftest import Client
from tests.factories.activity import spaced, store
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
