"""The Overview's key figures: users, onboarding, AI requests and feedback, each beside as much of the period before."""

from dataclasses import replace

from sqlalchemy.orm import Session

from core import clock
from core.activity import conversion
from core.ai_metrics import tiles as ai_tiles
from core.ai_metrics.answers import Asked
from core.comparison import Meaning, Tile, Verdict, of_level, of_rate
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.insights.courses import course_of
from core.insights.queries import count_feedback, count_users
from core.insights.schemas import Scope
from core.words import Unit

OF_AI = ("p95_latency", "error_rate", "cost")


def overview_tiles(core: Session, ai: Session, scope: Scope, *, actor: Actor) -> list[Tile]:
    """Return the key figures. What a filter cannot be applied to has no value."""
    require(actor, Permission.WATCH)
    before = replace(scope, period=scope.period.before(clock.now()))
    of_ai = {tile.name: tile for tile in ai_tiles.tiles(core, Asked(scope.period, scope.watched), actor=actor)}
    return [
        *_users(core, scope, before),
        _conversion(core, scope, before, actor),
        *(of_ai[name] for name in OF_AI),
        feedback_tile(core, ai, scope),
    ]


def _users(core: Session, scope: Scope, before: Scope) -> list[Tile]:
    now, then = count_users(core, scope), count_users(core, before)
    found = []
    for name, label, metric, value, earlier in (
        ("users", "Active users", "users_active", now.active, then.active),
        ("new_users", "New users", "users_new", now.new, then.new),
    ):
        course = _ended(scope, course_of(core, scope, metric))
        verdict = of_level(course, course_of(core, before, metric), Meaning.GOOD)
        found.append(Tile(name=name, label=label, unit=Unit.COUNT, value=value, before=earlier, verdict=verdict, course=course))
    return found


def _conversion(core: Session, scope: Scope, before: Scope, actor: Actor) -> Tile:
    """Judge what is known of both periods alike only when both are over: who began late has had less time to come through."""
    verdict, value, earlier = Verdict.UNKNOWN, None, None
    if scope.watched.release is None:
        now = conversion.read_funnel(core, scope.period, scope.watched, actor=actor)
        then = now.previous
        value, earlier = now.overall_conversion, then.overall_conversion
        if scope.period.end <= clock.now():
            verdict = of_rate((now.steps[-1].users, now.steps[0].users), (then.users[-1], then.users[0]), Meaning.GOOD)
    course = course_of(core, scope, "onboarding_conversion")
    return Tile(
        name="conversion", label="Conversion", unit=Unit.SHARE, value=value, before=earlier, verdict=verdict, course=course
    )


def feedback_tile(core: Session, ai: Session, scope: Scope) -> Tile:
    """Return which share of what was rated was rated well."""
    before = replace(scope, period=scope.period.before(clock.now()))
    now, then = count_feedback(ai, scope), count_feedback(ai, before)
    is_known = scope.watched.release is None
    verdict = of_rate((now.positive, now.rated), (then.positive, then.rated), Meaning.GOOD) if is_known else Verdict.UNKNOWN
    return Tile(
        name="feedback",
        label="Good feedback",
        unit=Unit.SHARE,
        value=now.ratio if is_known else None,
        before=then.ratio if is_known else None,
        verdict=verdict,
        course=course_of(core, scope, "feedback_ratio", source=ai),
    )


def _ended(scope: Scope, course: list[float | None]) -> list[float | None]:
    """Return the days that are over."""
    # The last day has hours to come: beside a whole one it would always have fallen.
    is_over = scope.period.end <= clock.now()
    return course if is_over else course[:-1]
