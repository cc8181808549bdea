"""The Plotly bundle of the pages is complete, and of the version that Python's plotly
writes for.
"""

import re

from plotly.offline import get_plotlyjs_version

from core.platform.config import ROOT
from pages._ui.charts import PLOTLY

SCRIPT = ROOT / "pages" / PLOTLY.removeprefix("app/")


def test_both_are_of_one_version() -> None:
    assert get_plotlyjs_version() in PLOTLY
    assert f"v{get_plotlyjs_version()}\n" in SCRIPT.read_text()[:200]


def test_it_brings_its_licence_and_asks_nobody_else() -> None:
    assert "MIT" in (SCRIPT.parent / "plotly-LICENSE.txt").read_text()
    assert not re.search(r"import\(|eval\(|new Function", SCRIPT.read_text())
