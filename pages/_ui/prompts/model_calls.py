"""Wait for a model's answer in a page run that still makes way for the next run."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any, TypeVar

import streamlit as st

EVERY_S = 0.5
Answer = TypeVar("Answer")
_threads = ThreadPoolExecutor(128, thread_name_prefix="page call")


def begin(call: Coroutine[Any, Any, Answer]) -> "Future[Answer]":
    """Run a coroutine in a thread of its own, which goes on when no page run waits any more."""
    return _threads.submit(copy_context().run, asyncio.run, call)


def wait_for(call: "Future[Answer]") -> Answer:
    """Return what a call returns; a run that the next one follows ends here."""
    place = st.empty()
    while not wait([call], EVERY_S).done:
        place.empty()  # Streamlit looks for the next event at each command only
    return call.result()
