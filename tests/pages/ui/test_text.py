"""Texts of people and models are escaped; numbers and times are formatted for people."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from core.platform import clock
from core.presentation import formatting
from pages._ui import diff, text

VIENNA = ZoneInfo("Europe/Vienna")


def test_plain_text_turns_no_letters_of_what_follows_it() -> None:
    assert text.plain("invoice\u202efdp.exe\u202c a\u2067b") == "invoicefdp\\.exe a\u2067b"


def test_plain_text_is_shown_as_it_is() -> None:
    assert text.plain("&#8238; a\n===") == "\\&\\#8238; a\n\\=\\=\\="
    assert text.plain("*a* [b](c) `d` $e$ :red[f]") == r"\*a\* \[b\]\(c\) \`d\` \$e\$ \:red\[f\]"


@pytest.mark.parametrize(
    "drawn",
    [
        ":material/home:",
        ":material_home:",
        ":streamlit:",
        "->",
        "<->",
        "<-",
        "--",
        ">=",
        "<=",
        "~=",
    ],
)
def test_a_name_is_not_drawn_as_an_icon_or_an_arrow(drawn: str) -> None:
    # Streamlit looks for them behind escapes, as they stand: with a space of no width in them they
    # are words.
    assert drawn not in text.plain(f"a {drawn} b").replace("\\", "")
    assert text.plain(f"a{drawn[0]}b").replace("\\", "") == f"a{drawn[0]}b"


def test_figures_have_one_unit_and_what_is_missing_is_not_zero() -> None:
    assert [formatting.duration(ms) for ms in (None, 840, 2400, 384_000)] == [
        "n/a",
        "840 ms",
        "2.4 s",
        "6.4 min",
    ]
    assert [
        formatting.money(it) for it in (None, Decimal(0), Decimal("0.0083"), Decimal("412"))
    ] == [
        "no price",
        "$0",
        "$0.0083",
        "$412.00",
    ]
    assert (formatting.count(1, "entry", "entries"), formatting.count(8412, "message")) == (
        "1 entry",
        "8,412 messages",
    )
    assert (formatting.latest(1, "run"), formatting.latest(13, "run")) == ("1 run", "last 13 runs")


def test_how_long_ago_reads_as_a_sentence() -> None:
    now = clock.now()
    spans = [timedelta(seconds=5), timedelta(minutes=4), timedelta(hours=3), timedelta(days=2)]
    assert [text.since(now - span) for span in spans] == [
        "just now",
        "4 min ago",
        "3 h ago",
        "2 d ago",
    ]
    assert text.since(now - timedelta(days=90)).startswith("on ")


def test_a_time_of_day_is_that_of_the_reader_and_has_a_date_when_it_is_not_todays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noon = clock.now().replace(year=2026, month=7, day=2, hour=12, minute=0)
    monkeypatch.setattr(clock, "now", lambda: noon)
    assert text.clock_time(noon, VIENNA) == "14:00"
    assert text.clock_time(noon - timedelta(days=1), VIENNA) == "1 Jul 14:00"
    assert text.clock_time(noon - timedelta(days=365), VIENNA) == "2 Jul 2025 14:00"


def test_a_diff_marks_what_went_and_what_came_and_nothing_of_it_is_markup() -> None:
    assert diff.as_html("Answer in a few words.", "Answer in one line.") == (
        "Answer in <del>a few words.</del><ins>one line.</ins>"
    )
    assert diff.as_html("a", "a <b>") == "a<ins> &lt;b&gt;</ins>"
    assert diff.as_html("same", "same") == "same"


def test_a_diff_of_very_long_texts_goes_by_line() -> None:
    long = "word " * 6000
    assert diff.as_html(f"{long}\nold\n", f"{long}\nnew\n").endswith(
        "<del>old\n</del><ins>new\n</ins>"
    )


def test_texts_of_few_different_words_are_compared_as_a_whole() -> None:
    # Two words that repeat held the page for minutes
    old, new = (
        "\n".join("ab"[number * number // by % 2] for number in range(4000)) for by in (7, 5)
    )
    assert diff.as_html(old, new) == f"<del>{old}</del><ins>{new}</ins>"


def test_another_text_of_two_thousand_words_is_all_new() -> None:
    # Spaces alone are no likeness: to look for them took minutes.
    old, new = (" ".join(f"{name}{number}" for number in range(2000)) for name in "ab")
    assert diff.as_html(old, new) == f"<del>{old}</del><ins>{new}</ins>"
