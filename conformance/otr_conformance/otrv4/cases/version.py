"""Which version of OTR answers, and conversations of version 3 with whoever speaks no other.

Sections "Establishing Versions", "Receiving a Query Message", "Receiving plaintext with the
whitespace tag" and "Requesting Conversation with Older OTR Versions"; the rollback that section
"Client Profile" speaks of. What version 3 does within its conversations is tested by the cases of
OTRv3; here, that everything reaches it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V3_ONLY, V4_ONLY, Level
from otr_conformance.otrv4.scenes import (
    LONG_AGO,
    OTHER_SECRET,
    ROLES,
    SECRET,
    ended,
    finished,
    hold_everything,
    private,
    private_as_responder,
    talk,
)
from otr_conformance.otrv4.stage import TESTER_TAG, THIRD_TAG
from otr_reference.otrv4.messages import Query, TaggedPlaintext

from .message import (
    BOTH,
    FILE,
    VERSIONS,
    allowing,
    declare,
    look,
    meanwhile,
    shows_error,
    types_twice,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage

    Scene = Callable[[Stage], None]

QUERY_3 = "?OTRv3?"
EXPIRY = 8 * 86400
"""Seconds after which a client profile that is new when a case begins has expired."""
TAGGED_2 = "hello? \t  \t\t\t\t \t \t \t    \t\t  \t "
"""A text with a whitespace tag that offers version 2."""
OFFERS: dict[str, frozenset[int]] = {
    **{
        versions: frozenset(n for n, yes in zip((3, 4), allowed, strict=True) if yes)
        for versions, allowed in VERSIONS.items()
    },
    "nothing": frozenset(),
    "unknown": frozenset({5}),
}


def tagged(stage: Stage, *versions: int) -> None:
    """A plaintext with a whitespace tag reaches the target."""
    offer = TaggedPlaintext(stage.lab.text("hello?"), frozenset(versions))
    stage.sends(offer, "a tagged plaintext")


def commits(stage: Stage) -> None:
    """The tester answers a Query Message of version 3 with a D-H Commit Message."""
    stage.tester_takes(QUERY_3)


def private_3(stage: Stage) -> None:
    """A private conversation of version 3, which the tester's D-H Commit Message begins."""
    commits(stage)
    stage.settle()


# Query Messages and whitespace tags.


def _offers() -> None:
    offers = [*product(VERSIONS, VERSIONS), ("v3-and-v4", "nothing"), ("v3-and-v4", "unknown")]
    for allowed, offer in offers:

        def by_query(stage: Stage, offer: str = offer) -> None:
            stage.sends(Query(OFFERS[offer]), "a Query Message")
            stage.settle()
            talk(stage)

        declare(
            f"version.query-offers-{offer}.{allowed}",
            """Begins a conversation of the newest version that both the Query Message and the
            policy allow, and none where there is no such version.""",
            by_query,
            target=allowing(allowed),
            tester=BOTH,
        )
    for allowed, offer, wanted in (
        ("v3-and-v4", "v3", True),
        ("v3-and-v4", "v4", True),
        ("v3", "v4", True),
        ("v4", "v3", True),
        ("v3-and-v4", "v3", False),
        ("v3-and-v4", "v4", False),
    ):

        def by_tag(stage: Stage, offer: str = offer) -> None:
            tagged(stage, *OFFERS[offer])
            stage.settle()
            talk(stage)

        declare(
            f"version.tag-offers-{offer}.{allowed if wanted else 'unwanted'}",
            """Begins a conversation of the newest version that both the whitespace tag and the
            policy allow, and none where there is no such version."""
            if wanted
            else """Shows the text and begins no conversation because of its whitespace tag, where
            the policy does not ask for that.""",
            by_tag,
            target=allowing(allowed, whitespace_start_dake=wanted),
            tester=BOTH,
        )
    for wanted in (True, False):

        def by_old_tag(stage: Stage) -> None:
            stage.arrives(TAGGED_2)
            stage.settle()

        declare(
            f"version.tag-offers-v2.{'v3-and-v4' if wanted else 'unwanted'}",
            """Shows the text and begins no conversation because of its whitespace tag, which offers
            version 2 alone.""",
            by_old_tag,
            target=allowing("v3-and-v4", whitespace_start_dake=wanted),
            tester=BOTH,
        )


_offers()


# Rollback.


