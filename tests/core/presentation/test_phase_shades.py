"""The consecutive parts of a bar are told apart by their shades."""

from dataclasses import replace

import pytest

from tests.factories.palettes import PALETTE


@pytest.mark.parametrize("is_dark", [False, True])
def test_eight_phases_of_a_run_have_eight_shades(is_dark: bool) -> None:
    # The fifth and sixth had the colours of the first and second
    sequence = tuple(f"#{number}" for number in range(10))
    shades = replace(PALETTE, sequence=sequence, is_dark=is_dark).phases
    assert len(set(shades)) == len(shades) == 8
