"""Moves of the AKE: how the target is led into a state, and what shows that it is there.

They come in two versions. In version 3 the session is that of the tester's
instance; in version 2 it is the master session, which has no tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_model.kernel.variant import NONE, Variant
from otr_model.otrv3.words import Auth
from otr_reference.otrv3.messages import (
    DhCommit,
    DhKey,
    Header,
    Identity,
    RevealSignature,
    SignatureMessage,
)

from .case import V2_ONLY, V3_ONLY, Level, case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otr_reference.otrv3.session import Policy

    from .case import Play
    from .stage import Stage

ONLY: Mapping[int, Policy] = {2: V2_ONLY, 3: V3_ONLY}
QUERIES: Mapping[int, str] = {2: "?OTRv2?", 3: "?OTRv3?"}
FORGERIES = ("D-H Key", "Reveal Signature", "Signature")
"""What `sends_forged` can send; a D-H Commit of nobody's is `forged_commit`."""


def declare(  # noqa: PLR0913 - one keyword for each thing that a case states
    name: str,
    about: str,
    play: Play,
    *,
    version: int = 3,
    target: Policy | None = None,
    tester: Policy | None = None,
    variant: Variant = NONE,
    needs: Iterable[str] = (),
    level: Level = Level.MUST,
) -> None:
    """Declare a case of a family.

    Args:
        name: its id.
        about: its description; line breaks do not matter.
        play: what happens.
        version: the version that is spoken; unless policies are given, both sides allow it alone.
            2, where the target's policy allows that alone.
        target: the target's policy.
        tester: the tester's policy.
        variant: how the tester deviates.
        needs: capabilities that the target needs.
        level: how strongly it is asked for.
    """
    if target is not None and target.allow_v2 and not target.allow_v3:
        version = 2
    play.__doc__ = about
    case(
        name,
        target=target or ONLY[version],
        tester=tester or ONLY[version],
        variant=variant,
        needs=set(needs),
        level=level,
        version=version,
    )(play)


def header(stage: Stage, version: int) -> Header:
    """The header of a message from the tester to the target."""
    if version == 3:  # noqa: PLR2004 - the version that has tags
        return Header(version, stage.tester.endpoint.config.our_tag, stage.target_tag)
    return Header(version, 0, 0)


def forged_commit(stage: Stage, head: Header) -> DhCommit:
    """A D-H Commit Message of nobody's."""
    suite, seed = stage.lab.suite, stage.lab.seed("nobody")
    commitment = suite.commit(suite.fresh_key(seed, 1), suite.fresh_pair(seed, 2).public)
    return DhCommit(head, commitment.encrypted, commitment.hashed)


def slug(kind: str) -> str:
    """A kind of message as a part of an id."""
    return kind.lower().replace("d-h", "dh").replace(" ", "-")


def forged(stage: Stage, kind: str, head: Header) -> DhKey | RevealSignature | SignatureMessage:
    """A message of nobody's, which fits no exchange and is right in form."""
    suite, config = stage.lab.suite, stage.tester.endpoint.config
    seed = stage.lab.seed("nobody")
    pair = suite.fresh_pair(seed, 3)
    if kind == "D-H Key":
        return DhKey(head, pair.public)
    keys = suite.ake_keys(pair.secret, pair.public).reveal
    value = suite.signed_value(keys.m1, pair.public, pair.public, config.public, 1)
    signature = suite.sign(config.signing, value, seed, 4)
    sealed = suite.seal_identity(keys.c, Identity(config.public, 1, signature))
    mac = suite.identity_mac(keys.m2, sealed)
    if kind == "Reveal Signature":
        return RevealSignature(head, suite.reveal(suite.fresh_key(seed, 1)), sealed, mac)
    return SignatureMessage(head, sealed, mac)


def sends_forged(stage: Stage, kind: str, version: int) -> None:
    """A message of nobody's reaches the target."""
    stage.sends(forged(stage, kind, header(stage, version)), f"a {kind} Message of nobody's")


def sends_key_out_of_range(stage: Stage, version: int) -> None:
    """A D-H Key Message with g^y = 1 reaches the target."""
    message = DhKey(header(stage, version), stage.lab.suite.outside())
    stage.sends(message, "a D-H Key Message with a key that is out of range")


def talk(stage: Stage) -> None:
    """Both users type, and everything is delivered."""
    stage.target_says("hello")
    stage.settle()
    stage.tester_says("hello yourself")
    stage.settle()


# The states of the AKE.


def comes_to_rest(stage: Stage, version: int) -> None:
    """AUTHSTATE_NONE, in a private conversation that the tester's D-H Commit began."""
    stage.tester_takes(QUERIES[version])
    stage.settle()


def awaits_dh_key(stage: Stage, version: int) -> None:
    """AUTHSTATE_AWAITING_DHKEY; the target's D-H Commit is on its way."""
    stage.arrives(QUERIES[version])
    if version == 3:  # noqa: PLR2004 - the instance takes part when it is first heard of
        sends_key_out_of_range(stage, version)


def awaits_reveal_signature(stage: Stage, version: int) -> None:
    """AUTHSTATE_AWAITING_REVEALSIG; the target's D-H Key is on its way."""
    stage.tester_takes(QUERIES[version])
    stage.to_target_delivers()


def awaits_signature(stage: Stage, version: int) -> None:
    """AUTHSTATE_AWAITING_SIG; the target's Reveal Signature is on its way."""
    stage.arrives(QUERIES[version])
    stage.to_tester_delivers()
    stage.to_target_delivers()


REACH: Mapping[Auth, Callable[[Stage, int], None]] = {
    Auth.NONE: comes_to_rest,
    Auth.AWAITING_DHKEY: awaits_dh_key,
    Auth.AWAITING_REVEALSIG: awaits_reveal_signature,
    Auth.AWAITING_SIG: awaits_signature,
}


def goes_on(stage: Stage, state: Auth, version: int) -> None:
    """What succeeds only in this state: the rest of the exchange, or a new one after the last.

    At rest, messages of nobody's come first, which are of interest in other states only.
    """
    if state is Auth.NONE:
        for kind in FORGERIES:
            sends_forged(stage, kind, version)
        stage.tester_takes(QUERIES[version])
    stage.settle()
    talk(stage)
