"""The interactive DAKE: how it begins, what disturbs it, and how it ends.

Each state of `otrv4.dake` is met with every message of a DAKE: right, forged, of somebody who is
not trusted, unwelcome, late and repeated. Messages that are wrong in one thing are in
`negative_dake`, the non-interactive DAKE in `offline`.

A session takes part in a DAKE that an Identity message to all instances began once it hears from
its instance; that is why the target is led to WAITING_AUTH_R by a Query Message and a forgery.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V3_ONLY, V4_ONLY, Level, case
from otr_conformance.otrv4.scenes import (
    LONG_AGO,
    QUERY,
    ended,
    finished,
    hold_everything,
    private,
    talk,
    waits_for_auth_i,
    waits_for_auth_r,
)
from otr_conformance.otrv4.stage import TESTER_TAG, THIRD_TAG
from otr_model.kernel.variant import NONE, Variant
from otr_model.otrv4.words import Dake, Mode, Msg
from otr_reference.otrv4.messages import AuthI, AuthR, Header, Identity, NonInteractiveAuth
from otr_reference.otrv4.session import Policy
from otr_reference.otrv4.suite import PhiSide, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otr_conformance.otrv4.case import Play
    from otr_conformance.otrv4.stage import Stage
    from otr_reference.otrv4.messages import ClientProfile
    from otr_reference.sorts import Octets, RingSignature

IDENTITY, AUTH_R, AUTH_I = "Identity", "Auth-R", "Auth-I"
NON_INTERACTIVE_AUTH = "Non-Interactive-Auth"
FORGERIES = (IDENTITY, AUTH_R, AUTH_I, NON_INTERACTIVE_AUTH)
"""What `sends_forged` can send."""
STRANGER = "stranger"
"""Somebody whose fingerprint nobody has verified."""
TRUSTED_ONLY = Policy(allow_v3=False, require_authenticated=True)
INVITED_ONLY = Policy(allow_v3=False, identity_start_dake=False)
SOON = 60
"""Seconds for which a DAKE may well wait."""


def declare(  # noqa: PLR0913 - one keyword for each thing that a case states
    name: str,
    about: str,
    play: Play,
    *,
    target: Policy = V4_ONLY,
    tester: Policy = V4_ONLY,
    variant: Variant = NONE,
    mode: Mode = Mode.COMPATIBLE,
    trusts: bool = False,
    needs: Iterable[str] = (),
    level: Level = Level.MUST,
) -> None:
    """Declare a case of a family.

    Args:
        name: its id.
        about: its description; line breaks do not matter.
        play: what happens.
        target: the target's policy.
        tester: the tester's policy.
        variant: how the tester deviates.
        mode: the mode of both.
        trusts: the target's user has verified the tester's fingerprint.
        needs: capabilities that the target needs.
        level: how strongly it is asked for.
    """
    play.__doc__ = about
    case(
        name,
        target=target,
        tester=tester,
        variant=variant,
        mode=mode,
        trusts=trusts,
        needs=set(needs),
        level=level,
    )(play)


def slug(kind: str) -> str:
    """A kind of message as a part of an id."""
    return kind.lower()


# Messages that no participant of the exchange sends.


def header(stage: Stage, *, to_all: bool = False) -> Header:
    """The header of a message from the tester to the target, or to all its instances."""
    return Header(stage.tester.account.tag, 0 if to_all else stage.target_tag)


def profile_of(stage: Stage, name: str) -> ClientProfile:
    """The client profile of somebody at the tester's instance tag."""
    tester, cast = stage.tester.account, stage.cast
    return stage.lab.account(name, tester.tag, cast.tester, cast.mode).profiles[0]


