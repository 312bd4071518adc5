"""The authenticated key exchange: how it begins, what disturbs it, and how it ends.

Version 3, and version 2 beside it wherever both can be asked the same. Messages that are wrong in
one thing are in `negative_ake`, several instances in `receiving`.

Descriptions name the states as the specification does, without AUTHSTATE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import V2_ONLY, V3_ONLY, Level, case
from otr_conformance.otrv3.moves import (
    FORGERIES,
    ONLY,
    QUERIES,
    REACH,
    awaits_dh_key,
    awaits_reveal_signature,
    awaits_signature,
    declare,
    forged_commit,
    goes_on,
    header,
    sends_forged,
    sends_key_out_of_range,
    slug,
    talk,
)
from otr_model.otrv3.words import Auth
from otr_reference.otrv3.messages import TaggedPlaintext
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from otr_conformance.otrv3.case import Play
    from otr_conformance.otrv3.stage import Stage

BOTH = Policy()
STARTING = Policy(whitespace_start_ake=True)
VERSIONS = (3, 2)

# Which version is spoken: sections "OTR Query Messages", "Tagged plaintext messages", "Policies".

POLICIES = {
    "disabled": Policy(allow_v2=False, allow_v3=False),
    "v2": V2_ONLY,
    "v3": V3_ONLY,
    "v2-and-v3": BOTH,
}
QUERY_OFFERS = {
    "v1": "?OTR?",
    "v2": "?OTRv2?",
    "v3": "?OTRv3?",
    "v2-and-v3": "?OTRv23?",
    "v1-and-v2": "?OTR?v2?",
    "v1-and-v3": "?OTR?v3?",
    "v4": "?OTRv4?",
    "nothing": "?OTRv?",
    "v3-among-others": "?OTRv45x3?",
    "v3-without-end": "?OTRv3",
    "v3-amid-text": "Good morning! ?OTRv3? Do you speak OTR?",
}
UNCLEAR = ("v3-without-end",)
"""Whether that is a Query Message, the specification does not say."""
TAG_OFFERS = {
    "v1": frozenset({1}),
    "v2": frozenset({2}),
    "v3": frozenset({3}),
    "v2-and-v3": frozenset({2, 3}),
}


def _query(text: str) -> Play:
    return lambda stage: stage.arrives(text)


def _tag(versions: frozenset[int]) -> Play:
    def play(stage: Stage) -> None:
        message = TaggedPlaintext(stage.lab.text("hello"), versions)
        stage.sends(message, f"a whitespace tag that offers {sorted(versions)}")

    return play


for _allowed, _policy in POLICIES.items():
    for _offer, _text in QUERY_OFFERS.items():
        declare(
            f"ake.query-offers-{_offer}-to-{_allowed}",
            f"""Answers {_text!r} with a D-H Commit Message of the newest version that it offers
            and that the policy ({_allowed}) allows, if there is one.""",
            _query(_text),
            target=_policy,
            tester=BOTH,
            level=Level.SHOULD if _offer in UNCLEAR else Level.MUST,
        )
    for _offer, _versions in TAG_OFFERS.items():
        declare(
            f"ake.tag-offers-{_offer}-to-{_allowed}",
            f"""Shows a text without the whitespace tag that offers {sorted(_versions)}, and starts
            nothing, since WHITESPACE_START_AKE is not set.""",
            _tag(_versions),
            target=_policy,
            tester=BOTH,
            needs={"policy"},
        )
        declare(
            f"ake.tag-offers-{_offer}-to-{_allowed}-that-starts",
            f"""Shows a text without its whitespace tag, and sends a D-H Commit Message of the
            newest version that the tag offers and that the policy ({_allowed}) allows, if there
            is one, since WHITESPACE_START_AKE is set.""",
            _tag(_versions),
            target=Policy(_policy.allow_v2, _policy.allow_v3, whitespace_start_ake=True),
            tester=BOTH,
            needs={"policy"},
        )


@case("ake.query-before-digits-v2", target=BOTH, tester=BOTH, version=2)
def query_before_digits_v2(stage: Stage) -> None:
    """Begins an AKE of version 2 on "?OTRv2? I have 3 questions", which offers no other.

    What a person reads behind the question mark is no list of versions.
    """
    stage.arrives("?OTRv2? I have 3 questions")
    stage.settle()
    talk(stage)


@case("ake.query-before-digits-v3", target=V2_ONLY, tester=BOTH, version=2)
def query_before_digits_v3(stage: Stage) -> None:
    """Begins no AKE of version 2 on "?OTRv3? I have 2 questions", which offers version 3 alone."""
    stage.arrives("?OTRv3? I have 2 questions")
    stage.settle()
    talk(stage)


@case("ake.tag-inside-text", target=STARTING, tester=BOTH, needs={"policy"})
def tag_inside_text(stage: Stage) -> None:
    """Finds a whitespace tag in the middle of a text, takes it out, and becomes private."""
    stage.arrives("left \t  \t\t\t\t \t \t \t    \t\t  \t\tright")
    stage.settle()
    talk(stage)


@case("ake.tag-of-unknown-version", target=STARTING, tester=BOTH, needs={"policy"})
def tag_of_unknown_version(stage: Stage) -> None:
    """Passes over the mark of a version that it does not know, and takes up the one behind it."""
    stage.arrives("left \t  \t\t\t\t \t \t \t  \t\t\t\t\t\t\t  \t\t  \t right")


def _negotiated(*, target_starts: bool) -> Play:
    def play(stage: Stage) -> None:
        if target_starts:
            stage.target_starts()
        else:
            stage.tester_starts()
        stage.settle()
        talk(stage)

    return play


for _allowed, _policy in POLICIES.items():
    for _offer, _peer in POLICIES.items():
        if _offer == "disabled":
            continue
        for _starts in (True, False):
            declare(
                f"ake.{_allowed}-with-{_offer}-{'starts' if _starts else 'is-asked'}",
                f"""Speaks the newest version that both allow ({_allowed} here, {_offer} there) when
                {"its own" if _starts else "the peer's"} user asks for a private conversation; if
                there is none, stays as it was.""",
                _negotiated(target_starts=_starts),
                target=_policy,
                tester=_peer,
            )

# A Query Message or whitespace tag, and an exchange of version 2 underway.


def _abandoned(stage: Stage, state: Auth) -> None:
    """Nothing of the exchange underway is on its way, and the tester knows nothing of it."""
    stage.to_tester.clear()
    if state is not Auth.NONE:
        stage.tester_forgets()


def _offered_in(how: str, state: Auth, version: int) -> Play:
    def play(stage: Stage) -> None:
        REACH[state](stage, 2)
        _abandoned(stage, state)
        (_tag(frozenset({version})) if how == "tag" else _query(QUERIES[version]))(stage)
        stage.settle()
        talk(stage)

    return play


def _unsuitable_in(how: str, state: Auth) -> Play:
    def play(stage: Stage) -> None:
        REACH[state](stage, 2)
        (_tag(frozenset({3})) if how == "tag" else _query("?OTRv34?"))(stage)
        goes_on(stage, state, 2)

    return play


def _tag_without_start_in(state: Auth) -> Play:
    def play(stage: Stage) -> None:
        REACH[state](stage, 2)
        _tag(frozenset({2}))(stage)
        goes_on(stage, state, 2)

    return play


for _state in Auth:
    for _how in ("query", "tag"):
        _needs = {"policy"} if _how == "tag" else set[str]()
        for _version in VERSIONS:
            declare(
                f"ake.{_how}-offers-v{_version}-in-{_state.label}",
                f"""Begins an AKE of version {_version} when a {_how} offers it, also where an AKE
                of version 2 stands at {_state.name}, and finishes it.""",
                _offered_in(_how, _state, _version),
                target=STARTING if _how == "tag" else BOTH,
                tester=BOTH,
                needs=_needs,
            )
        declare(
            f"ake.{_how}-unsuitable-in-{_state.label}",
            f"""Stays in {_state.name} when a {_how} offers only versions that the policy does not
            allow: what belongs there still succeeds.""",
            _unsuitable_in(_how, _state),
            target=Policy(allow_v3=False, whitespace_start_ake=True) if _how == "tag" else V2_ONLY,
            needs=_needs,
            version=2,
        )
    declare(
        f"ake.tag-without-start-in-{_state.label}",
        f"""Stays in {_state.name} when a whitespace tag arrives and WHITESPACE_START_AKE is not
        set: what belongs there still succeeds.""",
        _tag_without_start_in(_state),
        needs={"policy"},
        version=2,
    )


def _other_tag_in(state: Auth, version: int, offered: int) -> Play:
    def play(stage: Stage) -> None:
        REACH[state](stage, version)
        _tag(frozenset({offered}))(stage)
        goes_on(stage, state, version)

    return play


for _state in (Auth.AWAITING_DHKEY, Auth.AWAITING_REVEALSIG, Auth.AWAITING_SIG):
    declare(
        f"ake.tag-offers-v1-in-{_state.label}",
        f"""Stays in {_state.name} when a whitespace tag offers version 1 alone, although any that
        it knows would start an AKE: what belongs there still succeeds.""",
        _other_tag_in(_state, 2, 1),
        target=STARTING,
        tester=V2_ONLY,
        needs={"policy"},
    )
declare(
    "ake.tag-offers-v2-not-allowed-in-awaiting-dhkey",
    """Stays in AWAITING_DHKEY of version 3 when a whitespace tag offers version 2, which the policy
    does not allow: what belongs there still succeeds.""",
    _other_tag_in(Auth.AWAITING_DHKEY, 3, 2),
    target=Policy(allow_v2=False, whitespace_start_ake=True),
    needs={"policy"},
)

# Messages of the AKE where they do not belong.


def _forged_in(kind: str, state: Auth, version: int) -> Play:
    def play(stage: Stage) -> None:
        REACH[state](stage, version)
        if kind == "D-H Key" and state is Auth.AWAITING_DHKEY:
            sends_key_out_of_range(stage, version)
        else:
            sends_forged(stage, kind, version)
        goes_on(stage, state, version)

    return play


for _version in VERSIONS:
    for _state in Auth:
        for _kind in FORGERIES:
            declare(
                f"ake.v{_version}-ignores-{slug(_kind)}-in-{_state.label}",
                f"""Ignores a {_kind} Message that fits nothing in {_state.name}, and stays there:
                what belongs there still succeeds.""",
                _forged_in(_kind, _state, _version),
                version=_version,
            )

FOREIGN = {1: "?OTR:AAEKAAAAAA==.", 4: "?OTR:AAQKAAAAAA==."}


def _foreign_in(version: int, state: Auth) -> Play:
    def play(stage: Stage) -> None:
        REACH[state](stage, 2)
        stage.arrives(FOREIGN[version])
        goes_on(stage, state, 2)

    return play


for _state in Auth:
    for _version in FOREIGN:
        declare(
            f"ake.ignores-v{_version}-in-{_state.label}",
            f"""Ignores an encoded message of version {_version} in {_state.name}, and stays there:
            what belongs there still succeeds.""",
            _foreign_in(_version, _state),
            version=2,
        )

# Messages of a version that the policy does not allow.


def _not_allowed_at_start(kind: str, version: int) -> Play:
    def play(stage: Stage) -> None:
        _sends_of_nobody(stage, kind, version)
        stage.tester_takes(QUERIES[5 - version])
        stage.settle()
        talk(stage)

    return play


def _not_allowed_underway(kind: str) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERIES[3])
        _sends_of_nobody(stage, kind, 2)
        stage.settle()
        talk(stage)

    return play


def _sends_of_nobody(stage: Stage, kind: str, version: int) -> None:
    if kind == "D-H Commit":
        message = forged_commit(stage, header(stage, version))
        stage.sends(message, "a D-H Commit Message of nobody's")
    else:
        sends_forged(stage, kind, version)


for _kind in ("D-H Commit", *FORGERIES):
    for _version in VERSIONS:
        declare(
            f"ake.v{_version}-{slug(_kind)}-not-allowed",
            f"""Ignores a {_kind} Message of version {_version} where the policy allows only the
            other version, which then succeeds.""",
            _not_allowed_at_start(_kind, _version),
            version=5 - _version,
            needs={"tag"} if _version == 3 else (),  # noqa: PLR2004 - the version that has tags
        )
    declare(
        f"ake.v2-{slug(_kind)}-not-allowed-in-awaiting-dhkey",
        f"""Ignores a {_kind} Message of version 2, which the policy does not allow, while it awaits
        a D-H Key Message of version 3, which is then accepted.""",
        _not_allowed_underway(_kind),
    )

# New exchanges in the middle of others.


def _asked_in(state: Auth) -> Play:
    def play(stage: Stage) -> None:
        REACH[state](stage, 3)
        _abandoned(stage, state)
        stage.arrives(QUERIES[3])
        stage.settle()
        talk(stage)

    return play


for _state in Auth:
    declare(
        f"ake.asked-again-in-{_state.label}",
        f"""Begins a new AKE on a Query Message, also where an AKE with the instance that answers it
        stands at {_state.name}, and finishes it.""",
        _asked_in(_state),
    )

# Messages that come again, late, or not at all.


def _everything_twice(version: int, *, target_commits: bool) -> Play:
    def play(stage: Stage) -> None:
        if target_commits:
            stage.arrives(QUERIES[version])
        else:
            stage.tester_takes(QUERIES[version])
        while stage.to_target or stage.to_tester:
            if stage.to_target:
                stage.to_target_delivers(keep=True)
                stage.to_target_delivers()
            else:
                stage.to_tester_delivers()
        talk(stage)

    return play


def _old_messages(version: int) -> Play:
    def play(stage: Stage) -> None:
        stage.tester_takes(QUERIES[version])
        commit = stage.to_target[0]
        stage.to_target_delivers()
        stage.to_tester_delivers()
        reveal = stage.to_target[0]
        stage.settle()
        stage.reaches_target(reveal)
        stage.reaches_target(commit)
        stage.reaches_target(reveal)
        stage.to_tester.clear()
        talk(stage)

    return play


for _version in VERSIONS:
    declare(
        f"ake.v{_version}-everything-twice-as-initiator",
        """Becomes private once, also where every message reaches it twice and it began.""",
        _everything_twice(_version, target_commits=True),
        version=_version,
    )
    declare(
        f"ake.v{_version}-everything-twice-as-responder",
        """Becomes private once, also where every message reaches it twice and the peer began.""",
        _everything_twice(_version, target_commits=False),
        version=_version,
    )
    declare(
        f"ake.v{_version}-old-exchange-replayed",
        """Stays in its private conversation when the D-H Commit and Reveal Signature Message of the
        exchange that began it are replayed: its own new D-H Key makes the old messages worthless.
        """,
        _old_messages(_version),
        version=_version,
    )

# A new exchange has new secrets.


def _commits_anew(how: str, version: int, *, revealed: bool) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERIES[version])
        stage.to_tester_delivers()
        if revealed:
            stage.to_target_delivers()
        (_tag(frozenset({version})) if how == "tag" else _query(QUERIES[version]))(stage)
        if revealed:
            stage.to_tester_delivers(1)
            stage.to_target.clear()
        else:
            stage.to_tester_loses()
            stage.to_target_delivers()
        stage.to_tester_delivers()

    return play


for _how in ("query", "tag"):
    for _version in VERSIONS:
        for _revealed in (True, False):
            declare(
                f"ake.v{_version}-{_how}-commits-anew"
                f"-in-{(Auth.AWAITING_SIG if _revealed else Auth.AWAITING_DHKEY).label}",
                f"""Picks a new r and x when a {_how} begins another AKE while one is underway: the
                r of one exchange does not open the commitment of the other.""",
                _commits_anew(_how, _version, revealed=_revealed),
                target=Policy(
                    ONLY[_version].allow_v2, ONLY[_version].allow_v3, whitespace_start_ake=True
                )
                if _how == "tag"
                else ONLY[_version],
                tester=ONLY[_version],
                needs={"policy"} if _how == "tag" else (),
            )

# Both begin: the tie-break.


def _both_begin(version: int, *, higher: bool) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERIES[version])
        stage.tester_commits(higher=higher)
        stage.settle()
        talk(stage)

    return play


def _own_commit_forgotten(version: int) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERIES[version])
        stage.tester_commits(higher=True)
        stage.to_target_delivers()
        sends_forged(stage, "D-H Key", version)
        stage.settle()
        talk(stage)

    return play


for _version in VERSIONS:
    for _higher in (True, False):
        declare(
            f"ake.v{_version}-both-begin-and-{'peer' if _higher else 'target'}-is-higher",
            f"""{
                "Forgets its own D-H Commit Message and answers that of the peer"
                if _higher
                else "Sends its D-H Commit Message again"
            } when both sides sent one and the
            {
                "peer's" if _higher else "own"
            } hash is the higher; both end up in one conversation.""",
            _both_begin(_version, higher=_higher),
            version=_version,
        )
    declare(
        f"ake.v{_version}-own-commit-forgotten",
        """Ignores a D-H Key Message after it has given way to the peer's D-H Commit Message.""",
        _own_commit_forgotten(_version),
        version=_version,
    )


