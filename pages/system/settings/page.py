"""Settings of the workspace, one section at a time."""

from core.identity.permissions import Permission
from pages import demo_banner
from pages._ui import errors, frame, guard, sections
from pages.system.settings import (
    funnel_settings,
    key_settings,
    quota_settings,
    redaction_settings,
    retention_settings,
    review_settings,
    tool_settings,
    workspace_settings,
)
from pages.system.settings.imports import import_settings
from pages.system.settings.prices import price_settings
from pages.system.settings.providers import provider_settings
from pages.system.settings.scoring import scoring_settings
from pages.system.settings.services import service_settings

SECTIONS = {
    "Workspace": workspace_settings.draw,
    "Onboarding": funnel_settings.draw,
    "Providers": provider_settings.draw,
    "Services": service_settings.draw,
    "Prices": price_settings.draw,
    "Quotas": quota_settings.draw,
    "Tools": tool_settings.draw,
    "API keys": key_settings.draw,
    "Review": review_settings.draw,
    "Scoring": scoring_settings.draw,
    "Import": import_settings.draw,
    "Redaction": redaction_settings.draw,
    "Retention": retention_settings.draw,
}


def main() -> None:
    actor = guard.page(Permission.CHANGE_WORKSPACE)
    frame.header("Settings", "Workspace, providers, keys, import and data policies")
    chosen = sections.choose(SECTIONS, "settings.section")
    SECTIONS[chosen]()
    if chosen == "Workspace":
        demo_banner.offer(actor)


with errors.InWords("Settings"):
    main()