def nobodys_identity(
    stage: Stage, *, to_all: bool = False, name: str = "tester", forged: bool = False
) -> Identity:
    """An Identity message that anybody can make: a profile that is public, and any keys.

    `forged`: somebody has changed the profile, so that its signature does not verify.
    """
    suite, seed = stage.lab.suite, stage.lab.seed("nobody")
    profile = profile_of(stage, name)
    if forged:
        profile = replace(profile, signature=suite.garble_signature(profile.signature))
    ecdh, dh = suite.fresh_ecdh(seed, 1), suite.fresh_dh(seed, 2)
    first, first_dh = suite.fresh_ecdh(seed, 3), suite.fresh_dh(seed, 4)
    head = header(stage, to_all=to_all)
    return Identity(head, profile, ecdh.public, dh.public, first.public, first_dh.public)


def _signed(stage: Stage, what: Octets) -> RingSignature:
    """A ring signature of the tester's, over what nobody asked for."""
    suite, account = stage.lab.suite, stage.tester.account
    seed, profile = stage.lab.seed("nobody"), account.profiles[0]
    ring = (profile.public_key, profile.forging_key, suite.fresh_ecdh(seed, 1).public)
    return suite.ring_sign(ring, account.keys.secret, what, seed, 5)


def forged(stage: Stage, kind: str) -> Identity | AuthR | AuthI | NonInteractiveAuth:
    """A message of nobody's to the target, which is right in form and proves nothing."""
    if kind == IDENTITY:
        return nobodys_identity(stage, forged=True)
    suite, seed, head = stage.lab.suite, stage.lab.seed("nobody"), header(stage)
    some = nobodys_identity(stage)
    firsts = some.first_ecdh, some.first_dh
    sigma = _signed(stage, stage.lab.text("nothing"))
    if kind == AUTH_R:
        return AuthR(head, some.profile, some.y, some.b, sigma, *firsts)
    if kind == AUTH_I:
        return AuthI(head, sigma)
    x, a = suite.fresh_ecdh(seed, 1), suite.fresh_dh(seed, 2)
    offline = suite.mixed_by_retriever(x.secret, a.secret, some.y, some.b, some.y, some.y)
    side = PhiSide(head.sender, *firsts)
    script = Transcript(
        some.profile, some.profile, some.y, some.y, some.b, some.b, suite.phi(side, side)
    )
    mac = suite.auth_mac(offline.mac_key, suite.non_interactive_bound(script, some.y))
    return NonInteractiveAuth(head, some.profile, some.y, some.b, sigma, 1, mac, *firsts)


def sends_forged(stage: Stage, kind: str) -> None:
    """A message of nobody's reaches the target."""
    stage.sends(forged(stage, kind), f"{kind} of nobody's")


def sends_strangers_identity(stage: Stage) -> None:
    """The Identity message of somebody whom the target's user does not know reaches the target."""
    stage.sends(nobodys_identity(stage, name=STRANGER), "Identity of a stranger")


def sends_nobodys_identity(stage: Stage, *, to_all: bool = False) -> None:
    """An Identity message with the tester's profile, which is public, reaches the target."""
    to = "to all" if to_all else "to one"
    stage.sends(nobodys_identity(stage, to_all=to_all), f"Identity {to}, of nobody's")


# The states of the DAKE in the session of the tester's instance, wherever its message state is.


def comes_to_rest(_stage: Stage) -> None:
    """IDLE."""


def awaits_auth_r(stage: Stage) -> None:
    """WAITING_AUTH_R; the target's Identity message is on its way."""
    stage.arrives(QUERY)
    sends_forged(stage, IDENTITY)


def awaits_auth_i(stage: Stage) -> None:
    """WAITING_AUTH_I; the target's Auth-R message is on its way."""
    stage.tester_takes(QUERY)
    stage.to_target_delivers()


def rests(stage: Stage) -> None:
    """START, after a conversation that is over, where what the user types is sent as plaintext.

    A text that is typed belongs to the session of the tester's instance.
    """
    ended(stage)
    stage.target_says("in the clear")
    stage.settle()


