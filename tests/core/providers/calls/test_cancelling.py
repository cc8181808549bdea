"""Cancelling a call ends it at once in any state, and closes the connection to the vendor."""

import gc
import threading
from contextlib import closing

import httpx2
import pytest

from core.network.cancellation import CancelToken
from core.providers import gateway
from core.providers.errors import CallCancelled
from core.providers.schemas import ProviderKind
from tests.factories.providers import both_vendors, call, connection, route, running
from tests.fake_vendor import Vendor
from tests.faults.program import until
from tests.vendor_streams import PIECE


def arrived(vendor: Vendor, calls: int = 1) -> None:
    until(lambda: len(vendor.asked) == calls, 10)


@both_vendors
def test_a_cancelled_call_that_waits_for_headers_ends_at_once(
    vendor: Vendor, kind: ProviderKind
) -> None:
    with running(connection(vendor, kind), "mute?ms=120000") as it:
        arrived(vendor)
        it.cut()
    assert isinstance(it.error, CallCancelled)
    assert vendor.is_idle()
    assert len(vendor.asked) == 1, "a cancelled call was asked again"


@both_vendors
def test_a_cancelled_call_between_two_chunks_ends_at_once(
    vendor: Vendor, kind: ProviderKind
) -> None:
    with running(connection(vendor, kind), "answer?chunks=2000&ms=300") as it:
        assert it.chunks.get(timeout=30)
        it.cut()
    assert isinstance(it.error, CallCancelled)
    assert vendor.is_idle()


@both_vendors
def test_a_cancelled_call_that_receives_chunks_ends_at_once(
    vendor: Vendor, kind: ProviderKind
) -> None:
    with running(connection(vendor, kind), "answer?chunks=100000&ms=1") as it:
        for _ in range(20):
            it.chunks.get(timeout=30)
        it.cut()
    assert isinstance(it.error, CallCancelled)
    assert vendor.is_idle()


@both_vendors
def test_a_cancelled_call_that_waits_for_a_retry_ends_at_once(
    vendor: Vendor, kind: ProviderKind
) -> None:
    with running(connection(vendor, kind), "error?status=429&after=15") as it:
        arrived(vendor)
        it.cut()
    assert isinstance(it.error, CallCancelled)
    assert len(vendor.asked) == 1


@both_vendors
def test_a_call_cancelled_before_it_began_sends_nothing(vendor: Vendor, kind: ProviderKind) -> None:
    cancel_token = CancelToken()
    cancel_token.cancel()
    with pytest.raises(CallCancelled):
        list(
            gateway.stream(route(connection(vendor, kind), "answer"), call("answer"), cancel_token)
        )
    assert vendor.asked == []


@both_vendors
def test_no_chunk_follows_the_one_that_arrives_with_the_cancellation(
    vendor: Vendor, kind: ProviderKind
) -> None:
    cancel_token = CancelToken()
    with closing(
        gateway.stream(route(connection(vendor, kind), "a"), call("answer?chunks=5"), cancel_token)
    ) as chunks:
        next(chunks)
        cancel_token.cancel()
        with pytest.raises(CallCancelled):
            next(chunks)


@both_vendors
def test_closing_an_answer_early_frees_the_connection(vendor: Vendor, kind: ProviderKind) -> None:
    chunks = gateway.stream(
        route(connection(vendor, kind), "a"), call("answer?chunks=100000&ms=1"), CancelToken()
    )
    next(chunks)
    chunks.close()
    assert vendor.is_idle()


@both_vendors
def test_dropping_an_answer_frees_the_connection(vendor: Vendor, kind: ProviderKind) -> None:
    chunks = gateway.stream(
        route(connection(vendor, kind), "a"), call("answer?chunks=100000&ms=1"), CancelToken()
    )
    next(chunks)
    del chunks
    gc.collect()
    assert vendor.is_idle()


@both_vendors
def test_cancelling_one_call_leaves_others_running(vendor: Vendor, kind: ProviderKind) -> None:
    to = connection(vendor, kind)
    with (
        running(to, "answer?chunks=2000&ms=50") as one,
        running(to, "answer?chunks=20&ms=20") as other,
    ):
        one.chunks.get(timeout=30)
        one.cut()
        assert other.ended.wait(30)
    assert isinstance(one.error, CallCancelled)
    assert other.error is None


@both_vendors
def test_two_answers_read_by_one_thread_are_cancelled_separately(
    vendor: Vendor, kind: ProviderKind
) -> None:
    to, cancel_token = connection(vendor, kind), CancelToken()
    slow = gateway.stream(route(to, "a"), call("answer?chunks=2000&ms=5"), cancel_token)
    next(slow)
    quick = gateway.stream(route(to, "b"), call("answer?chunks=3&ms=1"), CancelToken())
    next(quick)
    cancel_token.cancel()
    assert [chunk for chunk in quick if getattr(chunk, "text", None) == PIECE]
    with pytest.raises(CallCancelled):
        next(slow)


@both_vendors
def test_the_next_call_in_the_thread_of_a_cancelled_one_succeeds(
    vendor: Vendor, kind: ProviderKind
) -> None:
    """The thread that made the call belongs to a pool: the next call in it must not be cut."""
    to, cancel_token = connection(vendor, kind), CancelToken()
    chunks = gateway.stream(route(to, "a"), call("answer?chunks=2000&ms=5"), cancel_token)
    next(chunks)
    cancel_token.cancel()
    elsewhere = threading.Thread(target=chunks.close)
    elsewhere.start()
    elsewhere.join()
    answer = list(gateway.stream(route(to, "b"), call("answer?chunks=3"), CancelToken()))
    assert len(answer) == 5


@both_vendors
def test_a_client_is_made_once_for_each_connection(
    vendor: Vendor, kind: ProviderKind, clients: list[httpx2.Client]
) -> None:
    for secret in ("sk-one", "sk-one", "sk-two", "sk-one"):
        list(
            gateway.stream(
                route(connection(vendor, kind, secret), "a"), call("answer"), CancelToken()
            )
        )
    assert len(clients) == 2
    assert vendor.is_idle()
