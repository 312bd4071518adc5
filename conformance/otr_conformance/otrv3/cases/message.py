"""What happens to what the user types, and what the user is shown, in each message state.

The twelve actions of section "The protocol state machine", as far as msgstate decides them, under
every policy that makes a difference.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import V2_ONLY, V3_ONLY, Level, case
from otr_conformance.otrv3.scenes import (
    LONG_AGO,
    again,
    ended,
    finished,
    nothing,
    private,
    sent_by_tester,
    talk,
)
from otr_reference.otrv3.messages import Query, TaggedPlaintext
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv3.stage import Stage

    Scene = Callable[[Stage], None]

BOTH = Policy()
VERSIONS: dict[str, tuple[bool, bool]] = {
    "v3": (False, True),
    "v2": (True, False),
    "v2-and-v3": (True, True),
}
"""What a policy allows: version 2, version 3."""
SCENES: dict[str, Scene] = {"plaintext": nothing, "encrypted": private, "finished": finished}
PLACES = {
    "plaintext": "before anything has happened",
    "encrypted": "in a private conversation",
    "finished": "once the peer has ended the conversation",
    "ended": "once the user has ended the conversation",
}
IGNORE_UNREADABLE = 0x01


def allowing(versions: str, **words: bool) -> Policy:
    """A policy that allows some versions, with other words of it."""
    allow_v2, allow_v3 = VERSIONS[versions]
    return Policy(allow_v2=allow_v2, allow_v3=allow_v3, **words)


def needs(policy: Policy, *more: str) -> set[str]:
    """What a target has to offer to be given a policy."""
    return set(more) | (
        {"policy"} if policy != Policy(policy.allow_v2, policy.allow_v3) else set[str]()
    )


def probe(stage: Stage) -> None:
    """Where the target stands shows in what becomes of what its user types."""
    stage.target_says("where am I?")
    stage.settle()
    stage.target_says("and now?")
    stage.settle()


def look(stage: Stage, state: str) -> None:
    """Where the target stands, and a new beginning.

    Not once the peer has ended the conversation: what was typed then is stored, which has cases of
    its own.
    """
    probe(stage)
    if state != "finished":
        again(stage)


def offered(versions: str) -> frozenset[int]:
    """The versions in a Query Message or whitespace tag."""
    return frozenset(number for number, yes in zip((2, 3), VERSIONS[versions], strict=True) if yes)


def declare(name: str, about: str, play: Scene, target: Policy, **more: object) -> None:
    """Declare a case of a family."""

    def played(stage: Stage) -> None:
        play(stage)

    played.__doc__ = about
    tester = more.pop("tester", V3_ONLY)
    case(name, target=target, tester=tester, needs=needs(target), **more)(played)  # type: ignore[arg-type]  # handed on


# User types a message to be sent.


def types_twice(stage: Stage) -> None:
    """The target's user types, and the tester reads what it can."""
    stage.target_says("one")
    stage.settle()
    stage.target_says("two")
    stage.settle()


def _typing_in_plaintext() -> None:
    for versions, require, tag in product(VERSIONS, (False, True), (False, True)):
        target = allowing(versions, require_encryption=require, send_whitespace_tag=tag)
        tester = V2_ONLY if versions == "v2" else V3_ONLY
        words = [word for word, yes in (("require", require), ("tag", tag)) if yes] or ["plain"]

        def play(stage: Stage) -> None:
            stage.target_says("one")
            stage.target_says("two")
            stage.settle()
            again(stage)

        if require:
            about = """Sends a Query Message instead of what the user types where encryption is
            required, and sends the text once the conversation is private."""
        elif tag:
            about = """Attaches the whitespace tag to what the user types, naming the versions that
            its policy allows, as long as no plaintext has come back."""
        else:
            about = "Sends what the user types as it is, where no policy asks for more."
        declare(
            f"message.types-in-plaintext.{'-'.join(words)}.{versions}",
            about,
            play,
            target,
            tester=tester,
            version=2 if versions == "v2" else 3,
        )
    for require, tag in product((False, True), (False, True)):
        target = Policy(
            allow_v2=False,
            allow_v3=False,
            require_encryption=require,
            send_whitespace_tag=tag,
        )
        words = [word for word, yes in (("require", require), ("tag", tag)) if yes] or ["plain"]
        declare(
            f"message.types-while-disabled.{'-'.join(words)}",
            """Sends what the user types as it is where no version is allowed, whatever the other
            policies ask for.""",
            types_twice,
            target,
        )