REACH: Mapping[Dake, Callable[[Stage], None]] = {
    Dake.IDLE: comes_to_rest,
    Dake.WAITING_AUTH_R: awaits_auth_r,
    Dake.WAITING_AUTH_I: awaits_auth_i,
}
STANDING: Mapping[Msg, Callable[[Stage], None]] = {
    Msg.START: rests,
    Msg.ENCRYPTED_MESSAGES: private,
    Msg.FINISHED: finished,
}
IN_STATE: Mapping[Msg, str] = {
    Msg.START: "without a private conversation",
    Msg.ENCRYPTED_MESSAGES: "beside a private conversation",
    Msg.FINISHED: "after the peer has ended the conversation",
}


def goes_on(stage: Stage, state: Dake) -> None:
    """What succeeds only in this state: the rest of the exchange, or a new one.

    At rest a text comes first, which waits in the other states, where nothing is private.
    """
    if state is Dake.IDLE:
        stage.target_says("still in the clear")
        stage.tester_starts()
    stage.settle()
    talk(stage)


def begins_anew(stage: Stage) -> None:
    """The tester begins another DAKE by an Identity message to all, and it succeeds."""
    stage.tester_takes(QUERY)
    stage.settle()
    talk(stage, "once more", "gladly")


# How it begins. Sections "Starting a conversation interactively", "Interactive DAKE Overview".


def _starts_in(state: Dake) -> Play:
    def play(stage: Stage) -> None:
        ended(stage)
        if state is Dake.WAITING_AUTH_R:
            stage.target_starts_dake()
        else:
            REACH[state](stage)
        hold_everything(stage)
        stage.tester_forgets()
        stage.target_starts_dake()
        stage.settle()
        talk(stage)

    return play


for _state in Dake:
    declare(
        f"dake.starts-in-{_state.label}",
        f"""Sends an Identity message with new keys to the peer's instance when its user starts a
        conversation interactively in {_state.name}, and becomes private when it is answered.""",
        _starts_in(_state),
        needs={"otrv4-dake"},
    )


@case("dake.starts-beside-private", needs={"otrv4-dake"})
def starts_beside_private(stage: Stage) -> None:
    """Ends the private conversation with a TLV of type 1 before its user's new DAKE begins.

    The text only says so after an offline conversation; to the letter, elsewhere the Identity
    message is all.
    """
    private(stage)
    stage.target_starts_dake()
    stage.settle()
    talk(stage)


# Identity messages in every state: section "Receiving an Identity Message".


def _identity_in(standing: Msg) -> Play:
    def play(stage: Stage) -> None:
        if standing is not Msg.START:
            STANDING[standing](stage)
        stage.tester_takes(QUERY)
        stage.to_target_delivers()
        stage.target_says("before it is complete")
        stage.settle()
        talk(stage)
        begins_anew(stage)

    return play


for _standing in (Msg.ENCRYPTED_MESSAGES, Msg.FINISHED):
    declare(
        f"dake.identity-in-{_standing.label}",
        f"""Answers an Identity message {IN_STATE[_standing]} with an Auth-R message, and replaces
        the keys when an Auth-I message proves who sent it. What its user types meanwhile is
        treated as before; to the letter it waits for the Auth-I message.""",
        _identity_in(_standing),
    )


@case("dake.identity-of-nobodys-when-private")
def identity_of_nobodys_when_private(stage: Stage) -> None:
    """Answers an Identity message that anybody could have made, and stays private.

    To the letter it leaves ENCRYPTED_MESSAGES, and one message of nobody's keeps both users from
    talking.
    """
    private(stage)
    sends_nobodys_identity(stage)
    hold_everything(stage)
    talk(stage)
    sends_forged(stage, AUTH_I)
    talk(stage)


@case("dake.identity-for-any-in-waiting-auth-i")
def identity_for_any_in_waiting_auth_i(stage: Stage) -> None:
    """Ignores an Identity message to all instances in WAITING_AUTH_I, and stays there.

    There it must have our own instance tag. The Auth-I message for the first is accepted.
    """
    awaits_auth_i(stage)
    sends_nobodys_identity(stage, to_all=True)
    stage.settle()
    talk(stage)


