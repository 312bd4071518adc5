"""The root of every error that this project raises on purpose.

Code that reads what somebody else wrote (a message, a key file, a key store) raises nothing
but these: a caller that catches `OtrSpecError` has caught all of it.

Raise `Malformed` by keyword, `raise Malformed(field="q", reason="is not prime")`: the two then
read in one breath, and a reason can be found by searching for it.
"""

from __future__ import annotations

__all__ = ["Malformed", "OtrSpecError"]


class OtrSpecError(Exception):
    """The base of our typed errors; it is never raised itself."""


class Malformed(OtrSpecError):
    """What was read does not have the form that its specification or file format asks for.

    Attributes:
        field: The name of the field at fault, as the specification or the file format spells it.
        reason: What is wrong with it, in one plain phrase. It never quotes a secret.
    """

    field: str
    reason: str

    def __init__(self, field: str, reason: str) -> None:
        # Both go to the base class, so that the error survives pickling and copying.
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"
