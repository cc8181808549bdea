"""Errors of services."""

from core.errors import NotFound, NotSignedIn


class ServiceMissing(NotFound):
    """No such service. Add one in Settings, or choose a model."""

    code = "service_missing"


class SignatureRefused(NotSignedIn):
    """The signature is missing, too old or of no service. Sign with the callback secret."""

    code = "signature_refused"
