"""Two prompts that are saved at the same time, each including the other: the second is refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.database.db import transaction
from core.embedded.postgres import Postgres
from core.prompts.errors import IncludeRefused
from core.prompts.schemas import PromptChange
from core.prompts.service import prompts
from tests.factories.identity import person
from tests.factories.prompts import create, read, save

WAIT_S, LONGEST_S = 0.5, 10


def test_the_first_is_saved_and_the_second_is_told_of_it(database: Postgres) -> None:
    # Each locked its own prompt and waited for the other's, until Postgres ended one of them
    actor = person().actor
    first, second = (create(actor, name=name).id for name in ("first", "second"))

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            prompts.lock_editable(session, first, actor=actor)
            waiting = pool.submit(save, actor, second, prompt="{{> first@latest}}")
            with pytest.raises(TimeoutError):
                waiting.result(timeout=WAIT_S)
            change = PromptChange(prompt="{{> second@latest}}")
            prompts.change_prompt(session, first, change, actor=actor)
        with pytest.raises(IncludeRefused, match="include each other"):
            waiting.result(timeout=LONGEST_S)
    assert (read(actor, first).version, read(actor, second).version) == (2, 1)
