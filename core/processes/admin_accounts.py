"""Create the first account at startup, and reset a super_admin with `python app.py admin EMAIL`."""

import sys
from pathlib import Path

from core.identity.service import first_account
from core.platform import data_folder
from core.platform.config import Config
from core.processes.startup import opened_databases


def create_first(config: Config) -> None:
    """Create the first account if there is none, and say how to sign in with it."""
    email, chosen_password = config.attune_admin_email, config.attune_admin_password

    def show(password: str) -> None:
        if chosen_password is None:
            _show_password(email, password, config.data / "first-password.txt")
        else:
            sys.stdout.write(f"  account   {email}, with the password of ATTUNE_ADMIN_PASSWORD\n")

    chosen = chosen_password.get_secret_value() if chosen_password else None
    first_account.create(email, chosen, show)


def reset(config: Config, email: str) -> int:
    """Create or reset a super_admin, whether Attune runs or not; return the exit code."""
    with opened_databases(config):
        password = first_account.reset_super_admin(email)
        sys.stdout.write(f"{email} is a super_admin now.\n")
        _show_password(email, password, config.data / "new-password.txt")
    return 0


def _show_password(email: str, password: str, path: Path) -> None:
    """Print a password once on a terminal, else write it to a file that only its owner can read."""
    if sys.stdout.isatty():
        sys.stdout.write(f"  account   {email}\n  password  {password}   (shown this once)\n")
        return
    data_folder.write_private(path, f"{email}\n{password}\n")
    sys.stdout.write(f"  account   {email}\n  password  in {path}   (read it, then delete it)\n")
