"""Version 3 inside the endpoints of OTRv4 that are explored.

A client that may speak both has an endpoint of version 3 inside. Where that is in a private
conversation, or in one that its peer has ended, the user is in that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from otr_check.explore.party import Claim, Deed, Standing
from otr_model.otrv3.words import Msg, Smp
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import (
    DataMessage,
    DhCommit,
    DhKey,
    RevealSignature,
    SignatureMessage,
)
from otr_reference.otrv3.session import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_check.terms import Term
    from otr_reference.otrv3.session import Conversation, Session
    from otr_reference.otrv4.session import Config as Config4

__all__ = ["NAMES", "claims_of", "current", "endpoint", "standings"]

NAMES: dict[type, str] = {
    DhCommit: "D-H Commit",
    DhKey: "D-H Key",
    RevealSignature: "Reveal Signature",
    SignatureMessage: "Signature",
    DataMessage: "Data",
}


def endpoint(suite: Any, config: Config4, name: str) -> Endpoint | None:  # noqa: ANN401 - terms or bytes
    """The endpoint of version 3 of a client that has a key of that version."""
    signing, public = config.keys.dsa, config.keys.dsa_public
    if signing is None or public is None:
        return None
    return Endpoint(
        suite,
        Config(
            signing,
            public,
            suite.seed(f"{name} version 3".encode()),
            config.our_tag,
            allow_v2=False,
            require_encryption=config.require_encryption,
            whitespace_start_ake=config.whitespace_start_dake,
            error_start_ake=config.error_start_dake,
        ),
    )


def current(conversation: Conversation | None) -> Session | None:
    """The session that the user is in, if it is private or was ended by its peer."""
    if conversation is None or conversation.current.message is Msg.PLAINTEXT:
        return None
    return conversation.current


def standings(
    suite: Any,  # noqa: ANN401 - terms or bytes
    conversation: Conversation | None,
    account: Callable[[object], str],
) -> Iterator[Standing]:
    """The sessions that are private, or were ended by their peers."""
    for tag, session in sorted(conversation.members.items()) if conversation else ():
        if session.message is not Msg.PLAINTEXT:
            yield Standing(
                tag,
                session.message is Msg.ENCRYPTED,
                session.message is Msg.FINISHED,
                account(session.peer) if session.peer is not None else "",
                cast("Term | None", session.ssid),
                None,
                frozenset(_accepts(suite, session)),
                smp=_smp(session),
            )


def _accepts(suite: Any, session: Session) -> Iterator[Term]:  # noqa: ANN401 - terms or bytes
    """The receiving MAC keys of every pair of keys that is held."""
    ring = session.ring
    if ring is None or session.message is not Msg.ENCRYPTED:
        return
    for ours in (ring.ours, ring.ours_previous):
        for theirs in (ring.theirs, ring.theirs_previous):
            if theirs is not None:
                yield suite.data_keys(ours, theirs).receiving_mac


def _smp(session: Session) -> str:
    """Who has to go on with SMP."""
    if session.smp_asked:
        return "user"
    return "" if session.smp is Smp.EXPECT1 else "peer"


def claims_of(message: object, conversation: Conversation | None) -> Iterator[Claim]:
    """What sending a message of version 3 means."""
    match message:
        case RevealSignature() | SignatureMessage() if conversation is not None:
            for session in conversation.members.values():
                ssid = session.ake_keys.ssid if session.ake_keys else session.ssid
                if ssid is not None:
                    yield Claim(Deed.RUNS, (ssid,))
        case DataMessage(revealed=revealed):
            term = cast("Any", revealed)
            parts = term.args if term.op.name == "CONCAT" else (term,)
            keys = tuple(part for part in parts if part.op.name == "KDF")
            if keys:
                yield Claim(Deed.REVEALED, keys)
        case _:
            pass
