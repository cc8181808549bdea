"""Connections are reused, because a handshake with a vendor takes a tenth of a second."""

from core.providers.schemas import ProviderKind
from tests.factories.providers import ask, both_vendors, call, connection
from tests.fake_vendor import Vendor


@both_vendors
def test_a_complete_answer_leaves_its_connection_for_the_next_call(
    vendor: Vendor, kind: ProviderKind
) -> None:
    to = connection(vendor, kind)
    assert [ask(to, call("answer")).failure for _ in range(5)] == [None] * 5
    assert len({asked.connection for asked in vendor.asked}) == 1


@both_vendors
def test_a_broken_answer_does_not_leave_its_connection(vendor: Vendor, kind: ProviderKind) -> None:
    to = connection(vendor, kind)
    assert ask(to, call("cut")).failure is not None
    assert ask(to, call("answer")).failure is None
    assert len({asked.connection for asked in vendor.asked}) > 1
