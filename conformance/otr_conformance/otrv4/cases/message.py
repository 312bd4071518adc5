"""What happens to what the user types, and what the user is shown, in each message state.

Section "The Protocol State Machine", as far as START, ENCRYPTED_MESSAGES and FINISHED decide it,
under every policy and in every mode that makes a difference.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V3_ONLY, V4_ONLY, Level, case
from otr_conformance.otrv4.scenes import (
    ROLES,
    again,
    ended,
    finished,
    hold_everything,
    nothing,
    private,
    private_as_publisher,
    private_as_responder,
    talk,
    waits_for_auth_i,
    waits_for_auth_r,
)
from otr_conformance.otrv4.stage import THIRD_TAG
from otr_conformance.play.stage import Stuck
from otr_model.otrv4.words import Mode
from otr_reference.otrv4.messages import (
    Disconnected,
    ErrorMessage,
    TaggedPlaintext,
    UnknownTlv,
)
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_conformance.otrv4.stage import Stage
    from otr_reference.sorts import Wire

    Scene = Callable[[Stage], None]

VERSIONS: dict[str, tuple[bool, bool]] = {
    "v3": (True, False),
    "v4": (False, True),
    "v3-and-v4": (True, True),
}
"""What a policy allows: version 3, version 4."""
BOTH = Policy()
DISABLED = Policy(allow_v3=False, allow_v4=False)
STATES: dict[str, Scene] = {
    "start": nothing,
    "private": private,
    "finished": finished,
    "ended": ended,
}
"""How the target gets into START, ENCRYPTED_MESSAGES, FINISHED, and START once more."""
PLACES = {
    "start": "before anything has happened",
    "private": "in a private conversation",
    "finished": "once the peer has ended the conversation",
    "ended": "once the user has ended the conversation",
}
MODES = {"standalone": Mode.STANDALONE, "interactive-only": Mode.INTERACTIVE_ONLY}
IGNORE_UNREADABLE = 0x01
MANY = 101
"""One text more than may wait."""
FILE = 0x46494C45


def allowing(versions: str, **words: bool) -> Policy:
    """A policy that allows some versions, with other words of it."""
    allow_v3, allow_v4 = VERSIONS[versions]
    return Policy(allow_v3=allow_v3, allow_v4=allow_v4, **words)


def declare(  # noqa: PLR0913 - one keyword for each thing that a case states
    name: str,
    about: str,
    play: Scene,
    *,
    target: Policy = V4_ONLY,
    tester: Policy = V4_ONLY,
    mode: Mode = Mode.COMPATIBLE,
    knows: bool = False,
    trusts: bool = False,
    needs: Iterable[str] = (),
    level: Level = Level.MUST,
) -> None:
    """Declare a case of a family; what its cast asks of a target is added to what it needs."""
    cast = {
        "policy": target != Policy(target.allow_v3, target.allow_v4),
        "otrv4-mode": mode is not Mode.COMPATIBLE,
        "otrv4-known-profile": knows,
        "otrv4-trusted": trusts,
    }

    def played(stage: Stage) -> None:
        play(stage)

    played.__doc__ = about
    case(
        name,
        target=target,
        tester=tester,
        mode=mode,
        knows=knows,
        trusts=trusts,
        needs={*needs, *(word for word, asked in cast.items() if asked)},
        level=level,
    )(played)


# What shows where the target stands.


def look(stage: Stage, state: str) -> None:
    """Where the target stands, and a new beginning where it is in no private conversation.

    In START a plaintext needs no warning; in ENCRYPTED_MESSAGES no Query Message is sent.
    """
    if state == "private":
        stage.target_says("where am I?")
        stage.settle()
        talk(stage)
        return
    stage.arrives("in the clear")
    stage.target_starts()
    hold_everything(stage)
    again(stage)


def look_strictly(stage: Stage) -> None:
    """The same where every plaintext is warned of, for a policy with ERROR_START_DAKE.

    An Error Message is answered with a Query Message in START, and else with an Identity message.
    """
    shows_error(stage)
    stage.target_starts()
    hold_everything(stage)
    again(stage)


def look_in_mode(stage: Stage, state: str) -> None:
    """The same in the standalone mode, which knows no plaintext and no Query Messages.

    A Non-Interactive-Auth message is ignored in FINISHED only.
    """
    if state == "private":
        look(stage, state)
        return
    stage.target_starts()
    hold_everything(stage)
    stage.tester_starts_offline()
    stage.settle()
    if state != "finished":
        talk(stage)


ERRORS = {
    "unreadable": (1, "Unreadable message"),
    "not-private": (2, "Not in private state message"),
    "instance-tags": (3, "Instance tags do not correspond"),
}


def shows_error(stage: Stage, name: str = "unreadable") -> None:
    """An Error Message with a code reaches the target."""
    code, text = ERRORS[name]
    stage.sends(ErrorMessage(code, stage.lab.text(text)), "an Error Message")


def meanwhile(stage: Stage, *acts: Callable[[], None]) -> None:
    """Something happens at the target, and what it sends is lost; what was on its way stays."""
    kept = list(stage.to_tester), list(stage.to_target)
    for act in acts:
        act()
    stage.to_tester[:], stage.to_target[:] = kept


def types_twice(stage: Stage) -> None:
    """The target's user types, and the tester reads what it can."""
    stage.target_says("one")
    stage.settle()
    stage.target_says("two")
    stage.settle()


