"""The Markdown report shows texts of people and models literally, and stays one document."""

import re
from decimal import Decimal

import pytest

from core.database.db import transaction
from core.database.paging import Window
from core.evaluations import exports
from core.evaluations.queries import reports
from core.evaluations.service import evaluations
from tests.factories.evaluations import answering, app_answered, evaluated, read, run, started
from tests.factories.identity import person

pytestmark = pytest.mark.usefixtures("runner")
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "[a link](https://elsewhere.example)",
    "| cell | cell",
    "line\n# heading",
    "```\n# heading\n```",
    "**bold** `code` ~~gone~~",
    "\u202egnorw",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_adds_no_markup(text: str) -> None:
    # A name could add headings and links to a report
    view = evaluated(person().actor, answering("good"), name=text)
    report = "".join(exports.as_markdown(view, None))
    title = report.split("\n", 1)[0]
    assert title.startswith("# ")
    assert len(re.findall(r"^# ", report, re.M)) == 1
    assert "\u202e" not in title
    assert not re.search(r"(?<!\\)[\[`*|<~]", title.removeprefix("# ").replace("&lt;", ""))


def test_a_fence_in_the_manifest_does_not_end_its_section() -> None:
    hostile = "```\n# not a heading\n```"
    target = {"model_id": "fake:echo", "name": hostile}
    view = evaluated(person().actor, answering("good"), target=target)
    report = "".join(exports.as_markdown(view, None))
    fence = re.search(r"## Manifest\n\n(`+)json\n", report)
    assert fence is not None
    body = report[fence.end() :]
    assert body.rstrip().endswith(fence[1])
    assert fence[1] not in body.rstrip().removesuffix(fence[1])


def test_a_report_counts_one_case_and_one_run_as_one() -> None:
    report = "".join(exports.as_markdown(evaluated(person().actor, answering("good")), None))
    assert "\n1 case, 1 run each · completed" in report


def test_a_report_of_a_cancelled_evaluation_says_how_many_results_it_has() -> None:
    actor = person().actor
    evaluation_id = started(actor)
    with transaction() as session:
        evaluations.cancel(session, evaluation_id, actor=actor)
    report = "".join(exports.as_markdown(read(actor, evaluation_id), None))
    assert "\n1 case, 1 run each · cancelled · 0 of 1 results · $0" in report


def test_the_list_is_read_by_pages() -> None:
    one = person()
    ids = [evaluated(one.actor).id for _ in range(3)]
    with transaction() as session:
        pages = [
            reports.list_evaluations(session, Window(limit=2, offset=offset), actor=one.actor)
            for offset in (0, 2)
        ]
    assert [each.total_count for each in pages] == [3, 3]
    assert [item.id for page in pages for item in page.items] == ids[::-1]


def test_a_report_names_answers_without_a_price_beside_the_cost() -> None:
    actor = person().actor
    evaluation_id = started(actor, targets=[{"app": "shop"}])
    app_answered(actor, evaluation_id, "good")
    run(evaluation_id)
    assert "$0 + 1 unpriced" in "".join(exports.as_markdown(read(actor, evaluation_id), None))


def test_a_target_with_a_known_cost_of_some_answers_names_the_others() -> None:
    actor = person().actor
    evaluation_id = started(actor, "one", "two", "three", targets=[{"app": "shop"}])
    app_answered(actor, evaluation_id, "good", "0.5")
    run(evaluation_id)
    view = read(actor, evaluation_id)
    assert (view.results[0].cost_usd, view.results[0].unpriced) == (Decimal("0.5"), 2)
    assert "| $0.50 + 2 unpriced |" in "".join(exports.as_markdown(view, None))