@case("dake.identity-anew-in-waiting-auth-i")
def identity_anew_in_waiting_auth_i(stage: Stage) -> None:
    """Answers a new Identity message to its own instance in WAITING_AUTH_I.

    The new Auth-R message is made with the keys that it brings, and that exchange succeeds.
    """
    ended(stage)
    stage.tester_starts_dake()
    stage.to_target_delivers()
    stage.tester_starts_dake()
    stage.to_target_delivers()
    stage.settle()
    talk(stage)


@case("dake.identity-of-nobodys-in-waiting-auth-i")
def identity_of_nobodys_in_waiting_auth_i(stage: Stage) -> None:
    """Answers an Identity message of nobody's in WAITING_AUTH_I, as the text has it.

    What it answered before is forgotten: its Auth-I message is refused. A new DAKE succeeds.
    """
    ended(stage)
    awaits_auth_i(stage)
    sends_nobodys_identity(stage)
    stage.to_tester_loses(1)
    stage.settle()
    stage.target_says("not to be sent in the clear")
    stage.tester_forgets()
    stage.tester_starts()
    stage.settle()
    talk(stage)


# Two Identity messages that cross.


@case("dake.crossed-ours-higher")
def crossed_ours_higher(stage: Stage) -> None:
    """Sends its Identity message again where another crosses it, and its own hashed B is higher.

    The other is ignored. It becomes private when its own is answered.
    """
    waits_for_auth_r(stage)
    stage.tester_offers(higher=False)
    stage.to_target_delivers()
    stage.to_tester_loses()
    stage.settle()
    talk(stage)


@case("dake.crossed-ours-higher-first-copy-answered")
def crossed_ours_higher_first_copy_answered(stage: Stage) -> None:
    """Accepts the answer to the first copy of an Identity message that it sent again.

    Its own hashed B is the higher. A second answer comes too late, and changes nothing.
    """
    waits_for_auth_r(stage)
    stage.tester_offers(higher=False)
    stage.to_target_delivers()
    stage.to_tester_delivers()
    stage.to_target_delivers()
    stage.to_tester_delivers(1)
    stage.settle()
    talk(stage)
    begins_anew(stage)


@case("dake.crossed-theirs-higher-old-offer-answered")
def crossed_theirs_higher_old_offer_answered(stage: Stage) -> None:
    """Ignores an answer to its own Identity message once it has answered that of the peer.

    The two crossed, and the peer's hashed B is higher.
    """
    waits_for_auth_r(stage)
    stage.to_tester_delivers(keep=True)
    late = stage.to_target.pop()
    stage.tester_forgets()
    stage.tester_offers(higher=True)
    stage.to_target_delivers()
    stage.to_tester_loses()
    stage.reaches_target(late)
    stage.settle()
    talk(stage)


@case("dake.crossed-theirs-higher-first-answer-lost")
def crossed_theirs_higher_first_answer_lost(stage: Stage) -> None:
    """Answers the higher of two Identity messages that crossed, and again when it is resent.

    The second is to its own instance. Where the first answer is lost, the second counts.
    """
    waits_for_auth_r(stage)
    stage.tester_offers(higher=True)
    stage.to_target_delivers()
    stage.to_tester_loses(1)
    stage.settle()
    talk(stage)


# Forged messages in every state.


def _forged_in(kind: str, state: Dake, standing: Msg) -> Play:
    def play(stage: Stage) -> None:
        if standing is not Msg.START or state is Dake.IDLE:
            STANDING[standing](stage)
        if state is Dake.WAITING_AUTH_R and kind == IDENTITY:
            stage.arrives(QUERY)
        else:
            REACH[state](stage)
        sends_forged(stage, kind)
        if standing is Msg.ENCRYPTED_MESSAGES:
            stage.tester_says("nothing has changed")
            stage.to_target_delivers(-1)
            if state is Dake.IDLE:
                stage.tester_takes(QUERY)
            stage.settle()
            stage.tester_says("under new keys")
            stage.settle()
        else:
            goes_on(stage, state)

    return play


