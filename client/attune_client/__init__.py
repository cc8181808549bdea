"""Sends what a product and its assistant do to Attune: in the background, and never in the way."""

from attune_client.batches import BatchRun
from attune_client.buffer import Stats
from attune_client.client import Client

__all__ = ["BatchRun", "Client", "Stats"]
