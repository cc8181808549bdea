"""What can go wrong with accounts."""

from core.errors import Conflict, Invalid, NotFound, NotSignedIn


class WrongCredentials(NotSignedIn):
    """The e-mail or the password is wrong."""

    code = "wrong_credentials"


class SessionOver(NotSignedIn):
    """This session is over. Sign in again."""

    code = "session_over"


class KeyDead(NotSignedIn):
    """This API key is unknown, revoked or over. Make a new one in Settings, API keys."""

    code = "key_dead"


class KeyMissing(NotFound):
    """There is no such API key."""


class AlreadyOver(Invalid):
    """This key would be over before it begins. Choose a later day."""


class AccountMissing(NotFound):
    """There is no such account."""


class SessionMissing(NotFound):
    """There is no such session of yours."""


class LinkSpent(NotFound):
    """This link was used already, or has run out. Ask for a new one."""

    code = "link_spent"


class EmailTaken(Conflict):
    """There is an account with this e-mail already."""

    code = "email_taken"


class LastSuperAdmin(Conflict):
    """This is the last active super_admin. Give the role to somebody else first."""

    code = "last_super_admin"


class NotYourself(Conflict):
    """You cannot do this to your own account. Ask another super_admin."""

    code = "not_yourself"


class WrongPassword(Invalid):
    """The present password is wrong."""

    code = "wrong_password"