for _state in Dake:
    for _kind in FORGERIES:
        declare(
            f"dake.forged-{slug(_kind)}-in-{_state.label}",
            f"""Ignores a forged {_kind} message in {_state.name}, and stays there: what belongs
            there still succeeds.""",
            _forged_in(_kind, _state, Msg.START),
        )
    declare(
        f"dake.forged-non-interactive-auth-beside-private-in-{_state.label}",
        f"""Ignores a forged Non-Interactive-Auth message in {_state.name} beside a private
        conversation, which goes on, and stays there. To the letter all state is forgotten before
        the message is validated.""",
        _forged_in(NON_INTERACTIVE_AUTH, _state, Msg.ENCRYPTED_MESSAGES),
    )

# Messages that come again, or late.


def _replayed(kind: str) -> Play:
    def play(stage: Stage) -> None:
        if kind == AUTH_R:
            waits_for_auth_r(stage)
            stage.to_tester_delivers()
        else:
            waits_for_auth_i(stage)
            stage.to_tester_delivers()
        wire = stage.to_target[0]
        stage.settle()
        stage.reaches_target(wire)
        talk(stage)
        stage.target_ends()
        stage.settle()
        stage.target_says("in the clear")
        stage.reaches_target(wire)
        goes_on(stage, Dake.IDLE)

    return play


for _kind in (AUTH_R, AUTH_I):
    declare(
        f"dake.{slug(_kind)}-replayed",
        f"""Ignores an {_kind} message that comes again, while the conversation is private and after
        it has ended.""",
        _replayed(_kind),
    )


@case("dake.auth-i-before-its-auth-r")
def auth_i_before_its_auth_r(stage: Stage) -> None:
    """Ignores an Auth-I message of the last conversation in WAITING_AUTH_R and WAITING_AUTH_I.

    It becomes private by what belongs there.
    """
    waits_for_auth_i(stage)
    stage.to_tester_delivers()
    old = stage.to_target[0]
    stage.settle()
    stage.target_ends()
    stage.settle()
    awaits_auth_r(stage)
    stage.reaches_target(old)
    stage.settle()
    stage.target_ends()
    stage.settle()
    awaits_auth_i(stage)
    stage.reaches_target(old)
    stage.settle()
    talk(stage)


# Several instances, and an Identity message that went to all of them.


@case("dake.offer-answered-by-two")
def offer_answered_by_two(stage: Stage) -> None:
    """Becomes private with each of two instances that answer its Identity message to all."""
    stage.arrives(QUERY)
    stage.to_tester_delivers(keep=True)
    stage.to_target_delivers()
    stage.tester_at(THIRD_TAG)
    stage.to_tester_delivers()
    stage.to_target_delivers()
    stage.tester_at(TESTER_TAG)
    stage.to_tester_delivers()
    stage.tester_says("from the first")
    stage.to_target_delivers()
    stage.tester_at(THIRD_TAG)
    stage.settle()
    talk(stage)


@case("dake.offer-over")
def offer_over(stage: Stage) -> None:
    """Ignores a second instance's answer to its Identity message once it has made new keys.

    It has made them in the conversation with the first instance: the keys of that Identity message
    are gone by then.
    """
    stage.target_says("in the clear")
    hold_everything(stage)
    stage.arrives(QUERY)
    stage.to_tester_delivers(keep=True)
    offer = stage.to_tester.pop(0)
    stage.settle()
    talk(stage)
    talk(stage)
    stage.to_tester.append(offer)
    stage.tester_at(THIRD_TAG)
    stage.to_tester_delivers()
    stage.to_target_delivers()
    stage.tester_at(TESTER_TAG)
    talk(stage)
    stage.target_ends()
    stage.settle()
    goes_on(stage, Dake.IDLE)


