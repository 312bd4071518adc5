"""What is asked of every joint state.

A property is asked of each participant alone, of all of them together, of a participant and what
is known on the network, or of a joint state in which no message is on its way. It answers with a
sentence where it is violated.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from .party import Deed, Told
from .scenario import MALLORY, BadScenario

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from otr_check.terms import Term

    from .party import Adaptor, Local, Opponent
    from .scenario import Scenario

__all__ = ["PROPERTIES", "Property", "World", "properties_of"]


@dataclass(frozen=True)
class World:
    """What properties may look at.

    Attributes:
        scenario: who takes part.
        adaptor: the endpoints.
        opponent: what is known.
        owned: accounts whose long-term keys the attacker has.
    """

    scenario: Scenario
    adaptor: Adaptor
    opponent: Opponent

    @property
    def owned(self) -> frozenset[str]:
        """Accounts whose long-term keys the attacker has, and his own."""
        attacker = self.scenario.attacker
        return frozenset((*attacker.owns, MALLORY) if attacker else ())

    def name(self, who: int) -> str:
        """A participant's name."""
        return self.scenario.actors[who].name

    def user(self, who: int) -> str:
        """A participant's account."""
        return self.scenario.actors[who].user

    def of(self, account: str, locals_: tuple[Local, ...]) -> Iterator[Local]:
        """The local states of an account's instances."""
        for who, local in enumerate(locals_):
            if self.user(who) == account:
                yield local


class Property:
    """Something that has to hold in every joint state.

    Attributes:
        id: its name.
        about: what has to hold, in a sentence.
        deeds: what has to be remembered for it.
        learns: it asks what is known on the network.
        storms: it counts messages.
    """

    id: ClassVar[str]
    about: ClassVar[str]
    deeds: ClassVar[frozenset[Deed]] = frozenset()
    learns: ClassVar[bool] = False
    storms: ClassVar[bool] = False

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """What is wrong with one participant; None: nothing."""
        del world, who, local
        return None

    def together(self, world: World, locals_: tuple[Local, ...]) -> str | None:
        """What is wrong with all of them together."""
        del world, locals_
        return None

    def known(self, world: World, who: int, local: Local, knowledge: Hashable) -> str | None:
        """What is wrong with a participant, given what is known."""
        del world, who, local, knowledge
        return None

    def resting(self, world: World, locals_: tuple[Local, ...]) -> str | None:
        """What is wrong where no message is on its way."""
        del world, locals_
        return None


class Agreement(Property):
    """Authentication: both ends agree on each other, and on their parts.

    Who starts a conversation with somebody who is offline is private before the peer can have sent
    anything. There the peer takes part by having published what was used: it has to be another
    participant's account. All else is asked as soon as the peer is in the session as well.
    """

    id = "agreement"
    about = (
        "Who is told that a session is private with an account whose long-term key the attacker "
        "does not have shares its secure session id with an instance of that account, or uses "
        "what that published for who comes while it is offline; any other that is in the session "
        "means the same peer, plays the other part, and has the same keys."
    )
    deeds = frozenset({Deed.RUNS, Deed.SECURED})

    def together(self, world: World, locals_: tuple[Local, ...]) -> str | None:
        """Ask every participant that was told so."""
        for who, local in enumerate(locals_):
            for peer, ssid, *part in local.memory.of(Deed.SECURED):
                if peer in world.owned:
                    continue
                wrong = self._strange(world, locals_, who, (peer, ssid, *part)) or next(
                    self._unequal(world, locals_, who, (peer, ssid, *part)), None
                )
                if wrong:
                    return wrong
        return None

    @staticmethod
    def _strange(
        world: World, locals_: tuple[Local, ...], who: int, claim: tuple[object, ...]
    ) -> str | None:
        """Whether the account that it is with takes part."""
        peer, ssid, _, role, *_ = claim
        if peer == "?":
            return f"{world.name(who)} is private with a key that nobody has"
        published = role in world.adaptor.unanswered
        for i, other in enumerate(locals_):
            if i == who or world.user(i) != peer:
                continue
            if published or (ssid,) in other.memory.of(Deed.RUNS):
                return None
        return f"{world.name(who)} is private with {peer}, who takes no part in it"

    @staticmethod
    def _unequal(
        world: World, locals_: tuple[Local, ...], who: int, claim: tuple[object, ...]
    ) -> Iterator[str]:
        """Whether others that are in the session are who it is with, and see it alike.

        Keys are not compared with those of one who has forgotten them at once.
        """
        peer, ssid, _, role, keys = claim
        me, mine = world.name(who), world.user(who)
        for i, other in enumerate(locals_):
            for theirs, same, _, other_role, other_keys in other.memory.of(Deed.SECURED):
                if i == who or same is not ssid:
                    continue
                they = world.name(i)
                complaints = (
                    (world.user(i) != peer, f"{me} is private with {peer}, in a session of {they}"),
                    (theirs != mine, f"{they} is private with {theirs}, in a session of {me}"),
                    (role == other_role, f"{me} and {they} play the same part"),
                    (
                        None not in {keys, other_keys} and keys != other_keys,
                        f"{me} and {they} have one id and different keys",
                    ),
                )
                yield from (complaint for wrong, complaint in complaints if wrong)


