"""Alembic's entry to the tree of `ai`."""

from core import features
from core.tables import AiTable
from migrations import environment

features.load("models")
environment.run(AiTable.metadata)