@case("dake.offer-not-over")
def offer_not_over(stage: Stage) -> None:
    """Keeps an unanswered Identity message to all open while it makes new keys.

    It makes them in a private conversation, and is private anew when the message is answered.
    """
    private(stage)
    talk(stage)
    stage.arrives(QUERY)
    identity = stage.to_tester.pop()
    talk(stage)
    stage.to_tester.append(identity)
    stage.settle()
    talk(stage)


@case("dake.offer-renewed-in-waiting-auth-r")
def offer_renewed_in_waiting_auth_r(stage: Stage) -> None:
    """Accepts the answer to its latest Identity message to all.

    The instance took part in the exchange that an earlier one began.
    """
    awaits_auth_r(stage)
    stage.arrives(QUERY)
    stage.to_tester_loses()
    stage.settle()
    talk(stage)


# Trust: OTRNG_REQUIRE_AUTHENTICATED.


def becomes(stage: Stage, name: str) -> None:
    """The tester is somebody, who knows of nothing that happened."""
    stage.tester_becomes(name)
    stage.tester_forgets()


def _trusted(begin: Callable[[Stage], None]) -> Play:
    def play(stage: Stage) -> None:
        begin(stage)
        stage.settle()
        talk(stage)

    return play


def _identity_of_stranger_in(state: Dake) -> Play:
    def play(stage: Stage) -> None:
        if state is Dake.IDLE:
            rests(stage)
        REACH[state](stage)
        sends_strangers_identity(stage)
        goes_on(stage, state)

    return play


for _name, _role, _begin in (
    ("answers", "the Identity message", waits_for_auth_i),
    ("begins", "the Auth-R message", waits_for_auth_r),
):
    declare(
        f"dake.trusted-{_name}",
        f"""Accepts {_role} of somebody whose fingerprint its user has verified where
        OTRNG_REQUIRE_AUTHENTICATED is set, and becomes private.""",
        _trusted(_begin),
        target=TRUSTED_ONLY,
        trusts=True,
        needs={"policy", "otrv4-trusted"},
    )
    declare(
        f"dake.untrusted-{_name}",
        f"""Ignores {_role} of somebody whose fingerprint its user has not verified where
        OTRNG_REQUIRE_AUTHENTICATED is set.""",
        _trusted(_begin),
        target=TRUSTED_ONLY,
        needs={"policy"},
    )
for _state in Dake:
    declare(
        f"dake.untrusted-identity-in-{_state.label}",
        f"""Ignores the Identity message of somebody whose fingerprint its user has not verified in
        {_state.name}, where OTRNG_REQUIRE_AUTHENTICATED is set, and stays there: what belongs there
        still succeeds.""",
        _identity_of_stranger_in(_state),
        target=TRUSTED_ONLY,
        trusts=True,
        needs={"policy", "otrv4-trusted"},
    )


@case(
    "dake.untrusted-auth-r",
    target=TRUSTED_ONLY,
    trusts=True,
    needs={"policy", "otrv4-trusted"},
)
def untrusted_auth_r(stage: Stage) -> None:
    """Ignores the Auth-R message of somebody whose fingerprint its user has not verified.

    OTRNG_REQUIRE_AUTHENTICATED is set. That of somebody whose fingerprint is verified is
    accepted.
    """
    waits_for_auth_r(stage)
    stage.tester_becomes(STRANGER)
    stage.to_tester_delivers(keep=True)
    stage.to_target_delivers()
    becomes(stage, "tester")
    stage.settle()
    talk(stage)


# Invitations: OTRNG_IDENTITY_START_DAKE, and a policy without version 4.


@case("dake.not-welcome-in-idle", target=INVITED_ONLY, needs={"policy"})
def not_welcome_in_idle(stage: Stage) -> None:
    """Ignores an Identity message that nobody asked for, and stays in IDLE.

    OTRNG_IDENTITY_START_DAKE is not set. That there was a private conversation before does not
    matter.
    """
    rests(stage)
    sends_nobodys_identity(stage)
    goes_on(stage, Dake.IDLE)


