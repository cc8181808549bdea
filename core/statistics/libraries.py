"""Libraries that take a while to load: each is loaded with its first use, which most processes
never make.
"""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any


@cache
def special() -> ModuleType:
    """Return scipy.special, which does the arithmetic beyond the normal distribution: 20 MB."""
    return import_module("scipy.special")


@cache
def numpy() -> Any:  # noqa: ANN401  a module
    return import_module("numpy")
