"""The suite of OTRv3. Importing it declares every case."""

from __future__ import annotations

from otr_conformance.derive import choice
from otr_conformance.derive.cases import declare
from otr_conformance.suite import Suite

from . import cases as _declared
from .case import CASES
from .grade import GRADER
from .labs import RealLab, TermLab
from .plan import PLAN
from .shim_party import ShimParty
from .strength import TRIAL
from .unreachable import EQUIVALENT, IMPOSSIBLE, UNREACHABLE

__all__ = ["SUITE"]

_ = _declared
declare(PLAN, CASES)
CASES.leave_out(choice.read(PLAN.protocol).left_out)

SUITE = Suite(
    CASES, GRADER, TRIAL, RealLab, TermLab, ShimParty, UNREACHABLE, EQUIVALENT, IMPOSSIBLE
)
