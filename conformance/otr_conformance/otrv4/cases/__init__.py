"""The cases of OTRv4. Importing this declares all of them, module by module."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

for _found in sorted(found.name for found in iter_modules(__path__)):
    import_module(f"{__name__}.{_found}")
