"""What the page's address shows: the list, an A/B test, or the form of a new one."""

from pages.test.evaluations.detail_address import NEW, DetailAddress

_ADDRESS = DetailAddress("test", "ab_tests")
OPEN, SECTION, CASE = _ADDRESS.item, _ADDRESS.section, _ADDRESS.case
show, show_form, close = _ADDRESS.show, _ADDRESS.show_form, _ADDRESS.close
__all__ = ["CASE", "NEW", "OPEN", "SECTION", "close", "show", "show_form"]