def _rollback() -> None:
    wanted = allowing("v3-and-v4", whitespace_start_dake=True)

    def by_query(stage: Stage) -> None:
        stage.arrives(QUERY_3)
        stage.settle()
        talk(stage)

    def by_tag(stage: Stage) -> None:
        tagged(stage, 3)
        stage.settle()
        talk(stage)

    def offers_both(stage: Stage) -> None:
        stage.sends(Query(frozenset({3, 4})), "a Query Message")
        stage.settle()
        talk(stage)

    def expired(stage: Stage) -> None:
        stage.wait(EXPIRY)
        stage.arrives(QUERY_3)
        stage.settle()
        talk(stage)

    def answered(stage: Stage) -> None:
        stage.target_starts()
        stage.settle()
        talk(stage)

    declare(
        "version.rollback.answered",
        """Begins no conversation of version 3 where its own offer of both versions is answered in
        version 3, as if it had been changed on its way, and a client profile of the peer's says
        that version 4 is supported.""",
        answered,
        target=wanted,
        tester=allowing("v3"),
        knows=True,
    )
    for name, about, play, clock in (
        (
            "query",
            """Begins no conversation of version 3 on a Query Message that offers no newer one,
            where a client profile of the peer's says that version 4 is supported.""",
            by_query,
            False,
        ),
        (
            "tag",
            """Begins no conversation of version 3 on a whitespace tag that offers no newer one,
            where a client profile of the peer's says that version 4 is supported.""",
            by_tag,
            False,
        ),
        (
            "both-offered",
            "Begins a conversation of version 4 on an offer of both, with a profile of the peer's.",
            offers_both,
            False,
        ),
        (
            "expired",
            "Begins a conversation of version 3 where the client profile that it knew has expired.",
            expired,
            True,
        ),
    ):
        declare(
            f"version.rollback.{name}",
            about,
            play,
            target=wanted,
            tester=BOTH,
            knows=True,
            needs={"otrv4-clock"} if clock else (),
        )


_rollback()


# Version 3 beside a private conversation of version 4.


def _engaged() -> None:
    def query(stage: Stage) -> None:
        stage.arrives(QUERY_3)

    def tag(stage: Stage) -> None:
        tagged(stage, 3)

    def commit(stage: Stage) -> None:
        before = stage.tester.conversation
        stage.tester_forgets()
        commits(stage)
        stage.to_target_delivers()
        stage.tester.conversation = before

    for (name, act), (state, scene) in product(
        {"query": query, "tag": tag, "commit": commit}.items(),
        {"private": private, "finished": finished}.items(),
    ):
        if state == "finished" and name != "query":
            continue

        def play(stage: Stage, act: Scene = act, scene: Scene = scene, state: str = state) -> None:
            scene(stage)
            act(stage)
            hold_everything(stage)
            look(stage, state)

        what = {
            "query": "a Query Message that offers version 3",
            "tag": "a whitespace tag that offers version 3",
            "commit": "a message of version 3",
        }[name]
        place = (
            "in a private conversation of version 4"
            if state == "private"
            else "once the peer has ended the conversation of version 4, and the user has not"
        )
        declare(
            f"version.{name}-of-version-3-in-{state}",
            f"Lets {what} begin nothing {place}.",
            play,
            target=allowing("v3-and-v4", whitespace_start_dake=True),
            tester=BOTH,
        )


def _not_spoken() -> None:
    def play(stage: Stage) -> None:
        commits(stage)
        stage.settle()
        look(stage, "start")

    declare(
        "version.commit-of-version-3.v4",
        "Ignores messages of version 3 where its policy does not allow that.",
        play,
        target=V4_ONLY,
        tester=BOTH,
    )


_engaged()
_not_spoken()


# A peer that speaks version 3 only.


def _beginnings() -> None:
    def our_query(stage: Stage) -> None:
        stage.target_starts()
        stage.settle()

    def their_tag(stage: Stage) -> None:
        stage.tester_says("do you have OTR?")
        stage.settle()

    def our_tag(stage: Stage) -> None:
        stage.target_says("do you have OTR?")
        stage.settle()

    def our_typing(stage: Stage) -> None:
        stage.target_says("for your eyes only")
        stage.settle()

    eager = allowing("v3", send_whitespace_tag=True, whitespace_start_dake=True)
    for name, play, target, tester in (
        ("our-query", our_query, BOTH, V3_ONLY),
        ("their-tag", their_tag, allowing("v3-and-v4", whitespace_start_dake=True), eager),
        ("our-tag", our_tag, allowing("v3-and-v4", send_whitespace_tag=True), eager),
        ("our-typing", our_typing, allowing("v3-and-v4", require_encryption=True), V3_ONLY),
    ):

        def begins(stage: Stage, play: Scene = play) -> None:
            play(stage)
            talk(stage)
            talk(stage)

        declare(
            f"version.falls-back.{name}",
            """Speaks version 3 with a peer that speaks no other: the conversation becomes private,
            and both sides read each other.""",
            begins,
            target=target,
            tester=tester,
        )


