"""The typed errors: what a caller can count on."""

from __future__ import annotations

import copy
import pickle

from otr_reference.errors import Malformed, OtrSpecError


def test_malformed_names_the_field_and_the_reason() -> None:
    error = Malformed(field="q", reason="is not prime")
    assert (error.field, error.reason, str(error)) == ("q", "is not prime", "q: is not prime")
    assert isinstance(error, OtrSpecError)


def test_malformed_survives_copying_and_pickling() -> None:
    error = Malformed("line 3: trust", "is not UTF-8")
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own
        assert isinstance(again, Malformed)
        assert (again.field, again.reason, str(again)) == (error.field, error.reason, str(error))
