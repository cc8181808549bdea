"""Read where labels point, and their moves."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database.tables import table_of
from core.identity.models import AdminUser
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.periods import Period
from core.prompts.models import PromptLabel, PromptLabelMove, PromptTemplate, PromptVersion
from core.prompts.schemas import DEFAULT_PROMPT_NAME, Visibility
from core.prompts.template.syntax import DEFAULT_LABEL
from core.prompts.views import LabelMove, LabelView, Promotion

labels, moves = table_of(PromptLabel), table_of(PromptLabelMove)
versions, accounts = table_of(PromptVersion), table_of(AdminUser)
templates = table_of(PromptTemplate)
MOST_MOVES = 200


def labels_of(session: Session, prompt_ids: Collection[UUID]) -> defaultdict[UUID, list[LabelView]]:
    """Return the labels of prompts, by name."""
    last = (
        select(func.max(moves.c.id))
        .where(moves.c.template_id == labels.c.template_id, moves.c.label == labels.c.name)
        .correlate(labels)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            labels.c.template_id,
            labels.c.name,
            labels.c.is_protected,
            versions.c.number.label("version"),
            moves.c.moved_at,
            accounts.c.full_name.label("moved_by_name"),
        )
        .join(versions, versions.c.id == labels.c.version_id)
        # Each label has a move: the one that made it
        .join(moves, moves.c.id == last)
        .outerjoin(accounts, accounts.c.id == moves.c.moved_by)
        .where(labels.c.template_id.in_(prompt_ids))
        .order_by(labels.c.name)
    )
    found: defaultdict[UUID, list[LabelView]] = defaultdict(list)
    for row in rows.mappings():
        found[row["template_id"]].append(LabelView.model_validate(dict(row)))
    return found


def list_promotions(session: Session, period: Period, *, actor: Actor) -> list[Promotion]:
    """Return when versions of public prompts went into production in a period, earliest first; of
    more than MOST_MOVES, the newest.

    The prompt `default` is left out: the playground uses it, and no application.
    """
    require(actor, Permission.WATCH)
    rows = session.execute(
        select(templates.c.name.label("prompt"), moves.c.to_version, moves.c.moved_at)
        .join(templates, templates.c.id == moves.c.template_id)
        .where(
            moves.c.label == DEFAULT_LABEL,
            moves.c.to_version.is_not(None),
            moves.c.moved_at >= period.start,
            moves.c.moved_at < period.end,
            templates.c.visibility == Visibility.PUBLIC,
            templates.c.name != DEFAULT_PROMPT_NAME,
        )
        .order_by(moves.c.moved_at.desc(), moves.c.id.desc())
        .limit(MOST_MOVES)
    )
    return [
        Promotion(version=f"{row.prompt}@{row.to_version}", moved_at=row.moved_at) for row in rows
    ][::-1]


def list_moves(session: Session, prompt_id: UUID) -> list[LabelMove]:
    """Return the last moves of a prompt's labels, the newest first."""
    rows = session.execute(
        select(moves, accounts.c.full_name.label("moved_by_name"))
        .outerjoin(accounts, accounts.c.id == moves.c.moved_by)
        .where(moves.c.template_id == prompt_id)
        .order_by(moves.c.id.desc())
        .limit(MOST_MOVES)
    )
    return [LabelMove.model_validate(dict(row)) for row in rows.mappings()]


def find_previous_versions(session: Session, prompt_id: UUID) -> dict[str, int]:
    """Return the version to which each label of a prompt goes back, for labels that have one."""
    rows = session.execute(
        select(moves.c.label, moves.c.from_version, moves.c.to_version)
        .where(moves.c.template_id == prompt_id)
        .order_by(moves.c.id)
    )
    by_label: dict[str, list[tuple[int | None, int | None]]] = defaultdict(list)
    for row in rows:
        by_label[row.label].append((row.from_version, row.to_version))
    found = {label: _previous(label_moves) for label, label_moves in by_label.items()}
    return {label: version for label, version in found.items() if version is not None}


def _previous(label_moves: Iterable[tuple[int | None, int | None]]) -> int | None:
    """Return where a label was before its present version, given its moves, the earliest first.

    A move to there undoes the move that left it, so that a second rollback goes further back, and
    not to the version that the first one left.
    """
    behind: list[int | None] = []
    for from_version, to_version in label_moves:
        if behind and behind[-1] == to_version:
            behind.pop()
        else:
            behind.append(from_version)
    return behind[-1] if behind else None