def _typed_before() -> None:
    def several(stage: Stage) -> None:
        for text in ("one", "two", "three"):
            stage.target_says(text)
        stage.settle()
        talk(stage)

    def for_another(stage: Stage) -> None:
        finished(stage)
        stage.target_says("for you alone")
        stage.target_ends()
        stage.arrives(QUERY_3)
        stage.settle()
        talk(stage)

    declare(
        "version.falls-back.several-wait",
        "Sends all that was typed in its order, once a conversation of version 3 is private.",
        several,
        target=allowing("v3-and-v4", require_encryption=True),
        tester=V3_ONLY,
    )
    declare(
        "version.falls-back.typed-for-another",
        "Keeps what was typed for one peer of version 4 from a peer of version 3.",
        for_another,
        target=BOTH,
        tester=BOTH,
    )


_beginnings()
_typed_before()


def _types(stage: Stage) -> None:
    stage.target_says("hello?")


def _takes_plaintext(stage: Stage) -> None:
    stage.arrives("in the clear")


def _beats(stage: Stage) -> None:
    stage.target_heartbeat()


def _uses_extra_key(stage: Stage) -> None:
    stage.target_uses_extra_key(FILE, "a file")


def _starts(stage: Stage) -> None:
    stage.target_starts()


ACTS: dict[str, tuple[Scene, str, set[str]]] = {
    "typing": (_types, "what the user types", set()),
    "plaintext": (_takes_plaintext, "a plaintext", set()),
    "error": (shows_error, "an Error Message", set()),
    "heartbeat": (_beats, "a heartbeat that the application asks for", {"heartbeat"}),
    "extra-key": (_uses_extra_key, "the extra symmetric key", {"extra-key"}),
    "start": (_starts, "the user's wish for a private conversation", set()),
}


def _in_version_3() -> None:
    for name, (act, what, wanted) in ACTS.items():

        def play(stage: Stage, act: Scene = act) -> None:
            private(stage)
            talk(stage)
            act(stage)
            stage.settle()
            talk(stage)

        def looks(stage: Stage, act: Scene = act) -> None:
            private(stage)
            act(stage)
            hold_everything(stage)
            stage.target_starts()
            stage.settle()

        declare(
            f"version.fallback.{name}",
            f"Treats {what} in a private conversation of version 3 as that version does.",
            play,
            target=BOTH,
            tester=V3_ONLY,
            needs=wanted,
        )
        if name != "start":
            declare(
                f"version.fallback.{name}.then-starts",
                f"""Sends a Query Message on request in a private conversation of version 3, also
                after {what}.""",
                looks,
                target=BOTH,
                tester=V3_ONLY,
                needs=wanted,
            )


_in_version_3()


def _smp_in_version_3() -> None:
    for ours, theirs in ((SECRET, SECRET), (SECRET, OTHER_SECRET)):

        def by_target(stage: Stage, ours: str = ours, theirs: str = theirs) -> None:
            private(stage)
            stage.target_begins_smp(ours)
            stage.settle()
            stage.tester_answers_smp(theirs)
            stage.settle()
            talk(stage)

        def by_tester(stage: Stage, ours: str = ours, theirs: str = theirs) -> None:
            private(stage)
            stage.tester_begins_smp(theirs, "which building?")
            stage.settle()
            stage.target_answers_smp(ours)
            stage.settle()
            talk(stage)

        for who, play in (("our", by_target), ("their", by_tester)):
            if ours != theirs and who == "our":
                continue
            declare(
                f"version.fallback.{who}-smp.{'equal' if ours == theirs else 'different'}",
                """Compares secrets in a private conversation of version 3 as that version
                does.""",
                play,
                target=BOTH,
                tester=V3_ONLY,
                needs={"smp"},
            )


_smp_in_version_3()


