"""The events, feedback and conversations of a timeline as HTML."""

from html import escape
from zoneinfo import ZoneInfo

from core.activity.views import JourneyEvent
from core.conversations.opinions import in_words
from core.insights.queries.timeline import Entry, TimelineFeedback
from core.presentation import formatting

LONG_S = 1800  # so long a pause stands in the text colour


def row(entry: Entry, gap: float | None, zone: str) -> str:
    if isinstance(entry, JourneyEvent):
        tone = "bad" if entry.is_error else "step" if entry.step is not None else "plain"
        return line(entry, gap, zone, tone, _event(entry))
    if isinstance(entry, TimelineFeedback):
        return line(entry, gap, zone, "good" if entry.is_positive else "warn", _opinion(entry))
    return ""


def line(entry: Entry, gap: float | None, zone: str, tone: str, body: str) -> str:
    at = (entry.created_at if isinstance(entry, JourneyEvent) else entry.at).astimezone(
        ZoneInfo(zone)
    )
    pause = f"+{formatting.duration(round(gap * 1000))}" if gap else ""
    long = " attune-long" if gap is not None and gap >= LONG_S else ""
    return (
        f'<li class="attune-{tone}"><time>{at:%H:%M:%S}</time><span '
        f'class="attune-gap{long}">{pause}</span>'
        f"<i></i><div>{body}</div></li>"
    )


def _event(moment: JourneyEvent) -> str:
    said = (
        f"<b>{escape(formatting.event(moment.event_type))}</b> "
        f"<small>{escape(moment.event_category)}</small>"
    )
    if moment.step is not None:
        said += f' <span class="attune-chip attune-step">step {moment.step} reached</span>'
    if moment.is_error:
        said += (
            f' <span class="attune-chip attune-bad">{escape(moment.error_code or "error")}</span>'
        )
    facts = ", ".join(
        f"{name}: {formatting.plain(value)}"
        for name, value in list((moment.event_data or {}).items())[:6]
    )
    shown = " · ".join(escape(each[:300]) for each in (moment.error_message, facts) if each)
    return said + (f"<p>{shown}</p>" if shown else "")


def _opinion(opinion: TimelineFeedback) -> str:
    how = in_words(opinion.rating, opinion.scale)
    tone = "good" if opinion.is_positive else "warn"
    said = f'<b>feedback</b> <span class="attune-chip attune-{tone}">{how}</span>'
    return said + (f"<p>“{escape(opinion.comment[:500])}”</p>" if opinion.comment else "")
