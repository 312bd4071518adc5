"""The cases of OTRv3, by what they are about. Importing this package declares them all."""

from __future__ import annotations

from . import ake, life, negative_ake, receiving

__all__ = ["ake", "life", "negative_ake", "receiving"]
