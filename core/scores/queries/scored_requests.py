"""An AI request with its scores."""

from sqlalchemy.orm import Session

from core.ai_metrics.queries.requests import request_lists
from core.ai_metrics.requests import RequestDetail
from core.identity.schemas import Actor
from core.scores.queries.score_list import scores_of_request
from core.scores.views import ScoreView


class ScoredRequest(RequestDetail):
    """A request with its steps and its scores, earliest first."""

    scores: list[ScoreView]


def get_request(session: Session, given: str, *, actor: Actor) -> ScoredRequest:
    """Return a request by Attune's ID or the sender's; raise RequestMissing."""
    request = request_lists.get_request(session, given, actor=actor)
    scores = scores_of_request(session, request.id, actor=actor)
    return ScoredRequest(**dict(request), scores=scores)
