"""What an endpoint of OTRv3 has to keep, what it has to have forgotten, and what its user knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.otrv3.words import Auth, Keys, Msg, Smp
from otr_reference.otrv3 import notices
from otr_reference.otrv3.session import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.otrv3.session import Conversation, Session
    from otr_reference.otrv3.suite import Suite

__all__ = ["accepted", "unbelieved", "unkept"]


def unkept(session: Session) -> Iterator[str]:
    """What a session keeps and should not, or should keep and does not, in sentences."""
    private = session.message is Msg.ENCRYPTED
    if (session.ring is not None) is not private or (session.keys is Keys.HELD) is not private:
        yield f"there are{'' if session.ring else ' no'} keys in {session.message.name}"
    if not private and (session.ssid is not None or session.old_mac_keys is not None):
        yield "the secure session id or MAC keys outlive the conversation"
    in_smp = (session.smp_exponents, session.smp_secret, session.smp_points, session.smp_1_received)
    resting = session.smp is Smp.EXPECT1 and not session.smp_asked
    if (not private or resting) and any(value is not None for value in in_smp):
        yield f"values of SMP are kept in {session.message.name}, {session.smp.name}"
    if not private and not resting:
        yield f"SMP is underway in {session.message.name}"
    if session.ake is Auth.NONE and (session.r, session.pair, session.ake_keys) != (None,) * 3:
        yield "secrets of an exchange outlive it"
    if session.unrevealed != len(session.old_mac_keys or ()):
        yield f"{session.unrevealed} MAC keys are to be revealed, says the variable"
    for ours, theirs in ((0, 0), (0, 1), (1, 0), (1, 1)):
        used = bool(session.ring and session.ring.used[place(ours, theirs)] is not None)
        if used != getattr(session, f"used_{ours}_{theirs}"):
            yield f"the MAC key of ages {ours} and {theirs} was used, or was not"


def accepted(suite: Suite, session: Session) -> Iterator[str]:
    """MAC keys that are to be made public, and under which messages are accepted still."""
    ring, old = session.ring, session.old_mac_keys
    if ring is None or not old:
        return
    for ours in (ring.ours, ring.ours_previous):
        for theirs in (ring.theirs, ring.theirs_previous):
            if theirs is None:
                continue
            current = suite.data_keys(ours, theirs).receiving_mac
            if any(key == current for key in old):
                yield "a MAC key is to be revealed that it still accepts"


def unbelieved(before: Conversation, stepped: Stepped) -> Iterator[str]:
    """Sessions that are in another state after a step than their user has been told, if anything.

    What the user believed before is what was so before: every step is looked at.
    """
    believed = {key: session.message for key, session in before.members.items()}
    for output in stepped.outputs:
        match output:
            case notices.Secured():
                believed[output.instance] = Msg.ENCRYPTED
            case notices.PeerFinished():
                believed[output.instance] = Msg.FINISHED
            case notices.Insecure():
                believed[output.instance] = Msg.PLAINTEXT
            case _:
                pass
    for key, session in stepped.conversation.members.items():
        told = believed.get(key, Msg.PLAINTEXT)
        if session.message is not told:
            yield f"member {key:#x}: was told {told.name} and is in {session.message.name}"
