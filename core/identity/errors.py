"""Errors of accounts and sessions."""

from core.errors import Conflict, Invalid, NotFound, NotSignedIn


class WrongCredentials(NotSignedIn):
    """Wrong email or password."""

    code = "wrong_credentials"


class SessionExpired(NotSignedIn):
    """Your session has expired. Sign in again."""

    code = "session_over"


class ApiKeyRejected(NotSignedIn):
    """This API key is unknown, revoked or expired. Create a new one in Settings > API keys."""

    code = "key_dead"


class ApiKeyMissing(NotFound):
    """No API key with this ID."""


class ExpiryInPast(Invalid):
    """The expiry date is in the past."""


class AccountMissing(NotFound):
    """No account with this ID."""


class SessionMissing(NotFound):
    """You have no session with this ID."""


class LinkExpired(NotFound):
    """This link was used, has expired or its account is disabled. Ask for a new one."""

    code = "link_spent"


class EmailTaken(Conflict):
    """An account with this email already exists."""

    code = "email_taken"


class LastSuperAdmin(Conflict):
    """This is the last active super admin. Give the role to someone else first."""

    code = "last_super_admin"


class OwnAccountProtected(Conflict):
    """You can't do this to your own account. Ask another super admin."""

    code = "not_yourself"


class WrongPassword(Invalid):
    """The current password is wrong."""

    code = "wrong_password"