@case("dake.welcome-in-waiting-auth-r", target=INVITED_ONLY, needs={"policy"})
def welcome_in_waiting_auth_r(stage: Stage) -> None:
    """Answers an Identity message that crosses its own where the peer's hashed B is higher.

    OTRNG_IDENTITY_START_DAKE is not set, but its own Identity message has asked for the exchange.
    """
    waits_for_auth_r(stage)
    stage.tester_offers(higher=True)
    stage.settle()
    talk(stage)


@case("dake.not-welcome-in-waiting-auth-i", target=INVITED_ONLY, needs={"policy"})
def not_welcome_in_waiting_auth_i(stage: Stage) -> None:
    """Ignores another Identity message in WAITING_AUTH_I, and stays there.

    OTRNG_IDENTITY_START_DAKE is not set, and another instance has accepted the invitation since.
    """
    stage.target_starts()
    stage.to_tester_delivers(keep=True)
    stage.to_target_delivers()
    answer = stage.to_tester.pop()
    stage.tester_at(THIRD_TAG)
    stage.settle()
    stage.tester_at(TESTER_TAG)
    sends_nobodys_identity(stage)
    stage.to_tester.append(answer)
    stage.settle()
    talk(stage)


def _invited(then: Play) -> Play:
    """Somebody answers an invitation; before that is complete, another Identity message arrives."""

    def play(stage: Stage) -> None:
        ended(stage)
        stage.target_starts()
        stage.to_tester_loses()
        stage.tester_starts_dake()
        stage.to_target_delivers(keep=True)
        then(stage)
        stage.settle()
        talk(stage)

    return play


def _anew(stage: Stage) -> None:
    stage.to_target_loses()
    stage.tester_starts_dake()
    stage.to_target_delivers()


for _name, _what, _then in (
    ("repeated", "Repeats its Auth-R message where the same Identity message comes", comes_to_rest),
    ("anew", "Answers a new Identity message of the same instance", _anew),
    ("forged", "Ignores a forged Identity message", partial(sends_forged, kind=IDENTITY)),
    ("stranger", "Ignores the Identity message of a stranger", sends_strangers_identity),
):
    declare(
        f"dake.invited-and-identity-{_name}",
        f"""{_what} in WAITING_AUTH_I, as long as nobody else has accepted its invitation. The
        exchange succeeds. OTRNG_IDENTITY_START_DAKE is not set.""",
        _invited(_then),
        target=Policy(
            allow_v3=False,
            identity_start_dake=False,
            require_authenticated=_name == "stranger",
        ),
        trusts=_name == "stranger",
        needs={"policy", "otrv4-trusted"} if _name == "stranger" else {"policy"},
    )


@case(
    "dake.forged-non-interactive-auth-to-interactive-only",
    target=TRUSTED_ONLY,
    trusts=True,
    mode=Mode.INTERACTIVE_ONLY,
    needs={"policy", "otrv4-trusted", "otrv4-mode"},
)
def forged_non_interactive_auth_to_interactive_only(stage: Stage) -> None:
    """Ignores a Non-Interactive-Auth message in WAITING_AUTH_I, in the mode without them.

    OTRNG_REQUIRE_AUTHENTICATED is set. The exchange succeeds.
    """
    waits_for_auth_i(stage)
    sends_forged(stage, NON_INTERACTIVE_AUTH)
    stage.settle()
    talk(stage)


@case("dake.version-4-not-allowed", target=V3_ONLY, needs={"tag"})
def version_4_not_allowed(stage: Stage) -> None:
    """Ignores every message of a DAKE where the policy does not allow version 4."""
    sends_nobodys_identity(stage)
    for kind in FORGERIES:
        sends_forged(stage, kind)
    stage.target_says("in the clear")


# How it ends before it has succeeded: by the user, or by the clock.


