"""The page of a running evaluation shows the figures of the results that are there."""

import pytest
from streamlit.testing.v1 import AppTest


def page(reads: list[int], total: int) -> None:
    """Draw a page and its progress; each of the two reads how many results there are."""
    import streamlit as st  # noqa: PLC0415  AppTest runs the function alone

    from core.evaluations.views import EvaluationProgress  # noqa: PLC0415
    from pages.test.evaluations import progress  # noqa: PLC0415

    left = st.session_state.setdefault("left", list(reads))
    drawn = left.pop(0)
    st.text(f"{drawn} drawn")
    progress.draw(
        "running",
        drawn,
        lambda: ("running", EvaluationProgress(done=left.pop(0), total=total, failed=0)),
    )


def list_page(reads: list[list[int]]) -> None:
    """Draw a list and the progress of its runs; each of the two reads which runs go on."""
    from uuid import UUID  # noqa: PLC0415  AppTest runs the function alone

    import streamlit as st  # noqa: PLC0415

    from core.evaluations.views import EvaluationProgress  # noqa: PLC0415
    from pages.test.evaluations import progress  # noqa: PLC0415

    left = st.session_state.setdefault("left", list(reads))

    def read() -> dict[UUID, EvaluationProgress]:
        told = EvaluationProgress(done=1, total=3, failed=0)
        return {UUID(int=each): told for each in left.pop(0)}

    going_on = read()
    st.text(f"{len(going_on)} drawn")
    progress.draw_together(going_on, read)


def late_page(reads: list[int]) -> None:
    """Draw the page of a run that was just cancelled; its progress reads the number again."""
    import streamlit as st  # noqa: PLC0415  AppTest runs the function alone

    from core.evaluations.views import EvaluationProgress  # noqa: PLC0415
    from core.platform import clock  # noqa: PLC0415
    from pages.test.evaluations import progress  # noqa: PLC0415

    left = st.session_state.setdefault("left", list(reads))
    drawn = left.pop(0)
    st.text(f"{drawn} drawn")
    progress.follow_late(
        drawn,
        clock.now(),
        lambda: ("cancelled", EvaluationProgress(done=left.pop(0), total=9, failed=0)),
    )


def drawn(reads: list[int], total: int = 200) -> list[str]:
    app = AppTest.from_function(page, args=(reads, total)).run()
    assert not app.exception
    return [each.value for each in app.text]


@pytest.mark.parametrize(("reads", "last"), [([0, 0], 0), ([0, 1, 1, 1], 1)])
def test_the_first_result_is_shown_at_once(reads: list[int], last: int) -> None:
    assert drawn(reads) == [f"{last} drawn"]


@pytest.mark.parametrize(("reads", "last"), [([40, 59], 40), ([40, 60, 61, 61], 61)])
def test_the_figures_are_drawn_again_at_each_tenth_of_the_results(
    reads: list[int], last: int
) -> None:
    assert drawn(reads) == [f"{last} drawn"]


def test_of_few_results_each_is_shown() -> None:
    assert drawn([2, 3, 3, 3], total=4) == ["3 drawn"]


def test_a_list_is_drawn_again_when_one_of_its_runs_has_ended() -> None:
    app = AppTest.from_function(list_page, args=([[1, 2], [2], [2], [2]],)).run()
    assert not app.exception
    assert [each.value for each in app.text] == ["1 drawn"]
    assert [each.value for each in app.caption] == ["Running: 1 of 3 results"]


def test_results_of_calls_that_were_under_way_at_a_cancellation_are_shown() -> None:
    # The page stood still with the figures of the moment in which it was cancelled
    app = AppTest.from_function(late_page, args=([7, 8, 8, 8],)).run()
    assert not app.exception
    assert [each.value for each in app.text] == ["8 drawn"]
