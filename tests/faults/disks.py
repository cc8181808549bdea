"""Disks that are too small, full, or read-only: mounted where this machine lets us, and otherwise
made believe with /dev/full.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType

ALWAYS_FULL = Path("/dev/full")  # Linux answers every write to it as it does on a full disk


class Disks(AbstractContextManager["Disks"]):
    """What is mounted in a folder, until the end."""

    def __init__(self, folder: Path) -> None:
        """Mount below `folder`."""
        self.folder = folder
        self._mounted: list[Path] = []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take everything away, also from under a process that still ends."""
        for path in self._mounted:
            subprocess.run(["umount", "--lazy", str(path)], check=True)

    def mount(self, options: str) -> Path | None:
        """Mount an empty disk and return where; None when this machine does not let us: root may,
        but not in every container.
        """
        path = self.folder / f"disk{len(self._mounted)}"
        path.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
        if (
            os.geteuid() != 0
            or subprocess.run(command, check=False, capture_output=True).returncode != 0
        ):
            return None
        self._mounted.append(path)
        return path

    def too_small(self, *sizes_mb: float) -> Iterator[Path]:
        """Return data folders for a first start: each runs out of room at another step of it."""
        pretended = self.folder / "pretended"
        pretended.mkdir()
        (pretended / "secret.key.draft").symlink_to(ALWAYS_FULL)
        yield pretended
        for size_mb in sizes_mb:
            if (disk := self.mount(f"size={round(size_mb * 1024)}k")) is not None:
                yield disk / "data"

    @contextmanager
    def full(self, data: Path) -> Iterator[None]:
        """Leave no room on the disk of a data folder that was in use before, for a while."""
        if data.parent in self._mounted:
            filler = _fill(data.parent)
            yield
            filler.unlink()
            return
        written_at_each_start = data / "postgres" / "postmaster.opts"
        written_at_each_start.unlink()
        written_at_each_start.symlink_to(ALWAYS_FULL)
        yield
        written_at_each_start.unlink()


def _fill(disk: Path) -> Path:
    """Write a file until nothing more fits."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler
