"""A click on a chart of Watch and Review leads to the rows behind it."""

import ast
from collections.abc import Iterator

from core.platform.config import ROOT

# Their rows are in the same drawer or dialog, or nothing is stored yet.
OF_ONE_ROW = {
    "watch/ai_metrics/request_detail.py": "the steps of a request",
    "watch/batch_history/run_detail.py": "the phases of a run",
    "watch/onboarding/funnel_proposal.py": "a funnel that is not saved yet",
}


def charts_without_click() -> Iterator[str]:
    for section in ("watch", "review"):
        for path in (ROOT / "pages" / section).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and ast.unparse(node.func) == "charts.show"
                    and all(each.arg != "on_pick" for each in node.keywords)
                ):
                    yield str(path.relative_to(ROOT / "pages"))


def test_every_chart_that_is_backed_by_rows_can_be_clicked() -> None:
    assert set(charts_without_click()) == set(OF_ONE_ROW)
