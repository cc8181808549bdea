"""A model or prompt version that cost less than a cent is not shown as free."""

from decimal import Decimal
from math import isnan

import pytest

from core.identity.schemas import SessionKind
from core.platform import clock
from tests.factories.ai_metrics import fold, request, send
from tests.factories.identity import person
from tests.pages.conftest import AI_METRICS, Console


@pytest.mark.parametrize(("dear", "form"), [("2", "$%.4f"), ("20", "dollar")])
def test_a_cost_below_a_cent_has_four_decimals_beside_small_amounts(
    console: Console, dear: str, form: str
) -> None:
    prompt = {"prompt_name": "support", "prompt_version": "1"}
    for model, cost in (("small", "0.0018"), ("big", dear)):
        send(request(clock.now(), model=model, cost_usd=Decimal(cost), **prompt))
    fold()
    app = console(person(kind=SessionKind.BROWSER), AI_METRICS)
    assert not app.exception
    for column in ("Provider", "Prompt version"):
        [config] = [
            each.proto.columns
            for each in app.dataframe
            if {column, "Cost"} <= set(each.value.columns)
        ]
        assert f'"format": "{form}"' in config


def test_a_model_without_a_price_has_no_cost_instead_of_zero_dollars(console: Console) -> None:
    for model, cost in (("priced", Decimal(1)), ("free", Decimal(0)), ("unknown", None)):
        send(request(clock.now(), model=model, cost_usd=cost))
    fold()
    app = console(person(kind=SessionKind.BROWSER), AI_METRICS)
    assert not app.exception
    [models] = [each.value for each in app.dataframe if "No price" in each.value.columns]
    costs = {row["Model"]: row["Cost"] for row in models.to_dict("records")}
    assert (costs["priced"], costs["free"]) == (1, 0)
    assert isnan(costs["unknown"])