class InjectiveAgreement(Property):
    """No session is entered twice."""

    id = "injective-agreement"
    about = "Nobody is told twice that a conversation with one secure session id began."
    deeds = frozenset({Deed.SECURED})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Ask for session ids that came twice."""
        ssids = [ssid for _, ssid, *_ in local.memory.of(Deed.SECURED)]
        if len(set(ssids)) < len(ssids):
            return f"{world.name(who)} began one session twice"
        return None


class Secrecy(Property):
    """What was typed as private is known to nobody else."""

    id = "secrecy"
    about = (
        "No text that was typed while private, and no secure session id, with a peer whose "
        "long-term key the attacker does not have, can be made out by whoever sees the network."
    )
    deeds = frozenset({Deed.TYPED, Deed.SECURED})
    learns = True

    def known(self, world: World, who: int, local: Local, knowledge: Hashable) -> str | None:
        """Ask for every text, and for what the keys are made of."""
        for text, peer in local.memory.of(Deed.TYPED):
            if peer not in world.owned and _knows(world, knowledge, text):
                return f"{text} can be read, which {world.name(who)} typed for {peer} alone"
        for peer, ssid, *_ in local.memory.of(Deed.SECURED):
            if peer not in world.owned and _knows(world, knowledge, ssid):
                return f"the session id of {world.name(who)} with {peer} is known"
        return None


class Forgeability(Property):
    """What was published makes forgeries of everybody's."""

    id = "forgeability"
    about = (
        "Whoever sees the network has every MAC key that was published, so that anybody could have "
        "made, or changed, the messages under it."
    )
    deeds = frozenset({Deed.REVEALED})
    learns = True

    def known(self, world: World, who: int, local: Local, knowledge: Hashable) -> str | None:
        """Ask for every key."""
        for keys in local.memory.of(Deed.REVEALED):
            if not all(_knows(world, knowledge, key) for key in keys):
                return f"a MAC key that {world.name(who)} published cannot be made out"
        return None


class ForwardSecrecy(Property):
    """What was said in a session that is over stays secret, whatever is stolen later."""

    id = "forward-secrecy"
    about = (
        "Once both have left a session, its texts cannot be read by who saw the network, not even "
        "with the long-term keys and everything that both still hold."
    )
    deeds = frozenset({Deed.TYPED})
    learns = True

    def known(self, world: World, who: int, local: Local, knowledge: Hashable) -> str | None:
        """Steal everything of one who is private no more, and ask for what it typed."""
        if any(session.private for session in world.adaptor.sessions(local)):
            return None
        texts = local.memory.of(Deed.TYPED)
        if not texts:
            return None
        stolen = world.opponent.steal(knowledge, local.conversation, world.user(who))
        for text, peer in texts:
            if peer not in world.owned and _knows(world, stolen, text):
                return f"{text} can be read with what {world.name(who)} still holds"
        return None


class Authenticity(Property):
    """A text that is shown as private was typed by the peer."""

    id = "authenticity"
    about = "A text that is shown as private was typed, for this user, by who it is said to be of."
    deeds = frozenset({Deed.SHOWN, Deed.TYPED})

    def together(self, world: World, locals_: tuple[Local, ...]) -> str | None:
        """Ask for the origin of every text."""
        for who, local in enumerate(locals_):
            for text, peer in local.memory.of(Deed.SHOWN):
                if peer in world.owned:
                    continue
                typed = {
                    (each, whom)
                    for other in world.of(str(peer), locals_)
                    for each, whom in other.memory.of(Deed.TYPED)
                }
                if (text, world.user(who)) not in typed:
                    return f"{world.name(who)} was shown {text} as {peer}'s, who never typed it"
        return None


class NoReplay(Property):
    """No text is shown more often than it was sent."""

    id = "no-replay"
    about = (
        "No participant is shown a text as private more often than its peer has sent it: once "
        "when it was typed, and each time that the peer's user was told that it was sent again."
    )
    deeds = frozenset({Deed.SHOWN, Deed.TYPED, Deed.AGAIN})

    def together(self, world: World, locals_: tuple[Local, ...]) -> str | None:
        """Count."""
        for who, local in enumerate(locals_):
            shown = Counter(local.memory.of(Deed.SHOWN))
            for (text, peer), times in shown.items():
                if times == 1 or peer in world.owned:
                    continue
                sent = sum(
                    claim.deed in _SENDS and claim.about[0] is text
                    for other in world.of(str(peer), locals_)
                    for claim in other.memory.claims
                )
                if times > sent:
                    me = world.name(who)
                    return f"{me} was shown {text} {times} times, and {peer} sent it {sent} times"
        return None


