"""Find features by their folders, and import a module of the same name from each.

A new folder with a `models.py` or a `jobs.py` is found without being registered.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


def names() -> list[str]:
    """Return the names of the feature folders."""
    core_folder = Path(__file__).parent.parent
    return sorted(
        folder.name for folder in core_folder.iterdir() if (folder / "__init__.py").exists()
    )


def load(module: str) -> list[ModuleType]:
    """Import the module with this name from every feature that has one."""
    paths = [f"core.{name}.{module}" for name in names() if find_spec(f"core.{name}.{module}")]
    return [import_module(name) for name in paths]
