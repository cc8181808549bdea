"""Disks that are small, full or read-only: mounted for a test, and taken away again."""

import os
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType


class Disks(AbstractContextManager["Disks"]):
    """What is mounted in a folder; only root may."""

    def __init__(self, folder: Path) -> None:
        """Mount below `folder`."""
        self.folder = folder
        self._mounted: list[Path] = []

    def small(self, megabytes: int) -> Path:
        """Mount an empty disk of a size."""
        return self._mount(f"size={megabytes}m")

    def read_only(self) -> Path:
        """Mount a disk that nobody can write."""
        return self._mount("ro")

    def __exit__(self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None) -> None:
        """Take everything away, also from under a process that still ends."""
        for path in self._mounted:
            subprocess.run(["umount", "--lazy", str(path)], check=True)

    def _mount(self, options: str) -> Path:
        path = self.folder / f"disk{len(self._mounted)}"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
        self._mounted.append(path)
        return path


def can_mount(folder: Path) -> bool:
    """Whether this machine lets us: root may, but not in every container."""
    if os.geteuid() != 0:
        return False
    tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], check=False, capture_output=True)
    return tried.returncode == 0 and subprocess.run(["umount", str(folder)], check=True).returncode == 0


def fill(disk: Path) -> Path:
    """Write a file until nothing more fits; remove it to have the room back."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler
