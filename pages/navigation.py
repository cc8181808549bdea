"""The pages of an account by section, as its permissions allow them."""

from pathlib import Path

import streamlit as st

from core.identity.permissions import Permission, may
from core.identity.schemas import Actor

PAGES = Path(__file__).resolve().parent


def account_page() -> st.Page:
    return _page("system/you/page.py", "Your account", "you", "account_circle", hidden=True)


def sections_of(actor: Actor, you: st.Page) -> dict[str, list[st.Page]]:
    """Return an account's pages by section; `you` is linked from the foot of the sidebar."""
    first, watch = [], []
    if may(actor, Permission.WATCH):
        first = [_page("watch/overview/page.py", "Overview", "overview", "dashboard")]
        watch = [
            _page("watch/users/page.py", "Users", "users", "person_search"),
            _page("watch/onboarding/page.py", "Onboarding", "onboarding", "filter_alt"),
            _page("watch/engagement/page.py", "Engagement", "engagement", "insights"),
            _page("watch/ai_metrics/page.py", "AI metrics", "ai-metrics", "monitoring"),
            _page("watch/batch_history/page.py", "Batch history", "batch-history", "view_timeline"),
        ]
    review = []
    if any(may(actor, each) for each in (Permission.READ_CONTENTS, Permission.WATCH)):
        review = [_page("review/tuning/page.py", "Tuning", "tuning", "rate_review")]
    if may(actor, Permission.READ_CONTENTS):
        review.append(_page("review/knowledge/page.py", "Knowledge", "knowledge", "menu_book"))
    if may(actor, Permission.HANDLE_TICKETS):
        review.append(_page("review/tickets/page.py", "Tickets", "tickets", "confirmation_number"))
    test = []
    if may(actor, Permission.RUN_MODELS):
        test.append(_page("test/playground/page.py", "Playground", "playground", "science"))
        comparison = "test/playground/comparison/page.py"
        test.append(_page(comparison, "Comparison", "comparison", "compare"))
    if may(actor, Permission.EDIT_PROMPTS):
        test.append(_page("test/prompts/page.py", "Prompts", "prompts", "edit_note"))
    if may(actor, Permission.RUN_MODELS):
        test.append(_page("test/bots/page.py", "Bots", "bots", "smart_toy"))
        test.append(_page("test/datasets/page.py", "Datasets", "datasets", "dataset"))
        evaluations = "test/evaluations/page.py"
        test.append(_page(evaluations, "Evaluations", "evaluations", "fact_check"))
        ab_tests = "test/evaluations/ab_tests/page.py"
        test.append(_page(ab_tests, "A/B tests", "ab-tests", "alt_route"))
        test.append(_page("test/usage/page.py", "Usage", "usage", "payments"))
    system = []
    if may(actor, Permission.CHANGE_WORKSPACE):
        system.append(_page("system/settings/page.py", "Settings", "settings", "settings"))
    if may(actor, Permission.READ_AUDIT):
        system.append(_page("system/accounts/page.py", "Accounts", "accounts", "group"))
    sections = {"": first, "Watch": watch, "Review": review, "Test": test, "System": [*system, you]}
    return {name: pages for name, pages in sections.items() if pages}


def _page(path: str, title: str, address: str, icon: str, *, hidden: bool = False) -> st.Page:
    symbol = f":material/{icon}:"
    if hidden:
        return st.Page(
            PAGES / path, title=title, url_path=address, icon=symbol, visibility="hidden"
        )
    return st.Page(PAGES / path, title=title, url_path=address, icon=symbol)
