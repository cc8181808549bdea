"""Settings are stored under the names of their classes: who renames a class moves its row, too."""

import importlib
from collections.abc import Iterator

from sqlalchemy import text

from core.database import settings
from core.database.db import transaction
from core.database.settings import SettingsGroup
from core.demo.schemas import DemoDecision
from core.embedded.postgres import Postgres
from core.platform.config import ROOT

UPGRADE = importlib.import_module("migrations.core.versions.0080_names_of_settings")
STORED = {
    "checkeduntil",
    "demodecision",
    "demoexamples",
    "dimensionrollups",
    "productionscoring",
    "productionscoringstate",
    "redaction",
    "releaseplaces",
    "retention",
    "reviewsettings",
    "sealed",
    "setup",
    "tooldimensionrollups",
    "workspace",
}
SHOWN = {"productionscoringview", "workspacesettings"}  # to clients, and never stored


def names(group: type[SettingsGroup] = SettingsGroup) -> Iterator[str]:
    """Return the names of the product's groups; other tests declare groups of their own."""
    for each in group.__subclasses__():
        if each.__module__.startswith("core."):
            yield each.__name__.lower()
            yield from names(each)


def test_a_class_that_is_renamed_needs_a_migration() -> None:
    for path in (ROOT / "core").rglob("*.py"):
        if "SettingsGroup" in path.read_text():
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert set(names()) - SHOWN == STORED


def test_settings_of_an_earlier_program_outlive_the_upgrade(database: Postgres) -> None:
    with transaction() as session:
        session.execute(text("delete from settings"))
        for name, value in (("demo", '{"is_decided": true}'), ("review", '{"reviews": 2}')):
            session.execute(
                text("insert into settings (name, value) values (:name, cast(:value as jsonb))"),
                {"name": name, "value": value},
            )
        session.execute(text(UPGRADE.RENAME))
    with transaction() as session:
        assert settings.read(session, DemoDecision).is_decided
        names_now = session.scalars(text("select name from settings order by name")).all()
    assert names_now == ["demodecision", "reviewsettings"]
