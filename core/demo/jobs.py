"""Tell imports how the demo's rows are made, and what is stored at their end."""

from datetime import datetime
from typing import Any
from uuid import UUID

from core.database.db import Session
from core.demo import queries, reviews
from core.demo.generator.reviewers import Panel
from core.demo.generator.rows import World
from core.imports.storing import made
from core.imports.storing.made import Made


def make(mapping: dict[str, Any]) -> Made:
    """Return the rows of a demo and its annotations, the same ones each time: after a kill they are made again."""
    world = World(mapping["seed"], datetime.fromisoformat(mapping["until"]))

    def finish(core: Session, ai: Session, import_id: UUID) -> None:
        reviews.store(core, ai, import_id, Panel(mapping["seed"], world.calendar).review(world.talks))

    return Made(world.numbered(), finish)


made.register(queries.FORMAT, make)
