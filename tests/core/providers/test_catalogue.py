"""Which models can be called, and by which names."""

import pytest

from core.database.db import transaction
from core.providers import catalogue
from core.providers.errors import ModelMissing
from core.providers.provider_schemas import ProviderChange, ProviderView
from core.providers.schemas import ModelView, Route
from core.providers.service import providers
from core.providers.vendors.fake import CONTEXT_WINDOW
from core.providers.vendors.fake_scripts import SCRIPTS
from tests.core.providers.conftest import Configure
from tests.factories.identity import person
from tests.factories.providers import ANTHROPIC, OPENAI, stored

pytestmark = pytest.mark.usefixtures("database")


def find(model_id: str) -> Route:
    with transaction() as session:
        return catalogue.find_route(session, model_id)


def offered() -> list[ModelView]:
    with transaction() as session:
        return catalogue.list_models(session)


def ids() -> list[str]:
    return [model.id for model in offered()]


def switch_off(provider: ProviderView) -> None:
    assert provider.id is not None
    with transaction() as session:
        providers.change(
            session, provider.id, ProviderChange(is_active=False), actor=person().actor
        )


def test_a_model_is_called_by_its_provider_and_name() -> None:
    stored("mine", models=("llama3",))
    found = find("mine:llama3")
    assert (found.model.id, found.model.name, found.model.provider) == (
        "mine:llama3",
        "llama3",
        "mine",
    )
    assert (found.connection.name, found.connection.kind) == ("mine", OPENAI)


def test_the_route_to_a_model_has_the_stored_key() -> None:
    stored("mine", secret="sk-stored", models=("llama3",))
    assert find("mine:llama3").connection.secret == "sk-stored"


def test_a_bare_name_suffices_while_one_provider_has_the_model() -> None:
    stored("mine", models=("llama3",))
    assert find("llama3").model.id == "mine:llama3"


def test_a_bare_name_of_several_providers_is_rejected_with_the_choices() -> None:
    stored("mine", models=("llama3",))
    stored("yours", models=("llama3",))
    with pytest.raises(ModelMissing, match="Use one of: mine:llama3, yours:llama3"):
        find("llama3")


def test_a_bare_name_ignores_inactive_providers() -> None:
    stored("mine", models=("llama3",))
    switch_off(stored("yours", models=("llama3",)))
    assert find("llama3").model.provider == "mine"


@pytest.mark.parametrize("name", ["llama3:8b", "llama3:8b:q4", "vendor/model@1", ":odd"])
def test_a_model_name_may_contain_a_colon(name: str) -> None:
    stored("mine", models=(name,))
    assert find(f"mine:{name}").model.name == name
    assert find(name).model.id == f"mine:{name}"


def test_a_provider_prefix_takes_precedence_over_a_bare_name() -> None:
    stored("mine", models=("llama3:8b",))
    stored("llama3", models=("other",))
    assert find("llama3:8b").model.provider == "llama3"
    assert find("mine:llama3:8b").model.provider == "mine"


@pytest.mark.parametrize(
    "model_id", ["", ":", "mine:", ":llama3", "nobody:llama3", "nothing", "\0", "x" * 300]
)
def test_a_missing_model_is_rejected_with_advice(model_id: str) -> None:
    stored("mine", models=("llama3",))
    with pytest.raises(ModelMissing, match="Choose one from the list of models") as missing:
        find(model_id)
    assert len(missing.value.detail) < 250


def test_an_inactive_provider_offers_no_models_and_is_not_called() -> None:
    switch_off(stored("mine", models=("llama3",)))
    assert "mine:llama3" not in ids()
    for name in ("mine:llama3", "llama3", "mine:unlisted"):
        with pytest.raises(ModelMissing):
            find(name)


def test_providers_of_settings_may_be_called_with_unlisted_models() -> None:
    stored("mine", models=("llama3",))
    assert find("mine:brand-new").model.name == "brand-new"
    with pytest.raises(ModelMissing):
        find("brand-new")


@pytest.mark.parametrize(
    "model_id", ["fake:unknown", "local:smollm2-135m-instruct", "local:anything"]
)
def test_packaged_providers_have_only_their_listed_models(model_id: str) -> None:
    with pytest.raises(ModelMissing):
        find(model_id)


def test_scripts_of_the_fake_provider_are_models() -> None:
    assert {f"fake:{name}" for name in SCRIPTS} <= set(ids())
    found = find("fake:echo").model
    assert found.context_window == CONTEXT_WINDOW
    assert found.capabilities.tools


def test_models_come_in_the_order_of_their_providers_and_by_name() -> None:
    stored("zeta", models=("b", "a"))
    stored("alpha", models=("d", "c"))
    own = [model for model in ids() if not model.startswith("fake:")]
    assert own == ["alpha:c", "alpha:d", "zeta:a", "zeta:b"]


def test_a_vendor_offers_models_of_the_price_data_until_its_first_check(
    configure: Configure,
) -> None:
    configure(OPENAI_API_KEY="sk-a")
    before = ids()
    assert "openai:gpt-4o" in before
    assert not [model for model in before if "embedding" in model or "whisper" in model]


def test_a_checked_vendor_offers_its_listed_chat_models() -> None:
    stored("mine", base_url=None, models=("gpt-4o", "text-embedding-3-small", "gpt-image-1"))
    assert [model for model in ids() if model.startswith("mine:")] == ["mine:gpt-4o"]
    assert find("mine:gpt-4o").model.name == "gpt-4o"


def test_a_model_comes_with_its_window_prices_and_capabilities() -> None:
    stored(
        "mine", ANTHROPIC, base_url=None, models=("claude-3-5-haiku-latest", "claude-of-tomorrow")
    )
    known, unknown = (
        find("mine:claude-3-5-haiku-latest").model,
        find("mine:claude-of-tomorrow").model,
    )
    assert known.context_window == 200_000
    assert known.prices is not None
    assert known.prices.input > 0
    assert known.capabilities.tools
    assert (unknown.context_window, unknown.prices) == (None, None)
