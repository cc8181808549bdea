"""Alembic's entry to the tree of `core`."""

from core import features
from core.tables import CoreTable
from migrations import environment

features.load("models")
environment.run(CoreTable.metadata)
