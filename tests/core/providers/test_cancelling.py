"""Stopping a call: at once, wherever it is, and without leaving the vendor to write for nobody."""

import gc
import threading
import time
from contextlib import closing

import httpx2
import pytest

from core.network.cancellation import Cutter
from core.providers import gateway
from core.providers.errors import Cut
from core.providers.schemas import ProviderKind
from tests.factories.providers import both_vendors, call, connection, route, running
from tests.fake_vendor import PIECE, Vendor

AT_ONCE_S = 5.0


def arrived(vendor: Vendor, calls: int = 1) -> None:
    ends_at = time.monotonic() + 3
    while len(vendor.asked) < calls and time.monotonic() < ends_at:
        time.sleep(0.005)
    assert len(vendor.asked) == calls


@both_vendors
def test_a_call_that_waits_for_headers_ends_at_once(vendor: Vendor, kind: ProviderKind) -> None:
    with running(connection(vendor, kind), "mute?ms=20000") as it:
        arrived(vendor)
        assert it.cut() < AT_ONCE_S
    assert isinstance(it.error, Cut)
    assert vendor.is_idle()
    assert len(vendor.asked) == 1, "a cancelled call was asked again"


@both_vendors
def test_a_call_between_two_chunks_ends_at_once(vendor: Vendor, kind: ProviderKind) -> None:
    with running(connection(vendor, kind), "answer?chunks=2000&ms=300") as it:
        assert it.chunks.get(timeout=3)
        assert it.cut() < AT_ONCE_S
    assert isinstance(it.error, Cut)
    assert vendor.is_idle()


@both_vendors
def test_a_call_in_full_flow_ends_at_once(vendor: Vendor, kind: ProviderKind) -> None:
    with running(connection(vendor, kind), "answer?chunks=100000&ms=1") as it:
        for _ in range(20):
            it.chunks.get(timeout=3)
        assert it.cut() < AT_ONCE_S
    assert isinstance(it.error, Cut)
    assert vendor.is_idle()


@both_vendors
def test_a_call_that_waits_to_ask_again_ends_at_once(vendor: Vendor, kind: ProviderKind) -> None:
    with running(connection(vendor, kind), "error?status=429&after=15") as it:
        arrived(vendor)
        time.sleep(0.05)
        assert it.cut() < AT_ONCE_S
    assert isinstance(it.error, Cut)
    assert len(vendor.asked) == 1


@both_vendors
def test_a_call_that_was_cut_before_it_began_asks_nothing(vendor: Vendor, kind: ProviderKind) -> None:
    cutter = Cutter()
    cutter.cut()
    with pytest.raises(Cut):
        list(gateway.stream(route(connection(vendor, kind), "answer"), call("answer"), cutter))
    assert vendor.asked == []


@both_vendors
def test_the_chunk_that_arrives_with_the_cut_is_the_last(vendor: Vendor, kind: ProviderKind) -> None:
    cutter = Cutter()
    with closing(gateway.stream(route(connection(vendor, kind), "a"), call("answer?chunks=5"), cutter)) as chunks:
        next(chunks)
        cutter.cut()
        with pytest.raises(Cut):
            next(chunks)


@both_vendors
def test_a_reader_who_leaves_early_frees_the_connection(vendor: Vendor, kind: ProviderKind) -> None:
    chunks = gateway.stream(route(connection(vendor, kind), "a"), call("answer?chunks=100000&ms=1"), Cutter())
    next(chunks)
    chunks.close()
    assert vendor.is_idle()


@both_vendors
def test_a_reader_who_forgets_the_answer_frees_the_connection(vendor: Vendor, kind: ProviderKind) -> None:
    chunks = gateway.stream(route(connection(vendor, kind), "a"), call("answer?chunks=100000&ms=1"), Cutter())
    next(chunks)
    del chunks
    gc.collect()
    assert vendor.is_idle()


@both_vendors
def test_one_cut_ends_one_call(vendor: Vendor, kind: ProviderKind) -> None:
    to = connection(vendor, kind)
    with running(to, "answer?chunks=2000&ms=50") as one, running(to, "answer?chunks=20&ms=20") as other:
        one.chunks.get(timeout=3)
        one.cut()
        assert other.ended.wait(3)
    assert isinstance(one.error, Cut)
    assert other.error is None


@both_vendors
def test_two_answers_read_by_one_thread_do_not_cut_each_other(vendor: Vendor, kind: ProviderKind) -> None:
    to, cutter = connection(vendor, kind), Cutter()
    slow = gateway.stream(route(to, "a"), call("answer?chunks=2000&ms=5"), cutter)
    next(slow)
    quick = gateway.stream(route(to, "b"), call("answer?chunks=3&ms=1"), Cutter())
    next(quick)
    cutter.cut()
    assert [chunk for chunk in quick if getattr(chunk, "text", None) == PIECE]
    with pytest.raises(Cut):
        next(slow)


@both_vendors
def test_a_cut_call_leaves_nothing_behind_in_its_thread(vendor: Vendor, kind: ProviderKind) -> None:
    """The thread that made the call belongs to a pool: the next call in it must not be cut."""
    to, cutter = connection(vendor, kind), Cutter()
    chunks = gateway.stream(route(to, "a"), call("answer?chunks=2000&ms=5"), cutter)
    next(chunks)
    cutter.cut()
    elsewhere = threading.Thread(target=chunks.close)
    elsewhere.start()
    elsewhere.join()
    answer = list(gateway.stream(route(to, "b"), call("answer?chunks=3"), Cutter()))
    assert len(answer) == 5


@both_vendors
def test_a_client_is_made_once_for_each_connection(vendor: Vendor, kind: ProviderKind, clients: list[httpx2.Client]) -> None:
    for secret in ("sk-one", "sk-one", "sk-two", "sk-one"):
        list(gateway.stream(route(connection(vendor, kind, secret), "a"), call("answer"), Cutter()))
    assert len(clients) == 2
    assert vendor.is_idle()
