"""The panel of a promotion leads to a period that has both versions."""

from datetime import timedelta

from core.identity.schemas import SessionKind
from core.platform import clock
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person
from tests.factories.prompts import create, label, save
from tests.pages.conftest import AI_METRICS, Console, said

DAY = timedelta(days=1)


def test_a_period_without_the_version_before_says_so_and_leads_to_the_days_of_the_promotion(
    console: Console,
) -> None:
    owner = person(kind=SessionKind.BROWSER)
    prompt = create(owner.actor, "support", "one", visibility="public")
    save(owner.actor, prompt.id, prompt="two")
    for version in (1, 2):
        label(owner.actor, prompt.id, version)
    now = clock.now()
    for version, at in ((1, now - 3 * DAY), (2, now - timedelta(minutes=1))):
        send(request(at, prompt_name="support", prompt_version=str(version)))
    fold()
    app = console(owner, AI_METRICS)
    app.query_params["prompt_version"] = "support@2"
    # After the promotion, which was a moment ago
    app.query_params["start"] = f"{now + timedelta(minutes=30):%Y-%m-%dT%H:%MZ}"
    app.query_params["end"] = f"{now + timedelta(hours=1):%Y-%m-%dT%H:%MZ}"
    app.run()
    assert not app.exception
    assert "No requests of support@2 or support@1 in this period." in said(app)
    around = "Show 7 days before and after the promotion"
    next(each for each in app.button if each.label == around).click().run()
    assert not app.exception
    first = app.dataframe[0].value
    assert list(first["Prompt version"]) == ["support@1", "support@2"]
    assert "No requests of" not in said(app)
    assert around not in [each.label for each in app.button]
