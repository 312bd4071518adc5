"""Rows that no case fires, and faults that no case can notice: each with the reason.

A test holds both to their word: a row listed here is fired by no case, a fault listed here is
noticed by none. There is a module for each group of tables.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EQUIVALENT", "UNREACHABLE"]

_MODULES = tuple(import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))

UNREACHABLE: Final[Mapping[str, str]] = {
    row: reason for module in _MODULES for row, reason in module.UNREACHABLE.items()
}
EQUIVALENT: Final[Mapping[str, str]] = {
    fault: reason for module in _MODULES for fault, reason in module.EQUIVALENT.items()
}
