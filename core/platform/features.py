"""Find features by their folders, and load a module of the same name from each.

The plumbing knows no feature by name; a new folder with a `models.py` or a `jobs.py` takes part by being there.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


def names() -> list[str]:
    """Return the names of the feature folders."""
    here = Path(__file__).parent.parent
    return sorted(folder.name for folder in here.iterdir() if (folder / "__init__.py").exists())


def load(part: str) -> list[ModuleType]:
    """Import the file `part` of every feature that has one."""
    found = [f"core.{name}.{part}" for name in names() if find_spec(f"core.{name}.{part}")]
    return [import_module(name) for name in found]
