"""Flaws of OTRv1, which are in its tables as they are, and what cures them."""

from __future__ import annotations

from otr_model.kernel.history import Flaw, Origin
from otr_model.kernel.variant import NONE, EditRow, Override, Variant

from .ake import FRESH, REPLY
from .conditions import Cond
from .effects import Do
from .words import Connection

__all__ = ["CURES", "FLAWS"]

_TABLE = "otrv1.connection"
_SOURCE = "Mario Di Raimondo, Rosario Gennaro and Hugo Krawczyk, Secure Off-the-Record Messaging"
_WHERE = "version 1"
_CURED = "version 2: another exchange, a variant of SIGMA"

IDENTITY_MISBINDING = Flaw(
    "otrv1.flaw:identity-misbinding",
    "a signature covers the sender's D-H key, and says nothing about whom it is meant for",
    Origin.DESIGN,
    2005,
    _SOURCE,
    _WHERE,
    _CURED,
    NONE,
    "agreement",
    "replaces Alice's public key and signature by its own, on her D-H key, on the way to Bob",
    "Bob shares his keys with Alice, and is told that he talks to the attacker; what he says to "
    "the attacker is read by Alice as said to her",
    historical=True,
)
STOLEN_EXPONENT = Flaw(
    "otrv1.flaw:stolen-exponent",
    "a signature covers nothing of the other side, and so is as good in any other exchange",
    Origin.DESIGN,
    2005,
    _SOURCE,
    _WHERE,
    _CURED,
    NONE,
    "secrecy",
    "steals one exponent of Alice's, and sends her Key Exchange Message of that time to Bob",
    "Bob is told that he talks to Alice, and talks to the attacker: an exponent that was used "
    "once is worth as much as a long-term key",
    historical=True,
)

REFLECTED_KEY_EXCHANGE = Flaw(
    "otrv1.flaw:reflected-key-exchange",
    "what one has sent is as good as what the other has",
    Origin.DESIGN,
    2026,
    "the exploration of these tables",
    _WHERE,
    "version 2: the two sides of the exchange send and sign different things",
    NONE,
    "agreement",
    "sends Bob's own Key Exchange Message back to him",
    "Bob is told that he is private with his own key; nobody reads what he types",
    historical=True,
)

FLAWS: tuple[Flaw, ...] = (IDENTITY_MISBINDING, STOLEN_EXPONENT, REFLECTED_KEY_EXCHANGE)
"""All are in the tables of version 1."""

_UNTIL_ANSWERED = (
    EditRow(
        f"{_TABLE}:received.unconnected.key-exchange",
        do=(Do.NEW_PAIR, Do.TAKE_KEYS, Do.SEND_REPLY),
        goto=Connection.SETUP,
    ),
    EditRow(
        f"{_TABLE}:received.setup.key-exchange",
        when=FRESH & Cond.KNOWN,
        do=(Do.TAKE_KEYS, Do.SEND_REPLY),
        goto=Connection.SETUP,
    ),
    EditRow(
        f"{_TABLE}:received.setup.reply",
        when=REPLY & Cond.KNOWN,
        do=(Do.TAKE_KEYS, Do.SEND_REPLY, Do.TELL_SECURE),
    ),
    EditRow(f"{_TABLE}:received.connected.key-exchange", do=()),
    EditRow(f"{_TABLE}:received.connected.reply", do=()),
)
"""Nobody is private before a reply has come; a reply is answered with one. Who is under way with
somebody, or private, has nothing to do with others until the connection is reset."""

CURES: tuple[Variant, ...] = (
    Variant(
        "history sigma-mac",
        "a reply also signs a MAC of its sender's public key, with a key made from both D-H keys",
        (*_UNTIL_ANSWERED, Override("signed_value", "mac-of-identity")),
    ),
    Variant(
        "history peer-named",
        "a reply also signs the public key of whom it is meant for",
        (*_UNTIL_ANSWERED, Override("signed_value", "peer-named")),
    ),
)
"""What would have cured the misbinding, each by itself; the first cures the other flaws, too."""