# Sending a Data Message: what the user types.


TYPING = {
    "plain": "Sends what the user types as it is, where no policy asks for more.",
    "tag": """Attaches the whitespace tag to what the user types, naming the versions that its
    policy allows, as long as no plaintext has come back.""",
    "require": """Sends a Query Message instead of what the user types where encryption is required,
    and sends the texts, in order, once the conversation is private.""",
}


def _typing_in_start() -> None:
    for word, about in TYPING.items():
        target = allowing(
            "v4", require_encryption=word == "require", send_whitespace_tag=word == "tag"
        )

        def play(stage: Stage) -> None:
            stage.target_says("one")
            hold_everything(stage)
            stage.target_says("two")
            stage.settle()
            again(stage)

        declare(f"message.types-in-start.{word}", about, play, target=target)

        def once(stage: Stage) -> None:
            ended(stage)
            stage.target_says("one")
            hold_everything(stage)
            stage.target_starts()
            hold_everything(stage)
            again(stage)

        what = {
            "plain": "send that text as it is",
            "tag": "attach the whitespace tag",
            "require": "send a Query Message",
        }[word]
        declare(
            f"message.types-in-ended.{word}",
            f"Stays in START when a text of the user's makes it {what}.",
            once,
            target=target,
        )


def _typing_while_disabled() -> None:
    for strict in (False, True):

        def play(stage: Stage) -> None:
            types_twice(stage)
            stage.target_starts()
            stage.target_says("three")
            stage.settle()

        declare(
            f"message.types-while-disabled.{'strict' if strict else 'plain'}",
            """Sends what the user types as it is where no version is allowed, whatever the other
            policies ask for, and starts nothing.""",
            play,
            target=Policy(
                allow_v3=False,
                allow_v4=False,
                require_encryption=strict,
                send_whitespace_tag=strict,
            ),
        )


def _typing_while_waiting() -> None:
    waits: dict[str, Scene] = {"auth-r": waits_for_auth_r, "auth-i": waits_for_auth_i}
    for (awaited, scene), place in product(waits.items(), ("start", "ended")):

        def play(stage: Stage, scene: Scene = scene, place: str = place) -> None:
            STATES[place](stage)
            scene(stage)
            stage.target_says("one")
            stage.arrives("in the clear")
            meanwhile(stage, stage.target_starts)
            stage.settle()
            talk(stage)

        declare(
            f"message.types-while-waiting.{awaited}.{place}",
            f"""Queues what the user types while a DAKE is in progress that began {PLACES[place]},
            and sends it when the conversation is private.""",
            play,
        )


def _typing_in_private() -> None:
    for role, scene in ROLES.items():
        for strict in (False, True):
            if strict and role != "initiator":
                continue

            def play(stage: Stage, scene: Scene = scene) -> None:
                scene(stage)
                types_twice(stage)
                talk(stage)

            declare(
                f"message.types-in-private.{'strict' if strict else role}",
                f"""Encrypts what the user types in a private conversation{
                    ", whatever the policy" if strict else f" that it entered as the {role}"
                }.""",
                play,
                target=allowing("v4", require_encryption=strict, send_whitespace_tag=strict),
                needs=() if role in {"initiator", "responder"} else {"otrv4-offline"},
            )


def _typing_in_finished() -> None:
    def once(stage: Stage) -> None:
        finished(stage)
        stage.target_says("are you still there?")
        look(stage, "finished")

    def twice(stage: Stage) -> None:
        finished(stage)
        types_twice(stage)
        stage.target_ends()
        stage.target_says("in the clear, or not")
        hold_everything(stage)
        again(stage)

    for name, play, strict in (
        ("once", once, False),
        ("twice", twice, True),
    ):
        declare(
            f"message.types-in-finished.{name}",
            """Sends nothing of what the user types once the peer has ended the conversation, says
            so, and keeps it for the next private conversation.""",
            play,
            target=allowing("v4", require_encryption=strict, send_whitespace_tag=strict),
        )


_typing_in_start()
_typing_while_disabled()
_typing_while_waiting()
_typing_in_private()
_typing_in_finished()


# The whitespace tag.


@case(
    "message.tag-ends-with-first-plaintext",
    target=allowing("v4", send_whitespace_tag=True),
    needs={"policy"},
)
def tag_ends(stage: Stage) -> None:
    """Attaches no whitespace tag any more once a plaintext has been received."""
    stage.target_says("anyone there?")
    stage.tester_says("yes")
    stage.settle()
    stage.target_says("so you have no OTR")
    stage.target_says("never mind")
    stage.settle()


@case(
    "message.tag-ends-with-their-tag",
    target=allowing("v4", send_whitespace_tag=True),
    tester=allowing("v4", send_whitespace_tag=True),
    needs={"policy"},
)
def tag_ends_with_their_tag(stage: Stage) -> None:
    """Attaches no whitespace tag any more once a plaintext that has one has been received."""
    stage.tester_says("I have OTR, too")
    stage.settle()
    stage.target_says("good to know")
    stage.settle()


