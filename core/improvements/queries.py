"""The annotations that a new version of a prompt can address."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.annotations.queries.annotation_list import (
    conditions,
    is_overruled,
    notes,
    seen_by,
    sort_of,
)
from core.annotations.schemas import (
    AnnotationFilter,
    AnnotationOrder,
    AnnotationStatus,
    AnnotationType,
    AnnotationView,
)
from core.database.paging import Window
from core.identity.permissions import Permission, require
from core.identity.schemas import Actor

MOST_ANNOTATIONS = 30


def open_annotations(ai: Session, prompt_name: str, *, actor: Actor) -> list[AnnotationView]:
    """Return reviewed annotations about answers of a prompt's versions that no adjudication
    overruled, the most severe first.
    """
    require(actor, Permission.READ_CONTENTS)
    wanted = select(notes).where(
        *conditions(AnnotationFilter(status=AnnotationStatus.REVIEWED)),
        notes.c.annotation_type != AnnotationType.APPROVED,
        # Names may have underscores, which LIKE takes for any character
        notes.c.prompt_version.startswith(f"{prompt_name}@", autoescape=True),
        ~is_overruled(),
        seen_by(actor),
    )
    page = sort_of(AnnotationOrder.MOST_SEVERE).page(wanted, Window(MOST_ANNOTATIONS), None)
    rows = ai.execute(page).mappings().all()
    return [AnnotationView.model_validate(dict(row)) for row in rows]