class Plaintext(Property):
    """What is typed while private never leaves in the clear."""

    id = "plaintext"
    about = (
        "No text leaves in the clear that was typed after the user was told that the conversation "
        "is private, unless the user has ended it since."
    )
    deeds = frozenset({Deed.CLEAR})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Ask for such texts."""
        for (text,) in local.memory.of(Deed.CLEAR):
            return f"{text} left {world.name(who)} in the clear, who thought it private"
        return None


class SmpTruthful(Property):
    """SMP says the truth."""

    id = "smp-truthful"
    about = (
        "SMP tells a user that the secrets are equal only if they are, and that they differ only "
        "if they do."
    )
    deeds = frozenset({Deed.AGREED, Deed.DIFFERED})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Compare what was said with what the users know."""
        actor = world.scenario.actors[who]
        theirs = {a.says for a in world.scenario.actors if a.user == actor.peer}
        if local.memory.of(Deed.AGREED) and actor.says not in theirs:
            return f"{actor.name} was told that the secrets are equal, and they differ"
        if local.memory.of(Deed.DIFFERED) and theirs == {actor.says}:
            return f"{actor.name} was told that the secrets differ, and they are equal"
        return None


class NoStorm(Property):
    """Endpoints come to rest."""

    id = "no-storm"
    about = "After the last thing that a user did, boundedly many messages are sent."
    storms = True


class Convergence(Property):
    """Who asks for a private conversation gets one."""

    id = "convergence"
    about = (
        "Where a user asked for a private conversation, nobody ended it, and no message is on its "
        "way, some are private, each shares its session, and nobody waits for a message of SMP "
        "that nobody will send."
    )
    deeds = frozenset({Deed.BEGAN, Deed.ENDED})

    def resting(self, world: World, locals_: tuple[Local, ...]) -> str | None:
        """Ask where nothing is on its way."""
        deeds = {claim.deed for local in locals_ for claim in local.memory.claims}
        if Deed.BEGAN not in deeds or Deed.ENDED in deeds:
            return None
        private: dict[object, list[tuple[str, str]]] = {}
        for who, local in enumerate(locals_):
            for session in world.adaptor.sessions(local):
                if session.private:
                    there = private.setdefault(session.ssid, [])
                    there.append((world.name(who), session.smp))
        if not private:
            return "all has been delivered, and nobody is private"
        for there in private.values():
            if len(there) == 1:
                return f"all has been delivered, and {there[0][0]} is private alone"
            waiting = [name for name, smp in there if smp == "peer"]
            if waiting and all(smp != "user" for _, smp in there):
                return f"all has been delivered, and {waiting[0]} waits for SMP to go on"
        return None


class MacKeys(Property):
    """Published MAC keys are of no use."""

    id = "mac-keys"
    about = "No MAC key is published with which a message would still be accepted by anybody."
    deeds = frozenset({Deed.REVEALED})

    def together(self, world: World, locals_: tuple[Local, ...]) -> str | None:
        """Compare what was published with what is accepted."""
        published = {
            key for local in locals_ for keys in local.memory.of(Deed.REVEALED) for key in keys
        }
        if not published:
            return None
        for who, local in enumerate(locals_):
            for session in world.adaptor.sessions(local):
                if session.accepts & published:
                    return f"{world.name(who)} accepts messages with a MAC key that is public"
        return None


class MacKeysOnce(Property):
    """Each MAC key is published once."""

    id = "mac-keys-once"
    about = "Nobody publishes a MAC key twice."
    deeds = frozenset({Deed.REVEALED})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Ask for keys that came twice."""
        keys = [key for keys in local.memory.of(Deed.REVEALED) for key in keys]
        if len(set(keys)) < len(keys):
            return f"{world.name(who)} publishes a MAC key twice"
        return None


class Delivery(Property):
    """What was typed arrives."""

    id = "delivery"
    about = (
        "Where no message is on its way, the network lost none and nobody ended a conversation, "
        "every text that was typed while private has been shown."
    )
    deeds = frozenset({Deed.TYPED, Deed.SHOWN, Deed.ENDED})

    def resting(self, world: World, locals_: tuple[Local, ...]) -> str | None:
        """Ask for texts that came to nobody."""
        if any(local.memory.of(Deed.ENDED) for local in locals_):
            return None
        shown = {text for local in locals_ for text, _ in local.memory.of(Deed.SHOWN)}
        for who, local in enumerate(locals_):
            for text, peer in local.memory.of(Deed.TYPED):
                if text not in shown and peer not in world.owned:
                    return f"{text} was typed by {world.name(who)}, and shown to nobody"
        return None


class Deniability(Property):
    """What was accepted could have been made by anybody, in the end."""

    id = "deniability"
    about = (
        "Who has ended a private conversation has published every MAC key under which a text was "
        "accepted in it."
    )
    deeds = frozenset({Deed.VERIFIED, Deed.REVEALED, Deed.ENDED})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Compare what was used before the end with what was published until then."""
        if not local.memory.of(Deed.ENDED):
            return None
        published = {key for keys in local.memory.of(Deed.REVEALED) for key in keys}
        if all(key in published for (key,) in local.memory.of(Deed.VERIFIED)):
            return None
        if any(session.private for session in world.adaptor.sessions(local)):
            return None
        return f"a MAC key of a text that {world.name(who)} accepted was never published"


