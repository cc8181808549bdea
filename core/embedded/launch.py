"""Run as `python launch.py PROGRAM ARGUMENT...`: become a process that may be Postgres, then become Postgres.

Two things only the process itself can arrange, and both survive `exec`:

- It ends when its parent does, even when that is killed with -9 (Linux: a death signal; SIGINT is Postgres's orderly stop).
- Postgres refuses to run as root. As root this becomes the user `nobody`, keeping the one capability that opens folders which
  only root may enter (a clone under /root, a folder of `mktemp -d`), so that no folder of anybody has to be opened for it.
"""

import ctypes
import os
import signal
import sys

NOBODY = 65534
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT = 1, 8, 28, 47
PR_CAP_AMBIENT_RAISE = 2
# access(2) would otherwise judge by the real user without its capabilities, and Postgres asks it about its own binary.
SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS = 1 << 2, 1 << 4
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class CapabilityHeader(ctypes.Structure):
    """`cap_user_header_t` of capset(2)."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapabilityData(ctypes.Structure):
    """`cap_user_data_t` of capset(2)."""

    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def main() -> None:
    """Prepare this process and replace it with the program."""
    if os.geteuid() == 0:
        stop_being_root()
    if sys.platform == "linux" and "ATTUNE_PARENT" in os.environ:
        die_with(int(os.environ["ATTUNE_PARENT"]))
    os.execv(sys.argv[1], sys.argv[1:])


def stop_being_root() -> None:
    """Become `nobody`, who may still enter every folder."""
    if sys.platform != "linux":
        sys.exit("Postgres cannot run as root here. Start Attune as a normal user.")
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0, 0, 0))
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    only = 1 << CAP_DAC_OVERRIDE
    header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
    data = (CapabilityData * 2)(CapabilityData(only, only, only), CapabilityData(0, 0, 0))
    _checked(libc.capset(ctypes.byref(header), data))
    _checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def die_with(parent: int) -> None:
    """Arrange that the kernel stops this process when its parent is gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0))
    if os.getppid() != parent:  # it died before we asked
        sys.exit(0)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        sys.exit(f"Postgres cannot be started as root here ({os.strerror(number)}). Start Attune as a normal user.")


if __name__ == "__main__":
    main()
