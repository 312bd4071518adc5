"""What an endpoint of OTRv4 has to keep, and what it has to have forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.otrv4.words import Dake, Msg, Smp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_reference.otrv4.session import Session

__all__ = ["unkept"]


def unkept(session: Session) -> Iterator[str]:
    """What a session keeps and should not, or should keep and does not, in sentences."""
    private = session.message is Msg.ENCRYPTED_MESSAGES
    if (session.chain is not None) is not private:
        yield f"there are{'' if session.chain else ' no'} keys in {session.message.name}"
    if not private and session.ssid is not None:
        yield f"the secure session id is kept in {session.message.name}"
    if not private and (session.old_mac_keys or session.outbox):
        yield f"MAC keys, or messages that were to be sent, are kept in {session.message.name}"
    if session.dake is Dake.IDLE and any((session.our_keys, session.their_keys, session.mixed)):
        yield "secrets of a DAKE outlive it"
    resting = session.smp is Smp.EXPECT1 and not session.smp_asked
    in_smp = (session.smp_exponents, session.smp_secret, session.smp_points, session.smp_bases)
    if (not private or resting) and any(value is not None for value in in_smp):
        yield f"values of SMP are kept in {session.message.name}, {session.smp.name}"
    if not private and not resting:
        yield f"SMP is underway in {session.message.name}"
    if session.unrevealed != len(session.old_mac_keys or ()):
        yield f"{session.unrevealed} MAC keys are to be revealed, says the variable"
    if session.chain is not None and session.skipped != len(session.chain.skipped):
        yield f"{session.skipped} message keys are skipped, says the variable"
