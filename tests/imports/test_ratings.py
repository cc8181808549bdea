"""Ratings in files keep their scale: a 1 is the worst of five stars, or thumbs up."""

import pytest

from core.imports.recognition.recognize import recognize
from core.knowledge.schemas import RatingScale
from tests.imports.files import Folder, rows_of

AT = "2026-03-04T05:06:07Z"


@pytest.mark.parametrize(
    ("cells", "ratings"),
    [
        ("1 2 5", [(1, "five"), (2, "five"), (5, "five")]),
        ("1 7 10", [(1, "five"), (4, "five"), (5, "five")]),
        ("1 -1 1", [(1, None), (-1, None), (1, None)]),
        ("up down up", [(1, None), (-1, None), (1, None)]),
        ("1 -1 5", [(1, "five"), (-1, None), (5, "five")]),
    ],
)
def test_one_of_five_stars_is_not_thumbs_up(
    folder: Folder, cells: str, ratings: list[tuple[int, str | None]]
) -> None:
    # Without a scale a rating of 1 is thumbs up: in such files the worst became the best
    path = folder.table(
        "created_at message_id rating",
        *([AT, f"m{number}", cell] for number, cell in enumerate(cells.split())),
    )
    assert [(row["rating"], row.get("scale")) for row in rows_of(path)] == ratings


def test_ratings_with_the_fields_of_ingest_keep_the_scale_that_they_name(folder: Folder) -> None:
    given = [(1, "thumbs"), (-1, "thumbs"), (1, "five"), (4, "five")]
    assert {scale for _, scale in given} == set(RatingScale)
    path = folder.lines(
        *(
            {"created_at": AT, "message_id": f"m{n}", "rating": rating, "scale": scale}
            for n, (rating, scale) in enumerate(given)
        )
    )
    assert [(row["rating"], row["scale"]) for row in rows_of(path)] == given
    assert recognize(path).questions == []
