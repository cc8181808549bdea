"""Private, shared and public prompts: who sees them, and who edits them."""

import pytest

from core.database.db import transaction
from core.database.paging import Window
from core.errors import Forbidden, Invalid
from core.identity.schemas import Actor, Role
from core.prompts.errors import DefaultPromptKept, NotYourPrompt, PromptMissing
from core.prompts.queries import prompts as queries
from core.prompts.schemas import PromptFilter, PromptOrder, PromptRating, PromptShares
from core.prompts.service import prompts, sharing
from core.prompts.views import PromptView
from core.system.service.account_removal import remove_account
from tests.factories.identity import person
from tests.factories.prompts import create, read, save


@pytest.fixture
def owner(database: object) -> Actor:
    return person().actor


def share(owner: Actor, prompt: PromptView, other: Actor, *, may_edit: bool = False) -> None:
    shares = PromptShares.model_validate(
        {"accounts": [{"email": other.email.upper(), "may_edit": may_edit}]}
    )
    with transaction() as session:
        sharing.share_prompt(session, prompt.id, shares, actor=owner)


def names(actor: Actor, order: PromptOrder = PromptOrder.NAME, **filters: object) -> list[str]:
    with transaction() as session:
        asked = PromptFilter.model_validate(filters)
        found = queries.list_prompts(session, asked, Window(), order, actor=actor)
    assert found.total_count == len(found.items)
    return [prompt.name for prompt in found.items if prompt.name != "default"]


def test_a_private_prompt_is_its_owners_alone(owner: Actor) -> None:
    made, other = create(owner), person(Role.SUPER_ADMIN).actor
    assert (names(owner), names(other)) == (["support"], [])
    with pytest.raises(PromptMissing):
        read(other, made.id)
    with pytest.raises(PromptMissing):
        save(other, made.id, prompt="mine")


def test_a_shared_prompt_is_read_and_edited_by_those_it_is_shared_with(owner: Actor) -> None:
    made, reader, editor = create(owner), person().actor, person().actor
    share(owner, made, reader)
    assert (read(reader, made.id).may_edit, names(editor)) == (False, [])
    with pytest.raises(Forbidden):
        save(reader, made.id, prompt="mine")
    share(owner, made, editor, may_edit=True)
    assert names(reader) == []
    assert save(editor, made.id, prompt="better").version == 2
    with pytest.raises(NotYourPrompt), transaction() as session:
        prompts.delete_prompt(session, made.id, actor=editor)
    with pytest.raises(NotYourPrompt), transaction() as session:
        sharing.share_prompt(session, made.id, PromptShares(accounts=()), actor=editor)
    with pytest.raises(NotYourPrompt):
        save(editor, made.id, visibility="public")


def test_a_prompt_that_is_shared_with_nobody_is_private_again(owner: Actor) -> None:
    made = create(owner)
    share(owner, made, person().actor)
    assert read(owner, made.id).visibility == "shared"
    with transaction() as session:
        sharing.share_prompt(session, made.id, PromptShares(accounts=()), actor=owner)
    assert read(owner, made.id).visibility == "private"


def test_a_prompt_is_shared_with_accounts_only(owner: Actor) -> None:
    made = create(owner)
    shares = PromptShares.model_validate({"accounts": [{"email": "nobody@example.com"}]})
    with pytest.raises(Invalid, match=r"nobody@example\.com"), transaction() as session:
        sharing.share_prompt(session, made.id, shares, actor=owner)


def test_a_public_prompt_is_read_by_all_who_may_use_prompts(owner: Actor) -> None:
    made, other = create(owner, visibility="public"), person().actor
    assert not read(other, made.id).may_edit
    for role in (Role.ANALYST, Role.REVIEWER):
        with pytest.raises(Forbidden):
            read(person(role).actor, made.id)


def test_what_a_removed_account_shared_stays_and_what_it_hid_goes(owner: Actor) -> None:
    create(owner, "hidden")
    made, boss = create(owner, "seen", visibility="public"), person(Role.SUPER_ADMIN).actor
    with transaction() as session:
        remove_account(session, owner.id, actor=boss)
    assert read(boss, made.id).may_edit
    create(boss, "hidden")


def test_the_default_prompt_is_everybodys_and_stays(owner: Actor) -> None:
    default = read(owner, "default")
    assert (default.may_edit, default.owner_id) == (True, None)
    with pytest.raises(DefaultPromptKept), transaction() as session:
        prompts.delete_prompt(session, default.id, actor=owner)
    for change in ({"name": "other"}, {"visibility": "private"}):
        with pytest.raises(DefaultPromptKept):
            save(owner, default.id, **change)


def test_a_list_is_searched_filtered_and_sorted(owner: Actor) -> None:
    create(owner, "b", "find_me 100%", category="Writing", tags=["x"])
    create(owner, "a", "other", description="find_me too", tags=["x", "y"])
    assert names(owner, q="FIND_ME") == ["a", "b"]
    assert names(owner, q="findXme") == []
    assert names(owner, q="100%") == ["b"]
    assert names(owner, category="Writing") == ["b"]
    assert names(owner, tag="y") == ["a"]
    assert names(owner, label="production") == []
    assert names(person().actor, mine=True) == []
    assert names(owner, PromptOrder.UPDATED) == ["a", "b"]


def test_the_rating_is_the_mean_of_each_accounts_last(owner: Actor) -> None:
    made = create(owner, visibility="public")
    for rater, rating in ((owner, 1), (owner, 2), (person().actor, 5)):
        with transaction() as session:
            found = sharing.rate_prompt(session, made.id, PromptRating(rating=rating), actor=rater)
    assert (found.rating, found.rating_count) == (3.5, 2)