@case(
    "message.tag-returns-after-finished",
    target=allowing("v4", send_whitespace_tag=True),
    needs={"policy"},
)
def tag_returns_after_finished(stage: Stage) -> None:
    """Attaches the whitespace tag again when the user ends what the peer had ended."""
    finished(stage)
    stage.tester_says("in the clear")
    stage.settle()
    stage.target_ends()
    stage.target_says("a tag here")


# What invites an Identity message, where the policy asks for an invitation.


def _inviting() -> None:
    def nothing_said(stage: Stage) -> None:
        again(stage)

    def query(stage: Stage) -> None:
        stage.target_starts()
        hold_everything(stage)
        again(stage)
        stage.target_ends()
        stage.settle()
        again(stage)

    def tag(stage: Stage) -> None:
        stage.target_says("hello?")
        hold_everything(stage)
        again(stage)

    for name, play, what in (
        ("nothing", nothing_said, "Answers no Identity message that it did not ask for"),
        ("query", query, "Answers an Identity message after a Query Message of its own, once"),
        ("tag", tag, "Answers an Identity message after a whitespace tag of its own"),
    ):
        declare(
            f"message.invites.{name}",
            f"{what}, where the policy asks for an invitation.",
            play,
            target=allowing("v4", identity_start_dake=False, send_whitespace_tag=name == "tag"),
        )


_inviting()


# Texts that wait.


def _other_peer() -> None:
    def typed_in_finished(stage: Stage) -> None:
        finished(stage)
        stage.target_says("are you still there?")
        stage.tester_becomes("mallory")
        private(stage)
        talk(stage)
        stage.target_starts()
        talk(stage)

    def typed_for_nobody(stage: Stage) -> None:
        ended(stage)
        stage.target_says("to whom it may concern")
        hold_everything(stage)
        stage.tester_becomes("mallory")
        private(stage)
        talk(stage)

    declare(
        "message.queued-for-other-peer",
        "Keeps a text that was typed for one fingerprint from a peer with another one.",
        typed_in_finished,
    )
    declare(
        "message.queued-for-anybody",
        """Sends a text that was typed where there was no private conversation to whoever the next
        one is with.""",
        typed_for_nobody,
        target=allowing("v4", require_encryption=True),
    )


def _queue_bound() -> None:
    def waiting(stage: Stage) -> None:
        stage.arrives("?OTRv4?")
        for number in range(MANY):
            stage.target_says(f"text {number}")
        stage.arrives("in the clear")
        meanwhile(stage, stage.target_starts)
        stage.settle()
        talk(stage)

    def full(stage: Stage) -> None:
        for number in range(MANY):
            stage.target_says(f"text {number}")
        hold_everything(stage)
        look(stage, "start")

    def in_finished(stage: Stage) -> None:
        finished(stage)
        for number in range(MANY):
            stage.target_says(f"text {number}")
        look(stage, "finished")

    for name, play, place, target in (
        ("waiting", waiting, "while a DAKE is in progress", V4_ONLY),
        ("required", full, "where encryption is required", allowing("v4", require_encryption=True)),
        ("finished", in_finished, PLACES["finished"], V4_ONLY),
    ):
        declare(
            f"message.queue-full.{name}",
            f"""Says of a text that is typed {place}, beyond those that may wait, that it was not
            sent, and sends the others when the conversation is private.""",
            play,
            target=target,
            level=Level.SHOULD if name == "required" else Level.MUST,
        )


_other_peer()
_queue_bound()


@case("message.queued-once", target=allowing("v4", require_encryption=True), needs={"policy"})
def queued_once(stage: Stage) -> None:
    """Sends a text that waited for a private conversation once, and not in the next one."""
    stage.target_says("for your eyes only")
    stage.settle()
    stage.target_ends()
    stage.settle()
    again(stage)


# User requests to start an OTR conversation.


def _starting() -> None:
    for state, scene in STATES.items():
        if state == "ended":
            continue

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_starts()
            stage.settle()
            talk(stage)

        declare(
            f"message.starts-in-{state}",
            f"""{
                "Sends no Query Message in a private conversation"
                if state == "private"
                else f"Sends a Query Message {PLACES[state]}, naming what its policy allows,"
            } when the user asks for a private conversation.""",
            play,
        )
    for state in ("finished", "ended"):

        def in_vain(stage: Stage, state: str = state) -> None:
            STATES[state](stage)
            stage.target_starts()
            hold_everything(stage)
            look(stage, state)

        declare(
            f"message.starts-in-vain-in-{state}",
            f"Is where it was, {PLACES[state]}, when its Query Message is not answered.",
            in_vain,
        )


_starting()


# Starting a conversation interactively.


