"""A handshake costs a call to a vendor a tenth of a second: the connection of one answer serves the next."""

from core.providers.schemas import ProviderKind
from tests.factories.providers import ask, both_vendors, call, connection
from tests.fake_vendor import Vendor


@both_vendors
def test_a_whole_answer_leaves_its_connection_to_the_next(vendor: Vendor, kind: ProviderKind) -> None:
    to = connection(vendor, kind)
    assert [ask(to, call("answer")).failure for _ in range(5)] == [None] * 5
    assert len({asked.connection for asked in vendor.asked}) == 1


@both_vendors
def test_an_answer_that_broke_does_not(vendor: Vendor, kind: ProviderKind) -> None:
    to = connection(vendor, kind)
    assert ask(to, call("cut")).failure is not None
    assert ask(to, call("answer")).failure is None
    assert len({asked.connection for asked in vendor.asked}) > 1
