"""What an admin can do with a service: activate it, rotate its secret, remove it."""

from uuid import UUID

from core.services import service
from core.services.schemas import ServiceChange, ServiceView
from pages._ui import dialogs, errors, guard, state, text
from pages.system.settings.services import service_form


@errors.action
def activate(service_id: UUID, is_active: bool) -> None:
    with guard.work() as (session, actor):
        change = ServiceChange(is_active=is_active)
        found = service.change(session, service_id, change, actor=actor)
    state.toast(f"{found.name} is {'active' if is_active else 'not active'}")


def ask_to_rotate(each: ServiceView) -> None:
    body = (
        f"{text.plain(each.name)} must sign with the new secret within 24 hours: until then, the "
        "old one is accepted, too."
    )
    label = "Rotate secret"
    dialogs.confirm("Rotate the callback secret?", body, label, rotate, each.id, key="services")


@errors.action
def rotate(service_id: UUID) -> None:
    with guard.work() as (session, actor):
        made = service.rotate_secret(session, service_id, actor=actor)
    state.put(service_form.MADE, made)


@errors.action
def end_previous(service_id: UUID) -> None:
    with guard.work() as (session, actor):
        service.end_previous_secret(session, service_id, actor=actor)
    state.toast("The old secret is refused from now on")


def ask_to_remove(each: ServiceView) -> None:
    body = f"{text.plain(each.name)} and its secrets will be removed. Its pending answers fail."
    label = "Remove service"
    dialogs.confirm("Remove this service?", body, label, remove, each.id, key="services")


@errors.action
def remove(service_id: UUID) -> None:
    with guard.work() as (session, actor):
        service.remove(session, service_id, actor=actor)
    # Else the secret of a service that is gone would still be there to be copied
    state.forget(service_form.MADE)
    state.toast("Service removed")