def _abandoned(late: str, abandon: Callable[[Stage], None]) -> Play:
    """Two DAKEs are in progress; what belongs to one of them comes when both are abandoned."""

    def play(stage: Stage) -> None:
        rests(stage)
        awaits_auth_i(stage)
        stage.to_tester_delivers()
        stage.arrives(QUERY)
        stage.tester_at(THIRD_TAG)
        stage.to_tester_delivers()
        stage.tester_at(TESTER_TAG)
        auth_i, auth_r = stage.to_target
        hold_everything(stage)
        abandon(stage)
        stage.target_says("still in the clear")
        stage.reaches_target(auth_i if late == AUTH_I else auth_r)
        hold_everything(stage)
        stage.tester_forgets()
        stage.tester_starts()
        stage.settle()
        talk(stage)

    return play


def _at_rest(abandon: Callable[[Stage], None]) -> Play:
    def play(stage: Stage) -> None:
        rests(stage)
        abandon(stage)
        goes_on(stage, Dake.IDLE)

    return play


def _target_ends(stage: Stage) -> None:
    stage.target_ends()


def _long(stage: Stage) -> None:
    stage.wait(LONG_AGO)


def _not_long(state: Dake) -> Play:
    def play(stage: Stage) -> None:
        REACH[state](stage)
        stage.wait(SOON)
        goes_on(stage, state)

    return play


for _state, _late in ((Dake.WAITING_AUTH_R, AUTH_R), (Dake.WAITING_AUTH_I, AUTH_I)):
    declare(
        f"dake.user-ends-in-{_state.label}",
        f"""Abandons the DAKEs in progress, one in WAITING_AUTH_R and one in WAITING_AUTH_I, when
        its user ends the conversation: what is typed does not wait any longer, and an {_late}
        message comes too late. To the letter ending does nothing there, and the conversation
        becomes private a moment later.""",
        _abandoned(_late, _target_ends),
    )
    declare(
        f"dake.stale-in-{_state.label}",
        f"""Abandons DAKEs that have been in WAITING_AUTH_R and in WAITING_AUTH_I for an hour: what
        is typed does not wait any longer, and an {_late} message comes too late. To the letter a
        DAKE waits for ever.""",
        _abandoned(_late, _long),
        needs={"otrv4-clock"},
    )
    declare(
        f"dake.not-stale-in-{_state.label}",
        f"""Goes on with a DAKE that has been in {_state.name} for a minute: what belongs there is
        accepted.""",
        _not_long(_state),
        needs={"otrv4-clock"},
    )
declare(
    "dake.user-ends-in-idle",
    """Does nothing when its user ends a conversation that is over: what is typed goes out in the
    clear as before, and a new DAKE succeeds.""",
    _at_rest(_target_ends),
)
declare(
    "dake.stale-in-idle",
    """Waits for nothing where no DAKE is in progress, however long: what is typed goes out in the
    clear as before, and a new DAKE succeeds.""",
    _at_rest(_long),
    needs={"otrv4-clock"},
)


@case("dake.user-ends-private-beside-dake")
def user_ends_private_beside_dake(stage: Stage) -> None:
    """Abandons the DAKE beside a private conversation when its user ends that.

    The Auth-I message comes too late.
    """
    private(stage)
    awaits_auth_i(stage)
    stage.to_tester_delivers()
    late = stage.to_target.pop()
    stage.target_ends()
    hold_everything(stage)
    stage.reaches_target(late)
    stage.target_says("in the clear")
    stage.tester_forgets()
    begins_anew(stage)


# Modes without plaintext.

for _mode in (Mode.STANDALONE, Mode.INTERACTIVE_ONLY):
    for _who in ("begins", "answers"):
        declare(
            f"dake.{_mode.label}-{_who}",
            f"""{"Sends" if _who == "begins" else "Answers"} an Identity message in the mode
            {_mode.label}, {
                "when its user asks for a private conversation"
                if _who == "begins"
                else "without having been asked"
            }, and becomes private.""",
            _trusted(lambda stage: stage.target_starts())
            if _who == "begins"
            else _trusted(waits_for_auth_i),
            mode=_mode,
            needs={"otrv4-mode"},
        )
