"""Segments of users: by a trait, such as their source, or by release."""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, bindparam, func, select, text, true
from sqlalchemy.orm import Session

from core.activity.errors import FunnelRefused
from core.activity.models.users import User
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor, View
from core.presentation.periods import Watched

WRITTEN = re.compile(r"(trait\.[^=]{1,200}|source|release)=(.{1,500})", re.DOTALL)
SOURCE = "source"
ASKED_USERS, MOST_VALUES, MOST = 5000, 20, 200

# Of those seen last: what all of a million have is said by some thousands.
COMMON = text("""
select key, value, count(*) as users
from (select traits from users order by last_seen_slot desc limit :asked) as recent
    cross join jsonb_each_text(traits)
where jsonb_typeof(traits -> key) in ('string', 'number', 'boolean')
    and length(key) between 1 and 100
    and length(value) between 1 and 100
group by key, value order by key, users desc, value""")

RELEASES = text("""
select release from releases where environment = :environment
    and (cast(:app as text) is null or app = :app)
group by release order by min(first_seen_at) desc limit :most""")


# One for a whole statement, whose parts would each read all users.
USERS_WITH_TRAIT = (
    select(func.user_subject(User.id).label("subject"))
    .where(
        User.traits.op("->>")(bindparam("trait", type_=Text))
        == bindparam("trait_value", type_=Text)
    )
    .cte("users_with_trait")
)


@dataclass(frozen=True)
class Segment:
    """Users with a trait value; or the events of all users in a release."""

    value: str
    trait: str | None = None

    @classmethod
    def read(cls, given: str) -> "Segment":
        """Parse trait.plan=pro, source=ads or release=2.4; raise FunnelRefused."""
        found = WRITTEN.fullmatch(given)
        if found is None:
            raise FunnelRefused(
                "Write a segment as trait.<name>=<value>, source=<value> or release=<value>."
            )
        kind, value = found[1], found[2]
        if kind == "release":
            return cls(value)
        return cls(value, SOURCE if kind == SOURCE else kind.removeprefix("trait."))

    def __str__(self) -> str:
        """Return it as an address has it."""
        if self.trait is None:
            return f"release={self.value}"
        return (
            f"source={self.value}" if self.trait == SOURCE else f"trait.{self.trait}={self.value}"
        )

    @property
    def name(self) -> str:
        """Return it in words."""
        if self.trait is None:
            return f"Release: {self.value}"
        return f"{'First source' if self.trait == SOURCE else self.trait}: {self.value}"


def has_trait(subject: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a subject is a user with a trait."""
    # As a join, it would be one for a handful: the planner takes any trait to be of one in 200.
    return subject.in_(select(USERS_WITH_TRAIT.c.subject)).is_(true())


class SegmentChoice(View):
    """An available segment, for the address and as a label."""

    segment: str
    name: str


def list_segments(session: Session, watched: Watched, *, actor: Actor) -> list[SegmentChoice]:
    """Return the segments by traits of those who were seen last, and the latest releases.

    A trait of very many values, such as a name, makes none, and neither does an empty value.
    """
    require(actor, Permission.WATCH)
    by_trait: dict[str, list[str]] = {}
    for key, value, _ in session.execute(COMMON, {"asked": ASKED_USERS}):
        by_trait.setdefault(key, []).append(value)
    found = [
        Segment(value, key)
        for key, values in sorted(by_trait.items(), key=lambda item: (item[0] != SOURCE, item[0]))
        if len(values) <= MOST_VALUES and "=" not in key
        for value in values
    ]
    given = {"environment": watched.environment, "app": watched.app, "most": MOST_VALUES}
    found = [*found[:MOST], *(Segment(release) for release in session.scalars(RELEASES, given))]
    return [SegmentChoice(segment=str(each), name=each.name) for each in found]