def _typing_in_private() -> None:
    for strict in (False, True):
        target = allowing("v3", require_encryption=strict, send_whitespace_tag=strict)
        name = "strict" if strict else "plain"

        def in_private(stage: Stage) -> None:
            private(stage)
            types_twice(stage)
            talk(stage)

        declare(
            f"message.types-in-encrypted.{name}",
            "Encrypts what the user types in a private conversation, whatever the policy.",
            in_private,
            target,
        )

        def in_finished(stage: Stage) -> None:
            finished(stage)
            types_twice(stage)
            stage.target_ends()
            stage.target_says("in the clear, or not")
            stage.settle()

        declare(
            f"message.types-in-finished.{name}",
            """Sends nothing of what the user types once the peer has ended the conversation, and
            says so, until the user has ended it, too.""",
            in_finished,
            target,
        )


_typing_in_plaintext()
_typing_in_private()


@case(
    "message.tag-ends-with-first-plaintext.v2",
    target=allowing("v2", send_whitespace_tag=True),
    tester=V2_ONLY,
    needs={"policy"},
    version=2,
)
@case(
    "message.tag-ends-with-first-plaintext",
    target=allowing("v3", send_whitespace_tag=True),
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
    "message.tag-returns-after-private-conversation",
    target=allowing("v3", send_whitespace_tag=True),
    needs={"policy"},
)
def tag_returns(stage: Stage) -> None:
    """Attaches the whitespace tag again after MSGSTATE_PLAINTEXT was entered anew."""
    stage.tester_says("hello")
    stage.settle()
    stage.target_says("no tag here")
    ended(stage)
    stage.target_says("a tag here")
    stage.tester_says("a plaintext")
    stage.settle()
    stage.target_says("and none here")


@case(
    "message.tag-returns-after-finished",
    target=allowing("v3", send_whitespace_tag=True),
    needs={"policy"},
)
def tag_returns_after_finished(stage: Stage) -> None:
    """Attaches the whitespace tag again when the user ends what the peer had ended."""
    finished(stage)
    stage.tester_says("in the clear")
    stage.settle()
    stage.target_ends()
    stage.target_says("a tag here")


# User requests to start an OTR conversation.


def _starting() -> None:
    for (state, scene), versions in product(SCENES.items(), VERSIONS):
        version = 2 if versions == "v2" else 3

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_starts()
            stage.settle()
            talk(stage)

        declare(
            f"message.starts-in-{state}.{versions}",
            f"""Sends a Query Message {PLACES[state]} when the user asks for a private conversation,
            naming the versions that its policy allows.""",
            play,
            allowing(versions),
            tester=allowing(versions),
            version=version,
        )


_starting()