def _ends_of_version_3() -> None:
    def by_target(stage: Stage) -> None:
        private(stage)
        talk(stage)
        stage.target_ends()
        stage.settle()
        stage.arrives("in the clear")
        stage.target_starts()
        stage.settle()

    def by_tester(stage: Stage) -> None:
        private(stage)
        talk(stage)
        stage.tester_ends()
        stage.settle()
        types_twice(stage)
        stage.target_ends()
        stage.settle()
        stage.arrives("in the clear")
        stage.target_says("in the clear, too")
        stage.settle()

    def by_target_in_vain(stage: Stage) -> None:
        private(stage)
        stage.target_ends()
        stage.settle()
        stage.target_ends()
        stage.settle()
        types_twice(stage)

    def silent(stage: Stage) -> None:
        private(stage)
        talk(stage)
        stage.wait(LONG_AGO)
        stage.tester_says("still listening?")
        stage.settle()
        talk(stage)

    def asked_for_4(stage: Stage) -> None:
        private(stage)
        stage.target_starts_dake()
        stage.settle()
        talk(stage)

    for name, about, play, wanted in (
        (
            "ends",
            """Tells the peer when the user ends a private conversation of version 3, and can begin
            another one.""",
            by_target,
            (),
        ),
        (
            "peer-ends",
            """Sends nothing of what the user types once the peer has ended the conversation of
            version 3, until the user has ended it, too.""",
            by_tester,
            (),
        ),
        (
            "ends-twice",
            "Sends nothing when the user ends a conversation of version 3 that has ended.",
            by_target_in_vain,
            (),
        ),
        (
            "heartbeat-when-silent",
            """Answers a Data Message of version 3 with a heartbeat after having sent nothing for
            long.""",
            silent,
            ("otrv4-clock",),
        ),
        (
            "starts-dake",
            """Stays in a private conversation of version 3 when the user starts one of version 4
            interactively with a peer that does not speak it.""",
            asked_for_4,
            ("otrv4-dake",),
        ),
    ):
        declare(
            f"version.fallback.{name}",
            about,
            play,
            target=BOTH,
            tester=V3_ONLY,
            needs=wanted,
            level=Level.SHOULD if name == "heartbeat-when-silent" else Level.MUST,
        )


_ends_of_version_3()


# From one version to the other.


def _four_after_three() -> None:
    for role, scene in ROLES.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            private_3(stage)
            talk(stage)
            scene(stage)
            talk(stage)
            look(stage, "private")

        declare(
            f"version.four-after-three.{role}",
            f"""Ends a private conversation of version 3 when it enters one of version 4 as the
            {role}, and tells the peer.""",
            play,
            target=BOTH,
            tester=BOTH,
            needs={"otrv4-offline"} if role in {"retriever", "publisher"} else (),
        )


_four_after_three()


def four_after_three_was_ended(stage: Stage) -> None:
    """The peer has ended the conversation of version 3 before."""
    private_3(stage)
    stage.tester_ends()
    stage.settle()
    private_as_responder(stage)
    talk(stage)
    stage.target_ends()
    stage.settle()
    stage.arrives("in the clear")
    stage.target_says("in the clear, too")


def three_after_four(stage: Stage) -> None:
    """The user has ended the conversation of version 4."""
    ended(stage)
    stage.tester_ends()
    private_3(stage)
    talk(stage)
    private_as_responder(stage)
    talk(stage)


def three_after_four_was_ended(stage: Stage) -> None:
    """The peer has ended the conversation of version 4, then the user, too."""
    finished(stage)
    stage.target_ends()
    private_3(stage)
    talk(stage)


def three_while_four_begins(stage: Stage) -> None:
    """A DAKE has begun when version 3 is asked for."""
    stage.arrives("?OTRv4?")
    meanwhile(stage, lambda: stage.arrives(QUERY_3))
    stage.settle()
    talk(stage)


def four_offered_in_three(stage: Stage) -> None:
    """A plaintext that offers version 4 arrives in a private conversation of version 3."""
    private_3(stage)
    tagged(stage, 4)
    talk(stage)


def four_beside_three_in_finished(stage: Stage) -> None:
    """One instance of the peer has ended a conversation of version 4, and speaks version 3 then.

    What made that possible is a conversation of version 4 with another instance, which the user has
    ended.
    """
    finished(stage)
    stage.tester_at(THIRD_TAG)
    private_as_responder(stage)
    stage.target_ends()
    stage.settle()
    stage.tester_at(TESTER_TAG)
    private_3(stage)
    talk(stage)
    stage.tester_starts_dake()
    stage.settle()
    talk(stage)


for _name, _about, _play in (
    (
        "four-after-three.finished",
        "Enters a conversation of version 4 when the peer has ended one of version 3.",
        four_after_three_was_ended,
    ),
    (
        "three-after-four",
        """Speaks version 3 once the user has ended the conversation of version 4, and version 4
        again.""",
        three_after_four,
    ),
    (
        "three-after-four.finished",
        "Speaks version 3 once both users have ended the conversation of version 4.",
        three_after_four_was_ended,
    ),
    (
        "three-while-four-begins",
        """Ends up in a conversation of version 4 where a DAKE had begun before version 3 was asked
        for.""",
        three_while_four_begins,
    ),
    (
        "four-offered-in-three",
        """Warns of a plaintext in a private conversation of version 3, also where a whitespace tag
        offers version 4.""",
        four_offered_in_three,
    ),
    (
        "four-beside-three",
        """Ends a private conversation of version 3 when one of version 4 begins anew that the peer
        had ended.""",
        four_beside_three_in_finished,
    ),
):
    declare(f"version.{_name}", _about, _play, target=BOTH, tester=BOTH)
