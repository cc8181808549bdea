"""Summary and export without a browser: permissions, small numbers, and the content of a file."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.identity.schemas import Role, SessionKind
from core.platform import clock
from core.platform.ids import new_id
from tests.factories.comparisons import asked, begun, voted
from tests.factories.conversations import conversation, stored
from tests.factories.identity import person
from tests.factories.reviews import annotated
from tests.pages.conftest import Console, said

TUNING = "review/tuning/page.py"
ANN, BEN = new_id(), new_id()


def opened(console: Console, role: Role, view: str) -> AppTest:
    app = console(person(role, kind=SessionKind.BROWSER), TUNING)
    app.query_params["view"] = view
    return app.run()


def reviewed(messages: int = 24, **more: Any) -> None:  # noqa: ANN401
    stored(conversation(messages=messages))
    for number in range(1, messages, 2):
        for who, kind in ((ANN, "approved"), (BEN, "correction" if number == 3 else "approved")):
            annotated(
                f"m{number}",
                admin_user_id=who,
                annotation_type=kind,
                created_at=clock.now(),
                **more,
            )


def figures(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


@pytest.mark.parametrize("role", [Role.SUPER_ADMIN, Role.ADMIN, Role.ANALYST])
def test_the_summary_says_how_far_reviewers_agree_and_how_sure_that_is(
    console: Console, role: Role
) -> None:
    reviewed(model="<b>bold</b>")
    app = opened(console, role, "summary")
    assert not app.exception
    assert figures(app)["Annotations"] == "24"
    assert figures(app)["Raw agreement"] == "91.7%"
    assert "(95% interval) · 12 messages with two or more reviews" in said(app)
    assert "Disagreements" in said(app)


@pytest.mark.parametrize(("role", "leads"), [(Role.ADMIN, True), (Role.ANALYST, False)])
def test_the_days_of_annotations_lead_to_their_list_for_readers_only(
    console: Console, role: Role, leads: bool
) -> None:
    reviewed()
    app = opened(console, role, "summary")
    assert "by day and type" in said(app)
    assert ("click a day to list them" in said(app)) is leads


@pytest.mark.parametrize(("role", "texts"), [(Role.ADMIN, ["text 3"]), (Role.ANALYST, None)])
def test_disputed_messages_are_listed_with_their_text_for_readers_only(
    console: Console, role: Role, texts: list[str] | None
) -> None:
    reviewed(6)
    table = next(
        one.value
        for one in opened(console, role, "summary").dataframe
        if "Adjudicated" in one.value.columns
    )
    assert len(table) == 1
    assert (list(table["Message"]) if "Message" in table.columns else None) == texts


def test_of_few_it_says_that_they_are_few(console: Console) -> None:
    reviewed(6)
    assert "3 messages · not enough for an interval" in said(opened(console, Role.ADMIN, "summary"))


def test_a_reviewer_sees_his_own_and_without_any_an_empty_page(console: Console) -> None:
    reviewed(6)
    app = opened(console, Role.REVIEWER, "summary")
    assert "Your annotations" in said(app)
    assert "No annotations in this period" in said(app)


def test_an_analyst_who_may_not_read_has_the_summary_alone(console: Console) -> None:
    app = opened(console, Role.ANALYST, "queue")
    assert not app.exception
    offered = [getattr(one, "options", []) for one in app.get("button_group")]
    assert [options for options in offered if "Summary" in options] == [["Summary"]]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST, Role.REVIEWER])
def test_exports_are_for_super_admins(console: Console, role: Role) -> None:
    reviewed(6)
    app = opened(console, role, "export")
    assert not app.exception
    assert "Preview" not in said(app)
    assert not [one for one in app.code if "messages" in one.value]


def test_the_first_lines_are_shown_as_they_will_be_written(console: Console) -> None:
    reviewed(24)
    app = opened(console, Role.SUPER_ADMIN, "export")
    assert not app.exception
    assert len(app.code) == 5
    assert '"messages":' in app.code[0].value
    assert "/api/v1/admin/ai/tuning/export?format=openai_chat" in next(
        one.proto.url for one in app.get("link_button")
    )


def test_the_manifest_says_what_is_left_out_and_why(console: Console) -> None:
    reviewed(24)
    app = opened(console, Role.SUPER_ADMIN, "export")
    next(button for button in app.button if button.label == "Create manifest").click().run()
    assert not app.exception
    assert "12 rows" in said(app)
    assert "24 annotations" in said(app)
    table = app.dataframe[-1].value
    assert dict(zip(table["Reason excluded"], table["Annotations"], strict=True)) == {
        "Duplicate of another line.": 11,
        "No suggested response.": 1,
    }


def test_votes_are_a_source_of_pair_formats_only(console: Console) -> None:
    voter = person().actor
    comparison = begun(voter, prompts=["Be brief."])
    asked(voter, comparison, "Where is it?")
    voted(voter, comparison, 1)
    app = opened(console, Role.SUPER_ADMIN, "export")
    assert "Source of pairs" not in [box.label for box in app.selectbox]
    app.selectbox(key="review-export.format").select("trl_preference").run()
    app.selectbox(key="review-export.source").select("comparisons").run()
    assert not app.exception
    assert "Where is it?" in app.code[0].value
    assert "source=comparisons" in next(one.proto.url for one in app.get("link_button"))
    next(button for button in app.button if button.label == "Create manifest").click().run()
    assert "0 annotations and 1 vote" in said(app)
    app.selectbox(key="review-export.format").select("csv").run()
    assert not app.exception
    assert "source" not in next(one.proto.url for one in app.get("link_button"))


def test_hostile_text_is_cut_and_shown_as_text(console: Console) -> None:
    stored(
        {
            "id": "c",
            "messages": [
                {"id": "m0", "role": "user", "content": "x", "created_at": clock.now().isoformat()}
            ],
        }
    )
    annotated("m0", annotation_type="flag", content="<script>\u202e" + "y" * 200_000)
    app = opened(console, Role.SUPER_ADMIN, "export")
    app.selectbox(key="review-export.format").select("csv").run()
    assert not app.exception
    [shown] = app.code
    assert len(shown.value) < 5000
    assert "\u202e" not in shown.value


@pytest.mark.parametrize(("role", "leads"), [(Role.ADMIN, True), (Role.ANALYST, False)])
def test_totals_that_the_list_can_be_filtered_by_lead_there_for_readers_only(
    console: Console, role: Role, leads: bool
) -> None:
    reviewed(prompt_version="support@7", model="gpt")
    app = opened(console, role, "summary")
    # A table whose rows lead nowhere can only be sorted
    opening = {
        each.value.columns[0]: len(each.proto.selection_mode) == 2
        for each in app.dataframe
        if list(each.value.columns)[1:] == ["Annotations"]
    }
    assert opening == {
        "Type": leads,
        "Severity": leads,
        "Status": leads,
        "Model": False,
        "Prompt version": leads,
    }
    assert "No annotation has a tag." in said(app)


def test_the_list_of_annotations_shows_the_message_of_each(console: Console) -> None:
    reviewed(messages=2)
    app = opened(console, Role.ADMIN, "annotations")
    [table] = [each.value for each in app.dataframe if "Type" in each.value.columns]
    assert list(table["Message"]) == ["text 1", "text 1"]
