"""Run as `python launch.py PROGRAM ARGUMENT...`: prepare this process, then replace it with
Postgres.

A process can only set these two properties for itself, and both survive `exec`:

- It ends when its parent does, even when the parent is killed with -9 (Linux: a death signal;
  SIGINT is Postgres's orderly stop).
- Postgres refuses to run as root. Root becomes the user `nobody`, with the one capability to enter
  folders that only root may enter (a clone under /root, a folder of `mktemp -d`), so that
  permissions of folders need not change.
"""

import ctypes
import os
import signal
import sys

NOBODY = 65534
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT = 1, 8, 28, 47
PR_CAP_AMBIENT_RAISE = 2
# Without these, access(2), which Postgres calls for its own binary, would ignore the capabilities.
SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS = 1 << 2, 1 << 4
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class CapabilityHeader(ctypes.Structure):
    """`cap_user_header_t` of capset(2)."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilityData(ctypes.Structure):
    """`cap_user_data_t` of capset(2)."""

    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def main() -> None:
    """Prepare this process and replace it with the program."""
    if os.geteuid() == 0:
        drop_root()
    if sys.platform == "linux" and "ATTUNE_PARENT" in os.environ:
        end_with_parent(int(os.environ["ATTUNE_PARENT"]))
    os.execv(sys.argv[1], sys.argv[1:])


def drop_root() -> None:
    """Become an unprivileged account that may enter every folder; exit if impossible."""
    if sys.platform != "linux":
        sys.exit("Postgres cannot run as root here. Start Attune as a normal user.")
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0, 0, 0))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    capabilities = 1 << CAP_DAC_OVERRIDE
    header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
    data = (CapabilityData * 2)(
        CapabilityData(capabilities, capabilities, capabilities), CapabilityData(0, 0, 0)
    )
    _checked(libc.capset(ctypes.byref(header), data))
    _checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def end_with_parent(parent: int) -> None:
    """Have the kernel stop this process when its parent ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0))
    if os.getppid() != parent:  # it has already ended
        sys.exit(0)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        sys.exit(
            f"Postgres cannot be started as root here ({os.strerror(number)}). Start Attune "
            "as a normal user."
        )


if __name__ == "__main__":
    main()
