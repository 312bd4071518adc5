"""The cases of OTRv3, by what they are about. Importing this package declares them all."""

from __future__ import annotations

from . import (
    ake,
    boundary,
    keys,
    life,
    master,
    message,
    negative_ake,
    negative_data,
    receiving,
    smp,
    strength,
    tlv,
)

__all__ = [
    "ake",
    "boundary",
    "keys",
    "life",
    "master",
    "message",
    "negative_ake",
    "negative_data",
    "receiving",
    "smp",
    "strength",
    "tlv",
]