class StaleKeys(Property):
    """Keys of messages that never came are forgotten."""

    id = "stale-keys"
    about = (
        "Once an endpoint has looked at the clock, it holds no key of a message that it has waited "
        "for too long."
    )

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Ask for such keys."""
        if any(session.stale for session in world.adaptor.sessions(local)):
            return f"{world.name(who)} holds keys of messages that it has waited for too long"
        return None


class FreshProfile(Property):
    """Nobody is who he is by what has expired."""

    id = "fresh-profile"
    about = "Nobody acts on a client profile that has expired: answers it, or is private by it."
    deeds = frozenset({Deed.OUTDATED})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Ask for such conversations."""
        for (peer,) in local.memory.of(Deed.OUTDATED):
            return f"{world.name(who)} acts on a profile of {peer}'s that has expired"
        return None


class HighestVersion(Property):
    """The highest common version is spoken."""

    id = "version"
    about = "A private conversation with somebody honest is of the highest version that both allow."
    deeds = frozenset({Deed.SECURED})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Compare versions."""
        highest = world.adaptor.highest()
        for peer, _, version, *_ in local.memory.of(Deed.SECURED):
            if version != highest and peer not in world.owned:
                return f"{world.name(who)} speaks version {version}, and both allow {highest}"
        return None


class Wakeful(Property):
    """Nothing crashes. It is always asked."""

    id = "no-crash"
    about = "No endpoint lacks what a row relies on."
    deeds = frozenset({Deed.CRASHED})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Ask for crashes."""
        for (why,) in local.memory.of(Deed.CRASHED):
            return f"{world.name(who)} could not go on: {why}"
        return None


class Alike(Property):
    """Nobody can tell two variants apart."""

    id = "alike"
    about = (
        "What is sent and shown is what would be sent and shown if each participant followed the "
        "variant that it is set against; only random values may differ."
    )
    deeds = frozenset({Deed.DIFFERS})

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Ask for what told them apart."""
        for (difference,) in local.memory.of(Deed.DIFFERS):
            return f"{world.name(who)} differs: {difference}"
        return None


class Belief(Property):
    """What users were told is what is."""

    id = "belief"
    about = "A user who was told that a session is private is in one that is private or over."

    def alone(self, world: World, who: int, local: Local) -> str | None:
        """Compare what was told with what is."""
        told = dict(local.memory.told)
        for session in world.adaptor.sessions(local):
            news = told.get(session.instance)
            if news is not None and not (session.private or session.over):
                return f"{world.name(who)} was told that a session is private, and it is not"
            if session.private and news is not Told.PRIVATE:
                return f"{world.name(who)} is private, and was not told"
        return None


PROPERTIES: Final[dict[str, Property]] = {
    each.id: each
    for each in (
        Agreement(),
        InjectiveAgreement(),
        Secrecy(),
        Forgeability(),
        ForwardSecrecy(),
        Authenticity(),
        NoReplay(),
        Plaintext(),
        Belief(),
        Alike(),
        SmpTruthful(),
        NoStorm(),
        Convergence(),
        MacKeys(),
        MacKeysOnce(),
        Delivery(),
        Deniability(),
        StaleKeys(),
        FreshProfile(),
        HighestVersion(),
        Wakeful(),
    )
}
"""Every property by its id."""


def properties_of(scenario: Scenario) -> tuple[Property, ...]:
    """The properties that a scenario asks for, and that nothing crashes.

    Raises:
        BadScenario: if there is no such property.
    """
    for name in scenario.ask:
        if name not in PROPERTIES:
            message = f"ask: there is no {name!r}; there are {', '.join(PROPERTIES)}"
            raise BadScenario(message)
    asked = dict.fromkeys((*scenario.ask, Wakeful.id))
    return tuple(PROPERTIES[name] for name in asked)


_SENDS = frozenset({Deed.TYPED, Deed.AGAIN})


def _knows(world: World, knowledge: Hashable, text: object) -> bool:
    term: Term = text  # type: ignore[assignment] # a claim about a text holds a term
    return world.opponent.knows(knowledge, term)
