"""OTRv3 as data; version 2 has a text of its own, and no tables."""

from __future__ import annotations

from otr_conformance.model import Model
from otr_model.otrv3 import layouts, schedules
from otr_model.otrv3.clauses import V2, V3
from otr_model.otrv3.protocol import OTRV3

__all__ = ["MODEL"]

MODEL = Model(
    OTRV3,
    layouts.LAYOUTS,
    layouts.TEXTS,
    schedules.SCHEDULES,
    layouts.Type,
    (schedules, layouts),
    (V3, V2),
)
