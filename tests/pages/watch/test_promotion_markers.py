"""Charts of AI metrics mark each promotion of the period, a rollback too."""

import json
from datetime import timedelta

from sqlalchemy import text

from core.database.db import transaction
from core.identity.schemas import SessionKind
from core.platform import clock
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person
from tests.factories.prompts import create, label, save
from tests.pages.conftest import AI_METRICS, Console

DAY = timedelta(days=1)
MOVE = """
update prompt_label_moves set moved_at = :at where id = (select max(id) from prompt_label_moves)"""


def test_a_rollback_is_marked_as_the_promotion_before_was(console: Console) -> None:
    owner, now = person(kind=SessionKind.BROWSER), clock.now()
    prompt = create(owner.actor, "support", "one", visibility="public")
    save(owner.actor, prompt.id, prompt="two")
    for version, ago in ((1, 5), (2, 3), (1, 1)):
        label(owner.actor, prompt.id, version)
        with transaction() as session:
            session.execute(text(MOVE), {"at": now - ago * DAY})
    send(*(request(now - days * DAY - timedelta(hours=2)) for days in range(7)))
    fold()
    app = console(owner, AI_METRICS)
    charts = [
        json.loads(json.loads(each.proto.json)["figure"])
        for each in app.get("bidi_component")
        if each.proto.component_name == "attune_chart"
    ]
    marked = [len(chart["layout"]["shapes"]) for chart in charts if "shapes" in chart["layout"]]
    assert marked
    assert set(marked) == {3}
