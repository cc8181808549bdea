"""What the page's address shows: the list, an A/B test, or the form of a new one."""

from pages.test.evaluations.detail_address import DetailAddress

_ADDRESS = DetailAddress("test", "ab_tests")
OPEN, SECTION = _ADDRESS.item, _ADDRESS.section
show, show_form, close = _ADDRESS.show, _ADDRESS.show_form, _ADDRESS.close
