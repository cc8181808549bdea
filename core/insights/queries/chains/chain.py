"""The chain of an object: annotation, case, version, evaluation, promotion and effect.

From any of them, in both directions: at each place stands the neighbour that the actor sees, the
newest of several. What an actor may not see is neither shown nor counted.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from core.datasets.queries.datasets import names_of
from core.identity.permissions import Permission, may, require, require_any
from core.identity.schemas import Actor
from core.insights.chains import chain_texts
from core.insights.chains.chain_views import Chain, ChainKind, ChainLink
from core.insights.errors import ChainMissing
from core.insights.queries.chains import chain_hops as hops
from core.insights.queries.chains.chain_hops import (
    AnnotationHop,
    CaseHop,
    EvaluationHop,
    PromotionHop,
    VersionHop,
)
from core.system import workspace

# Of a bigint; Postgres fails for a larger number, and Python for one of thousands of digits
LARGEST_ID = 2**63


def chain(core: Session, ai: Session, kind: ChainKind, id_: str, *, actor: Actor) -> Chain:
    """Return the chain of an object. `id_` is a version's `name@number` too, which is also the ID
    of its effect; or a move's number.

    Raises Forbidden or ChainMissing.
    """
    walk = _Walk(core, ai, actor)
    walk.start(kind, id_)
    walk.look_before()
    walk.look_after()
    return Chain(links=walk.links(kind))


@dataclass
class _Walk:
    """The objects of a chain that have been found so far."""

    core: Session
    ai: Session
    actor: Actor
    annotation: AnnotationHop | None = None
    case: CaseHop | None = None
    version: VersionHop | None = None
    evaluation: EvaluationHop | None = None
    promotion: PromotionHop | None = None

    def start(self, kind: ChainKind, id_: str) -> None:
        """Find the object itself; raise Forbidden or ChainMissing."""
        if kind is ChainKind.ANNOTATION:
            require_any(self.actor, Permission.READ_CONTENTS, Permission.ANNOTATE)
        else:
            require(self.actor, Permission.RUN_MODELS)
        match kind:
            case ChainKind.ANNOTATION:
                self.annotation = hops.find_annotation(self.ai, _uuid(id_), actor=self.actor)
            case ChainKind.CASE:
                self.case = hops.find_case(self.core, _uuid(id_), actor=self.actor)
            case ChainKind.VERSION | ChainKind.EFFECT:
                of_it = hops.by_title(id_) if "@" in id_ else hops.by_id(_uuid(id_))
                self.version = hops.find_version(self.core, *of_it, actor=self.actor)
            case ChainKind.EVALUATION:
                wanted = hops.EvaluationFilter(evaluation_id=_uuid(id_))
                self.evaluation = hops.find_evaluation(self.core, wanted, actor=self.actor)
                self.version = self._version_of(self.evaluation)
            case ChainKind.PROMOTION:
                self.promotion = hops.find_promotion(self.core, _number(id_))
                self.version = self._promoted()
        found = {
            ChainKind.ANNOTATION: self.annotation,
            ChainKind.CASE: self.case,
            ChainKind.VERSION: self.version,
            ChainKind.EFFECT: self.version,
            ChainKind.EVALUATION: self.evaluation,
            # Missing, as its prompt is, where the actor does not see that
            ChainKind.PROMOTION: self.promotion and self.version,
        }
        if found.get(kind) is None:
            raise ChainMissing

    def look_before(self) -> None:
        """Find the annotation and the case that led here."""
        if self.annotation is None and self._reads_annotations:
            if self.case is not None and self.case.annotation_id is not None:
                self.annotation = hops.find_annotation(
                    self.ai, self.case.annotation_id, actor=self.actor
                )
            # Not of bots: annotations name versions of prompts, and a bot may have the same name
            elif self.case is None and self.version is not None and not self.version.is_bot:
                self.annotation = hops.find_applied(self.ai, self.version.title, actor=self.actor)
        if self.case is None and self.annotation is not None and self._runs_models:
            self.case = hops.find_case_of(self.core, self.annotation.id, actor=self.actor)

    def look_after(self) -> None:
        """Find the version, the evaluation and the promotion that followed."""
        if not self._runs_models:
            return
        if self.version is None and self.annotation and self.annotation.applied_version:
            of_it = hops.by_title(self.annotation.applied_version)
            self.version = hops.find_version(self.core, *of_it, actor=self.actor)
        if self.evaluation is None and (self.version or self.case):
            wanted = hops.EvaluationFilter(
                version=self.version,
                case_id=self.case.id if self.case else None,
                first=self.promotion.evaluation_id if self.promotion else None,
            )
            self.evaluation = hops.find_evaluation(self.core, wanted, actor=self.actor)
        if self.version is None:
            self.version = self._version_of(self.evaluation)
        if self.promotion is None and self.version is not None and not self.version.is_bot:
            self.promotion = hops.find_promotion_of(self.core, self.version)

    @property
    def _runs_models(self) -> bool:
        return may(self.actor, Permission.RUN_MODELS)

    @property
    def _reads_annotations(self) -> bool:
        return may(self.actor, Permission.READ_CONTENTS) or may(self.actor, Permission.ANNOTATE)

    def _version_of(self, evaluation: EvaluationHop | None) -> VersionHop | None:
        if evaluation is None:
            return None
        if evaluation.prompt_id is not None:
            of_it = hops.by_number(evaluation.prompt_id, evaluation.prompt_version)
            return hops.find_version(self.core, *of_it, actor=self.actor)
        if evaluation.bot_id is not None:
            number = evaluation.bot_version
            return hops.find_bot_version(self.core, evaluation.bot_id, number, actor=self.actor)
        return None

    def _promoted(self) -> VersionHop | None:
        """Return the version that a label was moved to; None for a removal."""
        if self.promotion is None:
            return None
        of_it = hops.by_number(self.promotion.prompt_id, self.promotion.to_version)
        return hops.find_version(self.core, *of_it, actor=self.actor)

    def links(self, current: ChainKind) -> list[ChainLink]:
        zone, found = workspace.zone(), list[ChainLink]()
        if self.annotation is not None:
            found.append(chain_texts.of_annotation(self.annotation, zone))
        if self.case is not None:
            found.append(chain_texts.of_case(self.case))
        elif (dataset := self._dataset()) is not None:
            found.append(chain_texts.of_dataset(*dataset))
        if self.version is not None:
            found.append(chain_texts.of_version(self.version))
        if self.evaluation is not None:
            found.append(chain_texts.of_evaluation(self.evaluation))
        if self.promotion is not None and self.version is not None:
            found.append(chain_texts.of_promotion(self.promotion, zone))
            if may(self.actor, Permission.WATCH):
                found.append(chain_texts.of_effect(self.promotion, self.version, zone))
        return [each.model_copy(update={"is_current": each.kind is current}) for each in found]

    def _dataset(self) -> tuple[UUID, str] | None:
        if self.evaluation is None or self.evaluation.dataset_id is None:
            return None
        id_ = self.evaluation.dataset_id
        names = names_of(self.core, [id_], actor=self.actor)
        return (id_, names[id_]) if id_ in names else None


def _uuid(id_: str) -> UUID:
    try:
        return UUID(id_)
    except ValueError:
        raise ChainMissing from None


def _number(id_: str) -> int:
    if not id_.isdecimal() or len(id_) > len(str(LARGEST_ID)) or int(id_) >= LARGEST_ID:
        raise ChainMissing
    return int(id_)
