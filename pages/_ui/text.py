"""Text of others made harmless inside our own, formats of times and browsers, and the labels of
values that several pages show.
"""

import re
from datetime import datetime, tzinfo

from core.evaluations.schemas import EvaluationSplit
from core.identity.schemas import Role
from core.platform import clock
from core.playground.replay_schemas import ReplayOutcome
from core.services.schemas import ServiceStatus

MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!~$:|<>&=])")
# What turns the direction of all that follows it, until its end, which a line of others' words may
# never say.
TURNS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
OVERRIDES = re.compile("[\u202a-\u202e]")  # they turn letters that have a direction of their own
# Streamlit draws icons and arrows of these wherever they stand in a text, escaped or not.
DRAWN = re.compile(r":(?=material[/_]|streamlit:)|(?<!\S)[-<>~](?=(?:->|[-=>])(?!\S))")
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)

ROLES = {
    Role.SUPER_ADMIN: "Super admin",
    Role.ADMIN: "Admin",
    Role.ANALYST: "Analyst",
    Role.REVIEWER: "Reviewer",
}
REPLAY_OUTCOMES = {
    ReplayOutcome.NEW: "New is better",
    ReplayOutcome.ORIGINAL: "Original is better",
    ReplayOutcome.TIE: "Tie",
    ReplayOutcome.BOTH_BAD: "Both bad",
}
SERVICE_STATES: dict[ServiceStatus, tuple[str, str]] = {  # colour, label
    ServiceStatus.UNTESTED: ("gray", "Untested"),
    ServiceStatus.WORKING: ("green", "Working"),
    ServiceStatus.FAILING: ("red", "Failing"),
    ServiceStatus.UNAUTHORIZED: ("red", "Token rejected"),
}
SPLITS = {
    EvaluationSplit.ALL: "All cases",
    EvaluationSplit.TUNE: "Tune",
    EvaluationSplit.HOLDOUT: "Hold-out",
}


def plain(given: str) -> str:
    """Return text with Markdown escaped, without direction overrides."""
    return MARKUP.sub(r"\\\1", DRAWN.sub("\\g<0>\u200b", upright(given)))


def code(given: str) -> str:
    """Return text as Markdown code, without the backticks that would end it."""
    return f"`{given.replace('`', '')}`"


def one_line(given: str) -> str:
    """Return text as one line without control characters or changes of direction."""
    return " ".join(UNSEEN.sub(" ", TURNS.sub("", given)).split())


def capitalized(given: str) -> str:
    """Return text with its first letter in upper case, and the others as they are."""
    return given[:1].upper() + given[1:]


def upright(given: str) -> str:
    """Return text without direction overrides, which no language needs."""
    return OVERRIDES.sub("", given)


def clock_time(moment: datetime, zone: tzinfo) -> str:
    """Return the time of day in a zone, with the date unless it is today."""
    there, today = moment.astimezone(zone), clock.now().astimezone(zone)
    if there.date() == today.date():
        return f"{there:%H:%M}"
    return f"{there:%-d %b %H:%M}" if there.year == today.year else f"{there:%-d %b %Y %H:%M}"


def ago(moment: datetime) -> str:
    """Return a short age: now, 5 min, 3 h, 2 d; from 30 days on the date."""
    seconds = (clock.now() - moment).total_seconds()
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h"
    return f"{seconds // 86_400:.0f} d" if seconds < 30 * 86_400 else f"{moment:%-d %b %Y}"


def since(moment: datetime) -> str:
    """Return an age inside a sentence: just now, 5 min ago, on 3 Oct 2026."""
    short = ago(moment)
    if short == "now":
        return "just now"
    return f"{short} ago" if short[-1].isalpha() else f"on {short}"


def email_failure(at: datetime) -> str:
    """Return that a digest was not sent, and when it was last tried."""
    tried = f"last tried {since(at)}"
    return f"The latest digest could not be emailed to every subscriber, {tried}. The log says why."


def browser(user_agent: str | None) -> str:
    """Return the browser and system of a user agent."""
    agent = user_agent or ""
    name = next((shown for sign, shown in BROWSERS if sign in agent), "Browser")
    system = next((shown for sign, shown in SYSTEMS if sign in agent), "")
    return f"{name} on {system}" if system else name
