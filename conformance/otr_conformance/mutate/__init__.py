"""How strong the suite is: the reference is made faulty, and the cases have to notice.

    from otr_conformance.mutate import measure, mutants_of, sample

    measure("otrv3", sample(mutants_of("otrv3"), 100, seed=1))

A *mutant* is the reference with one thing wrong (`otr_model.kernel.mutants`), or with a bug that
has a name (`otr_model.PROTOCOL.bugs`). What becomes of it is its *fate* (`fates`). The cases that
can notice it are played, the most promising one first (`plan`), until one does (`playing`). What
none notices is followed beside the original (`proving`): perhaps nobody can notice it. If that is
not proved, somebody who can is searched for (`searching`): what is found is a run that tells the
mutant from the reference, and a case that the suite lacks.

A target that reads an ambiguity to the letter is a mutant that no case may fail (`letter`).
"""

from __future__ import annotations

from .catalogue import BadSample, mutants_of, sample
from .fates import Fate, Measured, Outcome
from .kept import BadResults, Kept
from .letter import Unfair, readings, unfair
from .measuring import Asked, measure

__all__ = [
    "Asked",
    "BadResults",
    "BadSample",
    "Fate",
    "Kept",
    "Measured",
    "Outcome",
    "Unfair",
    "measure",
    "mutants_of",
    "readings",
    "sample",
    "unfair",
]
