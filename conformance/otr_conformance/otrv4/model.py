"""OTRv4 as data: the main text, its modes, and the recommendations to clients."""

from __future__ import annotations

from otr_conformance.model import Model
from otr_model.otrv4 import groups4, layouts, schedules
from otr_model.otrv4.clauses import REGISTRIES
from otr_model.otrv4.protocol import OTRV4

__all__ = ["MODEL"]

MODEL = Model(
    OTRV4,
    layouts.LAYOUTS,
    layouts.TEXTS,
    schedules.SCHEDULES,
    layouts.Type,
    (schedules, layouts, groups4),
    REGISTRIES,
)