def _starting_in_vain() -> None:
    for state, scene in (*SCENES.items(), ("ended", ended)):

        def play(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.target_starts()
            stage.to_tester_loses()
            look(stage, state)

        declare(
            f"message.starts-in-vain-in-{state}",
            f"""Handles what the user types {PLACES[state]} as before when its Query Message is not
            answered.""",
            play,
            V3_ONLY,
        )


_starting_in_vain()


@case("message.starts-while-disabled", target=Policy(allow_v2=False, allow_v3=False))
def starts_while_disabled(stage: Stage) -> None:
    """Sends no Query Message where no version is allowed."""
    stage.target_starts()
    stage.settle()
    stage.target_says("as it is")
    stage.settle()


# Receiving plaintext, without and with the whitespace tag.


def _plaintext() -> None:
    for (state, scene), require in product((*SCENES.items(), ("ended", ended)), (False, True)):

        def play(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.arrives("in the clear")
            look(stage, state)

        warned = require or state in {"encrypted", "finished"}
        declare(
            f"message.plaintext-in-{state}{'.require' if require else ''}",
            f"Shows a plaintext {PLACES[state]}, {'with' if warned else 'without'} a warning.",
            play,
            allowing("v3", require_encryption=require),
        )


def _tagged() -> None:
    for (state, scene), require, start in product(
        (*SCENES.items(), ("ended", ended)), (False, True), (False, True)
    ):

        def play(
            stage: Stage, scene: Scene = scene, state: str = state, *, start: bool = start
        ) -> None:
            scene(stage)
            tagged = TaggedPlaintext(stage.lab.text("in the clear"), frozenset({3}))
            stage.sends(tagged, "a tagged plaintext")
            if start:
                stage.settle()
                talk(stage)
            else:
                look(stage, state)

        words = "".join(f".{w}" for w, yes in (("require", require), ("start", start)) if yes)
        warned = require or state in {"encrypted", "finished"}
        declare(
            f"message.tagged-plaintext-in-{state}{words}",
            f"""Shows a plaintext with the whitespace tag {PLACES[state]}, without the tag,
            {"with" if warned else "without"} a warning, and {"starts" if start else "starts no"}
            AKE because of it.""",
            play,
            allowing("v3", require_encryption=require, whitespace_start_ake=start),
        )


def _offers() -> None:
    """Which version a whitespace tag or a Query Message leads to."""
    for allowed, offer in product(VERSIONS, VERSIONS):

        def by_tag(stage: Stage, offer: str = offer) -> None:
            tagged = TaggedPlaintext(stage.lab.text("hello"), offered(offer))
            stage.sends(tagged, "a tagged plaintext")
            stage.settle()
            talk(stage)

        def by_query(stage: Stage, offer: str = offer) -> None:
            stage.sends(Query(offered(offer)), "a Query Message")
            stage.settle()
            talk(stage)

        version = 2 if allowed == "v2" else 3
        declare(
            f"message.tag-offers-{offer}.{allowed}",
            """Starts the AKE of the highest version that both the whitespace tag and the policy
            allow, and none where there is no such version.""",
            by_tag,
            allowing(allowed, whitespace_start_ake=True),
            tester=BOTH,
            version=version,
        )
        declare(
            f"message.query-offers-{offer}.{allowed}",
            """Starts the AKE of the highest version that both the Query Message and the policy
            allow, and none where there is no such version.""",
            by_query,
            allowing(allowed),
            tester=BOTH,
            version=version,
        )


_plaintext()
_tagged()
_offers()


@case("message.plaintext-in-encrypted.v2", target=V2_ONLY, tester=V2_ONLY, version=2)
def plaintext_in_encrypted_v2(stage: Stage) -> None:
    """Shows a plaintext in a private conversation of version 2 with a warning."""
    private(stage)
    stage.arrives("in the clear")
    stage.target_says("still private")
    stage.settle()


@case("message.query-offers-nothing")
def query_offers_nothing(stage: Stage) -> None:
    """Starts no AKE on a Query Message that offers no version."""
    stage.arrives("?OTRv?")
    probe(stage)


@case("message.query-offers-version-4")
def query_offers_version_4(stage: Stage) -> None:
    """Starts no AKE on a Query Message that offers only versions which it does not know."""
    stage.arrives("?OTRv4?")
    probe(stage)


def _queries() -> None:
    for (state, scene), version in product((*SCENES.items(), ("ended", ended)), (3, 2)):

        def play(stage: Stage, scene: Scene = scene, version: int = version) -> None:
            scene(stage)
            stage.arrives(f"?OTRv{version}?")
            stage.settle()
            talk(stage)

        def in_vain(
            stage: Stage, scene: Scene = scene, version: int = version, state: str = state
        ) -> None:
            scene(stage)
            stage.arrives(f"?OTRv{version}?")
            stage.to_tester_loses()
            look(stage, state)

        policy = V3_ONLY if version == 3 else V2_ONLY  # noqa: PLR2004 - the protocol's versions
        declare(
            f"message.query-in-{state}.v{version}",
            f"Answers a Query Message {PLACES[state]} with a D-H Commit Message.",
            play,
            policy,
            tester=policy,
            version=version,
        )
        declare(
            f"message.query-in-{state}.in-vain.v{version}",
            f"""Handles what the user types {PLACES[state]} as before when the D-H Commit Message
            that it sent on a Query Message is not answered.""",
            in_vain,
            policy,
            tester=policy,
            version=version,
        )


_queries()


# Receiving an Error Message.


def _errors() -> None:
    for (state, scene), start, versions in product(
        (*SCENES.items(), ("ended", ended)), (False, True), VERSIONS
    ):
        if versions != "v3" and not start:
            continue
        version = 2 if versions == "v2" else 3

        def play(
            stage: Stage, scene: Scene = scene, state: str = state, *, start: bool = start
        ) -> None:
            scene(stage)
            stage.arrives("?OTR Error: something went wrong")
            stage.settle()
            if start:
                talk(stage)
            else:
                look(stage, state)

        declare(
            f"message.error-in-{state}{'.start' if start else ''}.{versions}",
            f"""Shows an Error Message {PLACES[state]}, and {"sends" if start else "does not send"}
            a Query Message because of it.""",
            play,
            allowing(versions, error_start_ake=start),
            tester=allowing(versions),
            version=version,
        )


_errors()


@case("message.error-without-blank")
def error_without_blank(stage: Stage) -> None:
    """Shows what follows "?OTR Error:" as an Error Message, also where a blank does not come first.

    Before a private conversation and in it; it is no plaintext.
    """
    stage.arrives("?OTR Error:something went wrong")
    private(stage)
    stage.arrives("?OTR Error:something went wrong again")
    stage.target_says("still private")
    stage.settle()


def _errors_in_vain() -> None:
    for state, scene in (*SCENES.items(), ("ended", ended)):

        def play(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.arrives("?OTR Error: something went wrong")
            stage.to_tester_loses()
            look(stage, state)

        declare(
            f"message.error-in-{state}.in-vain",
            f"""Handles what the user types {PLACES[state]} as before when the Query Message that it
            sent on an Error Message is not answered.""",
            play,
            allowing("v3", error_start_ake=True),
        )


_errors_in_vain()


@case("message.error-start-owes", target=allowing("v3", error_start_ake=True), needs={"policy"})
def error_start_owes(stage: Stage) -> None:
    """Asks for a new AKE after an Error Message, and sends the last text again."""
    private(stage)
    stage.target_says("the text that was lost")
    stage.to_tester_loses()
    stage.arrives("?OTR Error: unreadable")
    stage.settle()
    talk(stage)


@case("message.end-forgets-the-last-text")
def end_forgets(stage: Stage) -> None:
    """Does not send a text of a conversation that its user ended again in the next one."""
    private(stage)
    stage.target_says("the text that was lost")
    stage.to_tester_loses()
    stage.arrives("?OTR Error: unreadable")
    stage.target_ends()
    stage.settle()
    private(stage)
    talk(stage)


@case("message.finished-forgets-the-last-text")
def finished_forgets(stage: Stage) -> None:
    """Does not send a text of a conversation that the peer ended again in the next one."""
    private(stage)
    stage.target_says("the text that was lost")
    stage.to_tester_loses()
    stage.arrives("?OTR Error: unreadable")
    stage.tester_ends()
    stage.settle()
    private(stage)
    talk(stage)


# The stored text.


@case(
    "message.stored-text-expires",
    target=allowing("v3", require_encryption=True),
    needs={"policy", "clock"},
    level=Level.SHOULD,
)
def stored_text_expires(stage: Stage) -> None:
    """Does not send a stored text that is no longer recent."""
    stage.target_says("for your eyes only")
    stage.wait(LONG_AGO)
    stage.settle()
    probe(stage)


@case("message.stored-text-same-peer")
def stored_for_same_peer(stage: Stage) -> None:
    """Sends a text typed after the peer ended the conversation when the same peer comes back."""
    finished(stage)
    stage.target_says("are you still there?")
    private(stage)
    probe(stage)


@case("message.stored-text-other-peer-while-private")
def stored_for_other_peer_while_private(stage: Stage) -> None:
    """Keeps a text from another public key, also where the conversation was private all along."""
    private(stage)
    stage.target_says("the text that was lost")
    stage.to_tester_loses()
    stage.arrives("?OTR Error: unreadable")
    stage.tester_becomes("mallory")
    private(stage)
    probe(stage)


# Receiving a Data Message.


def _unreadable() -> None:
    scenes: tuple[tuple[str, Scene, str], ...] = (
        ("ended", ended, "ended"),
        ("finished", finished, "finished"),
    )
    for (state, scene, place), quiet in product(scenes, (False, True)):

        def play(
            stage: Stage, scene: Scene = scene, place: str = place, *, quiet: bool = quiet
        ) -> None:
            private(stage)
            if quiet:
                stage.tester_heartbeat()
                late = stage.to_target.pop()
            else:
                late = sent_by_tester(stage, "too late")
            stage.tester_forgets()
            scene(stage)
            stage.reaches_target(late)
            look(stage, place)

        declare(
            f"message.data-in-{state}{'.ignore-unreadable' if quiet else ''}",
            f"""{"Ignores" if quiet else "Tells the user of"} a Data Message
            {"with IGNORE_UNREADABLE " if quiet else ""}that arrives {PLACES[place]}{
                "" if quiet else ", and answers it with an Error Message"
            }.""",
            play,
            V3_ONLY,
        )


_unreadable()


@case("message.data-before-anything")
def data_before_anything(stage: Stage) -> None:
    """Answers a Data Message that it cannot read, having no keys, with an Error Message."""
    private(stage)
    late = sent_by_tester(stage, "too late")
    stage.target_ends()
    stage.settle()
    stage.reaches_target(late)
    stage.settle()
    again(stage)


@case("message.heartbeat-tells-nothing")
def heartbeat_tells_nothing(stage: Stage) -> None:
    """Shows nothing for a Data Message without a text, and takes its keys and counter all the same.

    The same message a second time is unreadable, and nobody is told.
    """
    private(stage)
    stage.tester_heartbeat()
    heartbeat = stage.to_target[0]
    stage.settle()
    probe(stage)
    talk(stage)
    stage.reaches_target(heartbeat)
    probe(stage)


# Heartbeats.


@case("message.heartbeat-after-heartbeat", needs={"clock"}, level=Level.SHOULD)
def heartbeat_after_heartbeat(stage: Stage) -> None:
    """Answers a heartbeat with a heartbeat only after having sent nothing for long."""
    private(stage)
    stage.tester_heartbeat()
    stage.settle()
    stage.wait(LONG_AGO)
    stage.tester_heartbeat()
    stage.settle()
    stage.tester_heartbeat()
    stage.settle()
    probe(stage)


def _heartbeats_asked_for() -> None:
    for state, scene in (*SCENES.items(), ("ended", ended)):

        def play(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.target_heartbeat()
            stage.settle()
            look(stage, state)

        play.__doc__ = f"""Sends {"a" if state == "encrypted" else "no"} heartbeat {PLACES[state]}
        when the application asks for one."""
        case(f"message.asks-for-heartbeat-in-{state}", needs={"heartbeat"})(play)


_heartbeats_asked_for()


# User requests to end an OTR conversation.


def _ending() -> None:
    for state, scene in SCENES.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            stage.target_ends()
            stage.settle()
            probe(stage)
            stage.tester_says("and in the other direction")
            stage.settle()
            again(stage)

        play.__doc__ = f"""{"Tells the peer" if state == "encrypted" else "Sends nothing"} when the
        user ends the conversation {PLACES[state]}; what the user types then goes out as it is."""
        case(f"message.ends-in-{state}")(play)


_ending()


@case("message.ends-twice")
def ends_twice(stage: Stage) -> None:
    """Sends nothing when the user ends what has ended."""
    ended(stage)
    stage.target_ends()
    stage.settle()
    probe(stage)
    again(stage)


@case("message.both-end")
def both_end(stage: Stage) -> None:
    """Keeps quiet about the peer's goodbye if its own user has ended the conversation, too.

    A message that ends a conversation has the flag IGNORE_UNREADABLE.
    """
    private(stage)
    stage.tester_ends()
    stage.target_ends()
    stage.settle()
    probe(stage)
    again(stage)


# The extra symmetric key.


def _extra_keys() -> None:
    for state, scene in (*SCENES.items(), ("ended", ended)):

        def play(stage: Stage, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            stage.target_uses_extra_key(0x46494C45, "a file")
            stage.settle()
            look(stage, state)

        play.__doc__ = f"""{
            "Gives" if state == "encrypted" else "Does not give"
        } the extra symmetric
        key to the application {PLACES[state]}{
            ", and tells the peer" if state == "encrypted" else ""
        }."""
        case(f"message.extra-key-in-{state}", needs={"extra-key"})(play)


_extra_keys()


# Nothing of all this makes a conversation private: a plaintext that arrives needs no warning.


def _types(stage: Stage) -> None:
    stage.target_says("hello?")


def _starts(stage: Stage) -> None:
    stage.target_starts()


def _ends(stage: Stage) -> None:
    stage.target_ends()


def _takes_plaintext(stage: Stage) -> None:
    stage.arrives("in the clear")


def _takes_tagged(stage: Stage) -> None:
    stage.sends(TaggedPlaintext(stage.lab.text("hello"), frozenset({3})), "a tagged plaintext")


def _takes_query(stage: Stage) -> None:
    stage.arrives("?OTRv23?")


def _takes_error(stage: Stage) -> None:
    stage.arrives("?OTR Error: something went wrong")


def _asks_for_heartbeat(stage: Stage) -> None:
    stage.target_heartbeat()


def _uses_extra_key(stage: Stage) -> None:
    stage.target_uses_extra_key(1, "data")


DISTURBANCES: dict[str, tuple[Scene, set[str]]] = {
    "typing": (_types, set()),
    "start": (_starts, set()),
    "end": (_ends, set()),
    "plaintext": (_takes_plaintext, set()),
    "tagged-plaintext": (_takes_tagged, set()),
    "query": (_takes_query, set()),
    "error": (_takes_error, set()),
    "heartbeat": (_asks_for_heartbeat, {"heartbeat"}),
    "extra-key": (_uses_extra_key, {"extra-key"}),
}


def _not_private() -> None:
    for (name, (disturb, wanted)), versions, tag in product(
        DISTURBANCES.items(), ("v3", "v2"), (False, True)
    ):
        if tag and name != "typing":
            continue
        target = allowing(versions, send_whitespace_tag=tag)

        def play(stage: Stage, disturb: Scene = disturb) -> None:
            disturb(stage)
            stage.to_tester.clear()
            stage.arrives("a plaintext")
            again(stage)

        play.__doc__ = f"""Shows a plaintext without a warning where the conversation is not
        private, whatever happened before: {name}."""
        case(
            f"message.plaintext-after-{name}{'.tag' if tag else ''}.{versions}",
            target=target,
            tester=allowing(versions),
            needs=needs(target, *wanted),
            version=int(versions[1:]),
        )(play)


def _not_private_after_data() -> None:
    for quiet in (False, True):

        def play(stage: Stage, *, quiet: bool = quiet) -> None:
            private(stage)
            stage.tester_sends(text="too late", flags=IGNORE_UNREADABLE if quiet else 0)
            late = stage.to_target.pop()
            stage.target_ends()
            stage.settle()
            stage.reaches_target(late)
            stage.arrives("a plaintext")

        play.__doc__ = """Shows a plaintext without a warning where the conversation is not private,
        also after a Data Message that came too late."""
        case(
            f"message.plaintext-after-data{'.ignore-unreadable' if quiet else ''}.v2",
            target=V2_ONLY,
            tester=V2_ONLY,
            version=2,
        )(play)


_not_private()
_not_private_after_data()
