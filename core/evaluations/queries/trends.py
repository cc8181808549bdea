"""The trend of the actor's evaluations over the versions of a prompt or a bot."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from core.bots.queries import bots
from core.bots.schemas import BotVersionView
from core.datasets.queries.datasets import names_of
from core.evaluations.errors import TrendUnnamed
from core.evaluations.figures.trend_views import TrendPoint, VersionTrend
from core.evaluations.queries.by_version import MeasuredFilter, MeasuredVersion, list_measured
from core.evaluations.schemas import EvaluationSplit
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor
from core.presentation.formatting import count
from core.prompts.queries import versions as prompts
from core.prompts.views import PromptVersionView

SPLITS = {EvaluationSplit.TUNE: ", tune", EvaluationSplit.HOLDOUT: ", hold-out"}
SAME_CASES = "The same {}"
REMOVED = "A removed dataset"


class SavedVersion(NamedTuple):
    """What a version changed, and when it was saved."""

    note: str
    saved_at: datetime


def list_trends(
    session: Session, *, prompt_id: UUID | None, bot_id: UUID | None, actor: Actor
) -> list[VersionTrend]:
    """Return the trends of a prompt or a bot, the one with most versions first.

    Raises Forbidden, TrendUnnamed, PromptMissing or BotMissing.
    """
    require(actor, Permission.RUN_MODELS)
    if (prompt_id is None) == (bot_id is None):
        raise TrendUnnamed
    versions: Sequence[PromptVersionView | BotVersionView] = ()
    if prompt_id is not None:
        versions = prompts.list_versions(session, prompt_id, actor=actor)
    elif bot_id is not None:
        versions = bots.list_versions(session, bot_id, actor=actor)
    saved = {each.number: SavedVersion(each.note, each.created_at) for each in versions}
    wanted = MeasuredFilter(prompt_id=prompt_id, bot_id=bot_id, reader=actor)
    return _trends(session, list_measured(session, wanted), saved, actor)


def _trends(
    session: Session,
    measured: Iterable[MeasuredVersion],
    saved: Mapping[int, SavedVersion],
    actor: Actor,
) -> list[VersionTrend]:
    groups: dict[tuple[object, ...], list[MeasuredVersion]] = defaultdict(list)
    for each in measured:
        groups[_comparable(each)].append(each)
    ids = {group[0].evaluation.dataset_id for group in groups.values()}
    names = names_of(session, [id_ for id_ in ids if id_ is not None], actor=actor)
    found = [_trend(group, names, saved) for group in groups.values()]
    return sorted(found, key=lambda it: (-len(it.points), it.cases, it.model_id or ""))


def _comparable(each: MeasuredVersion) -> tuple[object, ...]:
    """Return what two evaluations must have in common for their rates to be of one trend."""
    row, definition = each.evaluation, each.definition
    cases = (row.dataset_id, definition.manifest.split) if row.dataset_id else (row.questions, None)
    scoring = tuple(scorer.model_dump_json() for scorer in definition.scorers)
    return (*cases, each.target.model_id, scoring, definition.threshold)


def _trend(
    group: list[MeasuredVersion], names: Mapping[UUID, str], saved: Mapping[int, SavedVersion]
) -> VersionTrend:
    """Return the trend of comparable evaluations, which come the newest first."""
    of_version: dict[int, list[MeasuredVersion]] = defaultdict(list)
    for each in group:
        of_version[each.target.prompt_version or each.target.bot_version or 0].append(each)
    newest = of_version[max(of_version)][0]
    return VersionTrend(
        cases=_cases(newest, names),
        model_id=newest.target.model_id,
        scorers=tuple(each.name or each.kind for each in newest.definition.scorers),
        points=tuple(
            _point(number, found, newest, saved[number])
            for number, found in sorted(of_version.items())
            if number in saved
        ),
    )


def _point(
    version: int, found: list[MeasuredVersion], newest: MeasuredVersion, saved: SavedVersion
) -> TrendPoint:
    last = found[0]
    row = last.evaluation
    return TrendPoint(
        version=version,
        note=saved.note,
        saved_at=saved.saved_at,
        evaluation_id=row.id,
        target=last.number,
        dataset_version=row.dataset_version,
        has_other_cases=row.questions != newest.evaluation.questions,
        success_rate=last.figures.success_rate,
        score=last.figures.score,
        cases=row.cases,
        runs=row.runs,
        evaluations=len(found),
        finished_at=last.finished_at,
    )


def _cases(each: MeasuredVersion, names: Mapping[UUID, str]) -> str:
    row, split = each.evaluation, each.definition.manifest.split
    if row.dataset_id is None:
        return SAME_CASES.format(count(row.cases, "question"))
    return names.get(row.dataset_id, REMOVED) + SPLITS.get(split or EvaluationSplit.ALL, "")
