"""Sends events, AI requests and conversations of a product to Attune, in the background."""

from attune_client.answers import Answer, Case
from attune_client.batches import BatchRun
from attune_client.buffer import Stats
from attune_client.client import Client
from attune_client.console import EvaluationFailed
from attune_client.gates import EvaluationOutcome
from attune_client.prompts import Prompt, PromptUnavailable

__all__ = [
    "Answer",
    "BatchRun",
    "Case",
    "Client",
    "EvaluationFailed",
    "EvaluationOutcome",
    "Prompt",
    "PromptUnavailable",
    "Stats",
]
