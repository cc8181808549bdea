"""Alembic's entry to the tree of `ai`."""

from core.database.tables import AiTable
from core.platform import features
from migrations import environment

features.load("models")
environment.run(AiTable.metadata)
