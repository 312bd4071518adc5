"""Declared control variables and parameters of OTRv1."""

from __future__ import annotations

from otr_model.kernel.composition import Parameter
from otr_model.kernel.expr import Declare, Scope

PARAMETERS = (
    Parameter("max_instances", 0, "other clients of a correspondent: version 1 knows one"),
)

message = Declare(Scope.MESSAGE)
KIND = message.integer("kind", "which kind of message it is, as a number")
REPLY = message.flag("reply", "Reply: it answers a Key Exchange Message")
KEYID = message.integer("keyid", "keyid of the D-H key in a Key Exchange Message")
COUNTER = message.integer("counter", "top half of counter init")
MESSAGE_VARIABLES = (KIND, REPLY, KEYID, COUNTER)

session = Declare(Scope.MEMBER)
SENT = session.integer("sent", "last counter sent under the session's keys")
SEEN = session.integer("seen", "last counter accepted under the session's keys")

VARIABLES = (*MESSAGE_VARIABLES, SENT, SEEN)
