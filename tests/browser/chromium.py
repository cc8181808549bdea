"""The Chromium of the browser tests: `python -m tests.browser.chromium` finds or installs one, or
says what to install.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = tuple(
    f"{home}/Applications/{name}.app/Contents/MacOS/{name}"
    for home in ("", Path.home())
    for name in ("Chromium", "Google Chrome")
)
# Asked in a process of its own: Playwright cannot be started twice in one, and whoever asks us may
# have started it.
PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright as s\nwith s() as p: "
    "print(p.chromium.executable_path)"
)
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
# Every window would start two pages of the address bar's own: a twelfth of the CPU of a test. The
# others are those that Playwright turns off, whose argument ours replaces.
FEATURES_OFF = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxAimPopup",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
ARGUMENTS = (
    *(("--no-sandbox",) if IS_ROOT else ()),  # as root, Chromium does not start with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(FEATURES_OFF)}",
)
MISSING = """The browser tests need a Chromium, and there is none that runs.
Install one, then run this again:
  Debian:          apt install chromium
  Fedora:          dnf install chromium
  macOS:           brew install --cask chromium
  anywhere else:   .venv/bin/python -m playwright install --with-deps chromium
"""


class NoChromium(Exception):
    """No Chromium runs on this machine."""


def find() -> str:
    """Return the path of a Chromium that runs; raise NoChromium."""
    for path in _candidates():
        if _runs(path):
            return path
    raise NoChromium(MISSING)


def install() -> None:
    """Install one: the system's package as root, else Playwright's."""
    if IS_ROOT and shutil.which("apt-get"):
        quietly = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-qq", "-y", "chromium"]):
            subprocess.run(["apt-get", *command], env=quietly, check=False)
        if any(_runs(path) for path in _candidates()):
            return
    libraries = ["--with-deps"] if IS_ROOT and shutil.which("apt-get") else []
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", *libraries, "chromium"], check=False
    )


def main() -> int:
    """Find or install one; return the exit code."""
    try:
        find()
    except NoChromium:
        sys.stderr.write("There is no Chromium for the browser tests: trying to install one\n")
        install()
        try:
            find()
        except NoChromium as missing:
            sys.stderr.write(str(missing))
            return 1
    return 0


def _candidates() -> Iterator[str]:
    for name in NAMES:
        if found := shutil.which(name):
            yield found
    yield from (path for path in MACOS if Path(path).exists())
    asked = subprocess.run(
        [sys.executable, "-c", PLAYWRIGHTS_OWN], capture_output=True, text=True, check=False
    )
    if asked.returncode == 0 and Path(asked.stdout.strip()).exists():
        yield asked.stdout.strip()


def _runs(path: str) -> bool:
    """Whether it starts at all: Ubuntu's `chromium-browser` may be a script that asks for
    a snap.
    """
    try:
        return (
            subprocess.run(
                [path, "--version"], capture_output=True, timeout=30, check=False
            ).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    sys.exit(main())
