"""The token counts of an answer fit into its row, whatever its provider reports."""

from core.providers.chunks import Usage

MOST_OF_A_COLUMN = 2**31 - 1


def test_the_counts_of_many_rounds_fit_into_a_column() -> None:
    most = Usage(input=10**9, output=10**9, cached=10**9, reasoning=10**9)
    whole = most.plus(most).plus(Usage(output=1, is_estimated=True))
    assert max(whole.total, whole.cached, whole.reasoning) <= MOST_OF_A_COLUMN
    assert whole.is_estimated


def test_the_counts_of_rounds_add_up() -> None:
    one, other = Usage(1, 2, 3, 4, 5), Usage(10, 20, 30, 40, 50)
    assert one.plus(other) == Usage(11, 22, 33, 44, 55)
