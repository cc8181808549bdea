"""Alembic's entry to the tree of `core`."""

from core.database.tables import CoreTable
from core.platform import features
from migrations import environment

features.load("models")
environment.run(CoreTable.metadata)