def _starting_a_dake() -> None:
    for state, scene in STATES.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_starts_dake()
            stage.settle()
            talk(stage)

        def in_vain(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.target_starts_dake()
            stage.to_tester_loses(-1)
            stage.settle()
            stage.arrives("in the clear")
            stage.target_starts()
            hold_everything(stage)
            stage.target_ends()
            look(stage, "start" if state == "finished" else state)

        first = ", having told the peer that the last one is over," if state == "private" else ""
        if state != "ended":
            declare(
                f"message.starts-dake-in-{state}",
                f"""Sends an Identity message {PLACES[state]}{first} when the user starts a
                conversation interactively.""",
                play,
                needs={"otrv4-dake"},
            )
        declare(
            f"message.starts-dake-in-vain-in-{state}",
            f"""Is in no private conversation when nobody answers the Identity message that its
            user had it send {PLACES[state]}, and gives up when the user ends it.""",
            in_vain,
            needs={"otrv4-dake"},
        )


def _not_allowed_a_dake() -> None:
    def play(stage: Stage) -> None:
        stage.target_starts_dake()
        stage.settle()
        stage.arrives("in the clear")
        stage.target_starts()

    declare(
        "message.starts-dake-not-allowed",
        "Sends no Identity message where version 4 is not allowed.",
        play,
        target=V3_ONLY,
        tester=V3_ONLY,
        needs={"otrv4-dake"},
    )


_starting_a_dake()
_not_allowed_a_dake()


# Sending a Data Message to an offline participant, and coming back online.


def _starting_offline() -> None:
    for state, scene in STATES.items():
        if state == "start":
            continue

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_starts_offline()
            stage.target_says("read this when you are back")
            stage.settle()
            talk(stage)

        first = ", having told the peer that the last one is over," if state == "private" else ""
        declare(
            f"message.starts-offline-in-{state}",
            f"""Sends a Non-Interactive-Auth message {PLACES[state]}{first} when the user starts a
            conversation from a prekey ensemble, and Data Messages at once.""",
            play,
            needs={"otrv4-offline"},
        )


def _refusing_ensembles() -> None:
    trusting = allowing("v4", require_authenticated=True)
    for state, scene in STATES.items():
        if state == "start":
            continue

        def untrusted(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.tester_becomes("mallory")
            stage.target_starts_offline()
            stage.settle()
            stage.tester_becomes("tester")
            look(stage, state)

        def not_valid(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            ensemble = stage.tester.ensemble()
            stage.tester_at(THIRD_TAG)
            other = stage.tester.ensemble()
            stage.tester_at(ensemble.message.owner_tag)
            mixed = type(ensemble)(ensemble.client_profile, other.prekey_profile, ensemble.message)
            stage.target_starts_offline(mixed)
            stage.settle()
            look(stage, state)

        def online_only(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.target_starts_offline()
            stage.settle()
            look(stage, state)

        declare(
            f"message.ensemble-untrusted-in-{state}",
            f"""Refuses the prekey ensemble of somebody whose fingerprint the user has not verified
            {PLACES[state]}, where the policy asks for that.""",
            untrusted,
            target=trusting,
            trusts=True,
            needs={"otrv4-offline"},
        )
        declare(
            f"message.ensemble-not-valid-in-{state}",
            f"""Refuses a prekey ensemble whose values belong to two clients {PLACES[state]}, and
            sends nothing.""",
            not_valid,
            needs={"otrv4-offline"},
        )
        declare(
            f"message.offline-not-allowed-in-{state}",
            f"""Starts no conversation from a prekey ensemble {PLACES[state]} where the policy asks
            for interactive ones.""",
            online_only,
            target=allowing("v4", require_interactive=True),
            needs={"otrv4-offline"},
        )


_starting_offline()
_refusing_ensembles()


@case("message.online-after-offline", needs={"otrv4-offline", "otrv4-dake"})
def online_after_offline(stage: Stage) -> None:
    """Ends the conversation that began offline before it starts one online."""
    private_as_publisher(stage)
    talk(stage)
    stage.target_starts_dake()
    stage.settle()
    talk(stage)


@case("message.offline-while-waiting", needs={"otrv4-offline"})
def offline_while_waiting(stage: Stage) -> None:
    """Accepts a Non-Interactive-Auth message while it waits for an Auth-I message.

    Data Messages that came before it cannot be read.
    """
    waits_for_auth_i(stage)
    stage.to_tester_delivers()
    stage.tester_says("too early")
    stage.to_target_delivers(1)
    hold_everything(stage)
    stage.tester_forgets()
    private_as_publisher(stage)
    talk(stage)


# Receiving plaintext without and with the whitespace tag.


def _plaintext() -> None:
    for (state, scene), require in product(STATES.items(), (False, True)):
        if require and state != "ended":
            continue

        def play(
            stage: Stage, scene: Scene = scene, state: str = state, *, require: bool = require
        ) -> None:
            scene(stage)
            stage.arrives("hello?")
            if require:
                look_strictly(stage)
            else:
                look(stage, state)

        warned = require or state in {"private", "finished"}
        declare(
            f"message.plaintext-in-{state}{'.require' if require else ''}",
            f"Shows a plaintext {PLACES[state]}, {'with' if warned else 'without'} a warning.",
            play,
            target=allowing("v4", require_encryption=require, error_start_dake=require),
        )


def _tagged() -> None:
    for (state, scene), word in product(STATES.items(), ("require", "start")):
        if word == "require" and state != "ended":
            continue

        def play(stage: Stage, scene: Scene = scene, state: str = state, word: str = word) -> None:
            scene(stage)
            tagged = TaggedPlaintext(stage.lab.text("hello?"), frozenset({4}))
            stage.sends(tagged, "a tagged plaintext")
            if word == "require":
                look_strictly(stage)
            elif word == "start" and state in {"start", "ended"}:
                meanwhile(stage, stage.target_starts)
                stage.settle()
                talk(stage)
            else:
                look(stage, state)

        warned = word == "require" or state in {"private", "finished"}
        starts = word == "start" and state in {"start", "ended"}
        declare(
            f"message.tagged-plaintext-in-{state}.{word}",
            f"""Shows a plaintext with the whitespace tag {PLACES[state]}, without the tag,
            {"with" if warned else "without"} a warning, and starts {"the" if starts else "no"}
            DAKE because of it.""",
            play,
            target=allowing(
                "v4",
                require_encryption=word == "require",
                error_start_dake=word == "require",
                whitespace_start_dake=word == "start",
            ),
        )


_plaintext()
_tagged()


# Receiving an Error Message.

UNKNOWN = {
    "code-0": "?OTR Error: ERROR_0: something went wrong",
    "code-4": "?OTR Error: ERROR_4: something went wrong",
    "not-a-number": "?OTR Error: ERROR_X: something went wrong",
}


def _errors() -> None:
    for name, (code, _) in ERRORS.items():
        if name == "unreadable":
            continue

        def play(stage: Stage, name: str = name) -> None:
            shows_error(stage, name)
            look(stage, "start")

        declare(
            f"message.error-shown.{name}",
            f"Shows an Error Message with the code ERROR_{code}.",
            play,
        )
    for name, text in UNKNOWN.items():

        def ignores(stage: Stage, text: str = text) -> None:
            stage.arrives(text)
            look(stage, "start")

        declare(
            f"message.error-ignored.{name}",
            "Ignores an Error Message that has none of the codes which are defined.",
            ignores,
            target=allowing("v4", error_start_dake=True),
        )


def _errors_by_state() -> None:
    for (state, scene), word in product(STATES.items(), ("shown", "start", "unknown")):
        if word != "start" and state == "start":
            continue

        def play(stage: Stage, scene: Scene = scene, state: str = state, word: str = word) -> None:
            scene(stage)
            if word == "unknown":
                stage.arrives("?OTR Error: something went wrong")
            else:
                shows_error(stage)
            if word != "start":
                look(stage, state)
                return
            if state == "private":
                meanwhile(stage, lambda: stage.target_says("where am I?"))
            else:
                meanwhile(stage, lambda: stage.arrives("in the clear"), stage.target_starts)
            stage.settle()
            talk(stage)

        how = "a Query Message" if state in {"start", "ended"} else "an Identity message"
        about = {
            "shown": f"Shows an Error Message {PLACES[state]}, and starts no DAKE because of it.",
            "start": f"""Shows an Error Message {PLACES[state]}, and sends {how} because of it,
            where the policy asks for that.""",
            "unknown": f"Ignores an Error Message without a code {PLACES[state]}.",
        }[word]
        declare(
            f"message.error-in-{state}.{word}",
            about,
            play,
            target=allowing("v4", error_start_dake=word == "start"),
        )


_errors()
_errors_by_state()


# Receiving a Data Message without having the keys.


def _not_private() -> None:
    """A Data Message that nobody can read any more."""
    for state, quiet in product(("start", "finished", "ended"), (False, True)):

        def play(stage: Stage, state: str = state, *, quiet: bool = quiet) -> None:
            private(stage)
            late = late_from_tester(stage, quiet=quiet)
            if state == "finished":
                stage.tester_ends()
            else:
                stage.target_ends()
            stage.settle()
            stage.reaches_target(late)
            look(stage, state)

        def from_nobody(stage: Stage, *, quiet: bool = quiet) -> None:
            stage.tester_starts_offline()
            late = late_from_tester(stage, quiet=quiet)
            hold_everything(stage)
            stage.reaches_target(late)
            look(stage, "start")

        declare(
            f"message.data-in-{state}{'.ignore-unreadable' if quiet else ''}",
            f"""{"Ignores" if quiet else "Tells the user of"} a Data Message
            {"with IGNORE_UNREADABLE " if quiet else ""}that arrives {PLACES[state]}{
                "" if quiet else ", and answers it with ERROR_2"
            }.""",
            from_nobody if state == "start" else play,
            needs={"otrv4-offline"} if state == "start" else (),
        )


def late_from_tester(stage: Stage, *, quiet: bool = False) -> Wire:
    """A Data Message of the tester's that is late, perhaps with the flag IGNORE_UNREADABLE.

    Raises:
        Stuck: if the tester cannot send any, since the target has left it without keys.
    """
    stage.tester_sends(text="too late", flags=IGNORE_UNREADABLE if quiet else 0)
    if not stage.to_target:
        message = "the tester is in no private conversation"
        raise Stuck(message)
    return stage.to_target.pop()


def _other_keys() -> None:
    for quiet in (False, True):

        def play(stage: Stage, *, quiet: bool = quiet) -> None:
            private(stage)
            old = late_from_tester(stage, quiet=quiet)
            stage.tester_forgets()
            private_as_responder(stage)
            stage.reaches_target(old)
            look(stage, "private")

        declare(
            f"message.data-of-another-conversation{'.ignore-unreadable' if quiet else ''}",
            f"""{"Ignores" if quiet else "Answers"} a Data Message of another conversation
            {"that has the flag IGNORE_UNREADABLE" if quiet else "with ERROR_1"}, and stays
            private.""",
            play,
        )


_not_private()
_other_keys()


@case("message.nothing-to-show")
def nothing_to_show(stage: Stage) -> None:
    """Shows nothing for a Data Message without a text, and looks at its TLVs all the same."""
    private(stage)
    stage.tester_heartbeat()
    stage.settle()
    look(stage, "private")
    stage.tester_sends(UnknownTlv(0x1234, stage.lab.text("of no interest")))
    stage.settle()
    look(stage, "private")


# Data Messages that overtake the Auth-I message which they follow.


def overtaken(stage: Stage, before: Scene) -> None:
    """The target waits for an Auth-I message, which is the first that is on its way to it."""
    before(stage)
    if before is private:
        stage.tester_forgets()
    stage.tester_starts_dake()
    stage.to_target_delivers()
    while stage.to_tester:
        stage.to_tester_delivers()


def _early() -> None:
    for state, scene in STATES.items():

        def play(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            def looks() -> None:
                if state == "private":
                    stage.target_says("where am I?")
                else:
                    stage.arrives("in the clear")
                    stage.target_starts()

            overtaken(stage, scene)
            stage.tester_says("first of all")
            stage.tester_says("and then")
            meanwhile(stage, looks)
            stage.to_target_delivers(1)
            stage.to_target_delivers(1)
            meanwhile(stage, looks)
            stage.settle()
            talk(stage)

        declare(
            f"message.early-in-{state}",
            f"""Keeps Data Messages that overtake the Auth-I message {PLACES[state]}, and reads
            them when it has arrived.""",
            play,
        )


_early()


@case("message.early-in-every-state")
def early_in_every_state(stage: Stage) -> None:
    """Reads what overtook the Auth-I message whatever state it was in, or never does.

    A target that removes those messages, as one sentence says, removes them in every state.
    """
    for before in (nothing, private, finished, ended):
        overtaken(stage, before)
        stage.tester_says("first of all")
        stage.to_target_delivers(1)
        stage.settle()
        talk(stage)


@case("message.early-typing-in-finished")
def early_typing_in_finished(stage: Stage) -> None:
    """Sends nothing of what the user types once a Data Message overtook the Auth-I message.

    The conversation that the peer has ended is over until the Auth-I message arrives.
    """
    overtaken(stage, finished)
    stage.tester_says("first of all")
    stage.to_target_delivers(1)
    stage.target_says("not yet")
    stage.settle()
    talk(stage)


@case("message.early-out-of-order")
def early_out_of_order(stage: Stage) -> None:
    """Reads Data Messages that overtook the Auth-I message whatever their order."""
    overtaken(stage, nothing)
    for text in ("one", "two", "three"):
        stage.tester_says(text)
    for index in (3, 1, 1):
        stage.to_target_delivers(index)
    stage.settle()
    talk(stage)


def _early_unreadable() -> None:
    for quiet in (False, True):

        def play(stage: Stage, *, quiet: bool = quiet) -> None:
            private(stage)
            old = late_from_tester(stage, quiet=quiet)
            stage.target_ends()
            stage.settle()
            overtaken(stage, nothing)
            stage.reaches_target(old)
            stage.tester_says("first of all")
            stage.to_target_delivers(1)
            stage.settle()
            talk(stage)

        declare(
            f"message.early-unreadable{'.ignore-unreadable' if quiet else ''}",
            f"""Reads what overtook the Auth-I message, also behind a Data Message of an older
            conversation{", which it ignores" if quiet else ", which it answers with ERROR_1"}.""",
            play,
        )


_early_unreadable()


@case("message.early-end")
def early_end(stage: Stage) -> None:
    """Takes note of the peer's goodbye where it overtook the Auth-I message.

    What else came early is forgotten.
    """
    overtaken(stage, nothing)
    for text in ("one", "two"):
        stage.tester_says(text)
    stage.tester_ends()
    for index in (1, 2, 1):
        stage.to_target_delivers(index)
    stage.settle()
    look(stage, "finished")


@case("message.early-end-with-texts-waiting")
def early_end_with_texts_waiting(stage: Stage) -> None:
    """Keeps texts that wait where the peer's goodbye overtook the Auth-I message.

    Those that were not sent before it was read are sent in the next private conversation.
    """
    ended(stage)
    stage.tester_starts_dake()
    stage.to_target_delivers()
    for number in range(12):
        stage.target_says(f"text {number}")
    stage.to_tester_delivers()
    stage.tester_ends()
    stage.to_target_delivers(1)
    stage.settle()
    look(stage, "finished")


@case("message.early-never-authenticated")
def early_never_authenticated(stage: Stage) -> None:
    """Forgets what came before an Auth-I message that never arrived when the user gives up."""
    overtaken(stage, ended)
    stage.tester_says("first of all")
    stage.to_target_delivers(1)
    hold_everything(stage)
    stage.target_ends()
    look(stage, "ended")


@case("message.early-too-many", level=Level.SHOULD)
def early_too_many(stage: Stage) -> None:
    """Answers with ERROR_2 what it has no room to keep until the Auth-I message arrives."""
    overtaken(stage, nothing)
    for number in range(MANY):
        stage.tester_says(f"text {number}")
    for _ in range(MANY):
        stage.to_target_delivers(1)
    stage.settle()
    talk(stage)


# A DAKE in a private conversation.


@case("message.identity-changes-nothing")
def identity_changes_nothing(stage: Stage) -> None:
    """Stays private when an Identity message arrives, and answers it.

    Anybody can send an Identity message, or replay one; what follows it to the letter silences a
    private conversation until an Auth-I message arrives, which may be never.
    """
    private(stage)
    identity_without_answer(stage)
    stage.arrives("in the clear")
    look(stage, "private")


def identity_without_answer(stage: Stage) -> None:
    """An Identity message reaches the target, and its sender is never heard of again."""
    before = stage.tester.conversation
    stage.tester_forgets()
    stage.tester_starts_dake()
    stage.to_target_delivers()
    hold_everything(stage)
    stage.tester.conversation = before


@case("message.identity-in-every-state")
def identity_in_every_state(stage: Stage) -> None:
    """Stays where it is when an Identity message arrives: in ENCRYPTED_MESSAGES, and in FINISHED.

    A target that goes to where text waits, as the text says, does so from both.
    """
    private(stage)
    identity_without_answer(stage)
    stage.target_says("where am I?")
    stage.settle()
    stage.tester_ends()
    stage.settle()
    identity_without_answer(stage)
    stage.arrives("in the clear")
    stage.target_says("and now?")
    stage.settle()


def _identity_without_answer() -> None:
    for state in ("start", "ended"):

        def play(stage: Stage, state: str = state) -> None:
            STATES[state](stage)
            stage.tester_starts_dake()
            stage.to_target_delivers()
            hold_everything(stage)
            stage.tester_forgets()
            look(stage, state)

        declare(
            f"message.identity-in-{state}",
            f"""Is in no private conversation while it waits for an Auth-I message
            {PLACES[state]}.""",
            play,
        )


_identity_without_answer()


def _replaced() -> None:
    for who, role in product(("tester", "mallory"), ROLES):
        if (who, role) in {("tester", "retriever"), ("mallory", "responder")}:
            continue

        def play(stage: Stage, who: str = who, role: str = role) -> None:
            private(stage)
            talk(stage)
            stage.tester_forgets()
            if who != "tester":
                stage.tester_becomes(who)
            ROLES[role](stage)
            stage.target_says("where am I?")
            stage.settle()
            talk(stage)

        offline = role in {"retriever", "publisher"}
        declare(
            f"message.{'same' if who == 'tester' else 'other'}-peer.{role}",
            f"""Says that the conversation is {
                "still private" if who == "tester" else "private anew, and with whom,"
            } when a DAKE in which it is the {role} replaces its keys.""",
            play,
            needs={"otrv4-offline"} if offline else (),
        )


_replaced()


# Heartbeats and the extra symmetric key, where the application asks for them.


def _asked_for() -> None:
    for state, scene in STATES.items():
        if state == "start":
            continue

        def beats(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.target_heartbeat()
            stage.settle()
            look(stage, state)

        def uses_key(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.target_uses_extra_key(FILE, "a file")
            stage.settle()
            look(stage, state)

        declare(
            f"message.asks-for-heartbeat-in-{state}",
            f"""Sends {"a" if state == "private" else "no"} heartbeat {PLACES[state]} when the
            application asks for one.""",
            beats,
            needs={"heartbeat"},
        )
        declare(
            f"message.extra-key-in-{state}",
            f"""{"Gives" if state == "private" else "Does not give"} the extra symmetric key to the
            application {PLACES[state]}{", and tells the peer" if state == "private" else ""}.""",
            uses_key,
            needs={"extra-key"},
        )


_asked_for()


# User requests to end an OTRv4 conversation.


def _ending() -> None:
    for state, scene in STATES.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_ends()
            stage.settle()
            look(stage, "ended")
            stage.target_ends()
            stage.settle()
            stage.target_says("in the clear")
            stage.settle()

        declare(
            f"message.ends-in-{state}",
            f"""{"Tells the peer" if state == "private" else "Sends nothing"} when the user ends
            the conversation {PLACES[state]}; what the user types then goes out as it is.""",
            play,
        )
    for role in ("initiator", "responder"):

        def ends_as(stage: Stage, role: str = role) -> None:
            ROLES[role](stage)
            stage.tester_says("one")
            stage.settle()
            stage.target_says("two")
            stage.tester_says("three")
            stage.settle()
            stage.target_ends()
            stage.settle()
            look(stage, "ended")

        declare(
            f"message.ends-as.{role}",
            f"""Reveals what MAC keys there are left in the Data Message that ends a conversation
            which it entered as the {role}.""",
            ends_as,
        )


def _ending_while_waiting() -> None:
    waits: dict[str, Scene] = {"auth-r": waits_for_auth_r, "auth-i": waits_for_auth_i}
    for (awaited, scene), state in product(waits.items(), ("start", "private", "ended")):
        if (awaited, state) == ("auth-r", "ended"):
            continue

        def play(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            STATES[state](stage)
            before = stage.tester.conversation
            if state == "private":
                stage.tester_forgets()
            scene(stage)
            kept = list(stage.to_tester)
            hold_everything(stage)
            if state == "private":
                lost = stage.tester.conversation
                stage.tester.conversation = before
                stage.target_ends()
                hold_everything(stage)
                stage.tester.conversation = lost
            else:
                stage.target_ends()
            stage.to_tester[:] = kept
            stage.settle()
            stage.tester_forgets()
            look(stage, "ended")

        declare(
            f"message.ends-while-waiting.{awaited}.{state}",
            f"""Abandons the DAKE that is in progress when the user ends the conversation, where it
            began {PLACES[state]}.""",
            play,
        )


_ending()
_ending_while_waiting()


@case("message.ends-while-waiting.everywhere")
def ends_while_waiting_everywhere(stage: Stage) -> None:
    """Abandons a DAKE when the user ends the conversation, whatever state it began in.

    A target that does nothing then, as the text says of START, does nothing in FINISHED either.
    """
    finished(stage)
    for state in ("finished", "ended"):
        stage.tester_starts_dake()
        stage.to_target_delivers()
        meanwhile(stage, stage.target_ends)
        stage.settle()
        stage.arrives("in the clear")
        stage.tester_forgets()
        if state == "finished":
            again(stage)
            stage.target_ends()
            stage.settle()


@case("message.both-end")
def both_end(stage: Stage) -> None:
    """Keeps quiet about the peer's goodbye if its own user has ended the conversation, too.

    A message that ends a conversation has the flag IGNORE_UNREADABLE.
    """
    private(stage)
    stage.tester_ends()
    stage.target_ends()
    stage.settle()
    look(stage, "ended")


@case("message.peer-ends-twice-in-one-message")
def peer_ends_twice(stage: Stage) -> None:
    """Takes a second TLV of type 1 in one Data Message for nothing new."""
    private(stage)
    stage.tester_sends(Disconnected(), Disconnected())
    stage.settle()
    stage.tester_forgets()
    look(stage, "finished")


# The modes that know no plaintext.


def _modes() -> None:
    for (name, mode), (state, scene) in product(MODES.items(), STATES.items()):
        if (name != "standalone" and state != "start") or state == "ended":
            continue

        def starts(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_starts()
            stage.settle()
            talk(stage)

        def types(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.target_says("one")
            stage.target_says("two")
            stage.settle()
            if state == "finished":
                again(stage)
            talk(stage)

        declare(
            f"message.{name}.starts-in-{state}",
            f"""Sends {"nothing" if state == "private" else "an Identity message"} {PLACES[state]}
            when the user asks for a private conversation in the {name} mode, and no Query
            Message.""",
            starts,
            mode=mode,
        )
        if state == "private" or name != "standalone":
            continue
        begins = ", and starts a DAKE" if state == "start" else ""
        declare(
            f"message.{name}.types-in-{state}",
            f"""Sends nothing unencrypted of what the user types {PLACES[state]} in the {name}
            mode{begins}.""",
            types,
            mode=mode,
        )


def _modes_in_vain() -> None:
    def starts(stage: Stage) -> None:
        stage.target_starts()

    def types(stage: Stage) -> None:
        stage.target_says("one")

    for (name, act), state in product(
        {"starting": starts, "typing": types, "error": shows_error}.items(), ("ended", "finished")
    ):
        if name == "typing" and state == "finished":
            continue

        def play(stage: Stage, act: Scene = act, state: str = state) -> None:
            STATES[state](stage)
            act(stage)
            hold_everything(stage)
            look_in_mode(stage, state)

        about = {
            "starting": "after asking for a private conversation in vain",
            "typing": "after typing",
            "error": "after an Error Message",
        }[name]
        declare(
            f"message.standalone.{name}-in-vain-in-{state}",
            f"""{"Ignores" if state == "finished" else "Accepts"} a Non-Interactive-Auth message
            {PLACES[state]}, also {about} in the standalone mode.""",
            play,
            target=allowing("v4", error_start_dake=name == "error"),
            mode=Mode.STANDALONE,
            needs={"otrv4-offline"},
        )


def _modes_and_the_rest() -> None:
    for name, mode in MODES.items():

        def offline(stage: Stage, *, refused: bool = mode is Mode.INTERACTIVE_ONLY) -> None:
            stage.target_starts_offline()
            stage.settle()
            if not refused:
                talk(stage)
                return
            private(stage)
            stage.target_starts_offline()
            look(stage, "private")

        declare(
            f"message.{name}.offline",
            f"""{"Starts" if mode is Mode.STANDALONE else "Refuses to start"} a conversation from a
            prekey ensemble in the {name} mode.""",
            offline,
            mode=mode,
            needs={"otrv4-offline"},
        )


_modes()
_modes_in_vain()
_modes_and_the_rest()