@case("ake.v3-both-begin-amid-answer")
def both_begin_amid_answer(stage: Stage) -> None:
    """Sends its D-H Commit Message again to an instance whose first D-H Key was out of range."""
    awaits_dh_key(stage, 3)
    stage.tester_commits(higher=False)
    stage.settle()
    talk(stage)


def _versions_cross(*, higher: bool) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERIES[3])
        stage.tester_commits(higher=higher)
        stage.settle()
        stage.target_says("hello")
        stage.settle()

    return play


for _higher in (True, False):
    declare(
        f"ake.v2-commit-{'higher' if _higher else 'lower'}-while-v3-awaits",
        f"""{"Gives way to" if _higher else "Sends its own again on"} a D-H Commit Message of
        version 2 with the {"higher" if _higher else "lower"} hash while it awaits a D-H Key
        Message of version 3.""",
        _versions_cross(higher=_higher),
        target=BOTH,
        tester=V2_ONLY,
        version=2,
    )

# What a failed message leaves behind, and what a finished exchange does.


def _failed_both(version: int) -> Play:
    def play(stage: Stage) -> None:
        awaits_reveal_signature(stage, version)
        sends_forged(stage, "Reveal Signature", version)
        stage.settle()
        talk(stage)
        stage.to_tester.clear()
        awaits_signature(stage, version)
        sends_forged(stage, "Signature", version)
        stage.settle()
        talk(stage)

    return play


for _version in VERSIONS:
    declare(
        f"ake.v{_version}-survives-failed-messages",
        """Ignores a Reveal Signature Message and, in the next exchange, a Signature Message that
        fail their checks: the right ones that follow are accepted.""",
        _failed_both(_version),
        version=_version,
    )
