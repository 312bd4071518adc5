"""What the monitor finds by itself: on the wires, and in what users are told.

It knows no keys, and needs none: what is looked for here is wrong whatever the rest may be, and it
is the sender's fault.

| check | what must not be |
|---|---|
| `plaintext` | a text that was typed in a private conversation is on the wire as it is |
| `counter` | a Data Message's counter is not above the last one under the same two keys |
| `key-id` | a key id of a Data Message is 0, goes back, or leaps |
| `next-key` | one key id stands for two keys, or two for one |
| `message-id` | ratchet and message numbers do not go on (version 4) |
| `own-mac-key` | a MAC key is made public that authenticates what the side sends itself |
| `mac-key-twice` | a MAC key is made public twice |
| `instance-tag` | a message carries an instance tag that is not its sender's, or its receiver's |
| `fingerprint` | a user is told of another fingerprint than that of the peer |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64decode
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.play.watch import LEAST
from otr_reference.otrv3.messages import DataMessage as DataMessage3
from otr_reference.otrv3.messages import DhCommit, DhKey, RevealSignature, SignatureMessage
from otr_reference.otrv4.messages import AuthI, AuthR
from otr_reference.otrv4.messages import DataMessage as DataMessage4
from otr_reference.otrv4.messages import Identity as IdentityMessage

from .meeting import PEERS, SECURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from otr_conformance.otrv3.labs import RealLab as RealLab3
    from otr_conformance.otrv4.labs import RealLab as RealLab4
    from otr_conformance.play.labs import ByteLab
    from otr_conformance.play.stage import Reaction
    from otr_reference.sorts import Octets

__all__ = ["CHECKS", "CITED", "Breach", "Identity", "Watch", "Watch3", "Watch4"]

OPENING: Final = b"?OTR:"
ENDS: Final = frozenset({"finished", "insecure"})
THREE: Final = 3

CHECKS: Final = (
    *("plaintext", "counter", "key-id", "next-key", "message-id", "own-mac-key", "mac-key-twice"),
    *("instance-tag", "fingerprint"),
)
"""The names of the checks."""

CITED: Final[Mapping[str, tuple[str, ...]]] = {
    "counter": ("otrv3.check:data-counter",),
    "key-id": ("otrv3.check:our-key-known", "otrv3.check:their-key-known"),
}
"""Which check of the tables finds the same at the receiver, where there is one."""


@dataclass
class Identity:
    """Who a party says that it is, and whom it says that it talks to.

    Attributes:
        fingerprint: of its own long-term key.
        tag: its own instance tag; None if it does not say.
        met: the fingerprints that its user was told of, in order.
    """

    fingerprint: bytes
    tag: int | None = None
    met: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must not be.

    Attributes:
        who: whose fault it is.
        check: which of the checks above.
        says: what was found, in a sentence without its subject.
    """

    who: str
    check: str
    says: str


@dataclass
class _Sent:
    """What is known of one side's Data Messages since the exchange before.

    Attributes:
        last: the last sequence of numbers, for each pair of keys.
        ids: the last pair of key ids.
        keys: the key that each key id stands for.
    """

    last: dict[tuple[int, ...], int] = field(default_factory=dict)
    ids: tuple[int, int] = (0, 0)
    keys: dict[int, int] = field(default_factory=dict)


class Watch(ABC):
    """Looks at everything that passes, whatever the version.

    Attributes:
        breaches: what was found since somebody looked.
    """

    def __init__(self, lab: ByteLab, identities: Mapping[str, Identity]) -> None:
        self.lab = lab
        self.identities = identities
        self.breaches: list[Breach] = []
        self._private: dict[str, bool] = defaultdict(bool)
        self._met: dict[str, int] = defaultdict(int)
        self._secrets: dict[str, set[bytes]] = defaultdict(set)
        self.sent: dict[str, _Sent] = defaultdict(_Sent)
        self.data: dict[str, list[Any]] = defaultdict(list)
        self.revealed: dict[str, set[str]] = defaultdict(set)

    def typed(self, who: str, text: Octets) -> None:
        """A user types: in private a secret, until the same is typed in the clear.

        A text of fewer than `LEAST` bytes is none: it may be in a message by chance.
        """
        octets = self.lab.suite.to_bytes(text)
        if not self._private[who]:
            self._secrets[who].discard(octets)
        elif len(octets) >= LEAST:
            self._secrets[who].add(octets)

    def passed(self, who: str, reaction: Reaction, messages: list[Any]) -> None:
        """A side did something."""
        begins = any(report.what in SECURE for report in reaction.reports)
        if begins:
            self.sent[who] = _Sent()
        self._look_for_secrets(who, reaction)
        for message in messages:
            self.breaches += (Breach(who, *found) for found in self.of_message(who, message))
        if begins:
            self._private[who] = True
            self.breaches += (Breach(who, *found) for found in self._of_meeting(who))
        elif any(report.what in ENDS for report in reaction.reports):
            self._private[who] = False

    @abstractmethod
    def of_message(self, who: str, message: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - of the protocol
        """What is wrong with a message: the check, and the sentence."""

    def of_header(self, who: str, sender: int, receiver: int) -> Iterator[tuple[str, str]]:
        """What is wrong with two instance tags."""
        own, peer = self.identities[who], self.identities[PEERS[who]]
        if own.tag is None:
            own.tag = sender
        if sender != own.tag:
            yield "instance-tag", f"sent a message in the name of {sender:#x}, being {own.tag:#x}"
        if receiver and peer.tag is not None and receiver != peer.tag:
            yield "instance-tag", f"sent a message to {receiver:#x}, which is not {peer.tag:#x}"

    def of_revealed(self, who: str, keys: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, str]]:
        """What is wrong with MAC keys that were made public; each with whether it is of our own."""
        for token, own in keys:
            if own:
                yield "own-mac-key", "made public a MAC key of messages that it sends itself"
            if token in self.revealed[who]:
                yield "mac-key-twice", "made a MAC key public twice"
            self.revealed[who].add(token)

    def _look_for_secrets(self, who: str, reaction: Reaction) -> None:
        for wire in reaction.wires:
            octets = self.lab.from_network(wire)
            for secret in self._secrets[who]:
                if secret in octets or secret in _decoded(octets):
                    text = secret.decode("utf-8", "backslashreplace")
                    says = f"sent {text!r} as it is, which was typed in a private conversation"
                    self.breaches.append(Breach(who, "plaintext", says))

    def _of_meeting(self, who: str) -> Iterator[tuple[str, str]]:
        """What is wrong with the fingerprints that a user was told of since the last look."""
        met, peer = self.identities[who].met, self.identities[PEERS[who]].fingerprint
        for fingerprint in met[self._met[who] :]:
            if fingerprint != peer:
                yield "fingerprint", f"told its user of {fingerprint.hex()}, not of {peer.hex()}"
        self._met[who] = len(met)


def _decoded(octets: bytes) -> bytes:
    """What base64 in a message stands for; nothing if there is none."""
    if not octets.startswith(OPENING):
        return b""
    try:
        return b64decode(octets[len(OPENING) :].rstrip(b"."))
    except ValueError:
        return b""


class Watch3(Watch):
    """Looks at versions 2 and 3."""

    lab: RealLab3

    def of_message(self, who: str, message: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - of the protocol
        """Tags, and of Data Messages everything that is in the clear."""
        if isinstance(message, DataMessage3):
            header = message.fields.header
            yield from self._of_data(who, message)
        elif isinstance(message, DhCommit | DhKey | RevealSignature | SignatureMessage):
            header = message.header
        else:
            return
        if header.version == THREE:
            yield from self.of_header(who, header.sender, header.receiver)

    def _of_data(self, who: str, message: DataMessage3) -> Iterator[tuple[str, str]]:
        fields, sent = message.fields, self.sent[who]
        ids = fields.sender_keyid, fields.recipient_keyid
        last = sent.last.get(ids, 0)
        if fields.counter <= last:
            yield "counter", f"sent a Data Message with counter {fields.counter} after {last}"
        sent.last[ids] = max(last, fields.counter)
        for whose, now, before in zip(("its own", "its peer's"), ids, sent.ids, strict=True):
            if now == 0 or now < before or (before and now > before + 1):
                yield "key-id", f"named key {now} of {whose} after key {before}"
        sent.ids = ids
        key = self.lab.suite.to_int(fields.next_dh)
        known = sent.keys.setdefault(fields.sender_keyid + 1, key)
        if known != key or list(sent.keys.values()).count(key) > 1:
            yield "next-key", f"offered another key as key {fields.sender_keyid + 1}"
        self.data[who].append(message)
        yield from self.of_revealed(who, self._revealed(who, message))

    def _revealed(self, who: str, message: DataMessage3) -> Iterator[tuple[str, bool]]:
        suite = self.lab.suite
        for key in self.lab.revealed(message.revealed):
            own = any(
                suite.same(suite.data_mac(key, known.authenticated), known.mac)
                for known in self.data[who]
            )
            yield self.lab.token(key), own


class Watch4(Watch):
    """Looks at version 4."""

    lab: RealLab4

    def of_message(self, who: str, message: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - of the protocol
        """Tags, and of Data Messages everything that is in the clear."""
        if isinstance(message, DataMessage4):
            yield from self._of_data(who, message)
            header = message.fields.header
        elif isinstance(message, IdentityMessage | AuthR | AuthI):
            header = message.header
        else:
            return
        yield from self.of_header(who, header.sender, header.receiver)

    def _of_data(self, who: str, message: DataMessage4) -> Iterator[tuple[str, str]]:
        fields, sent = message.fields, self.sent[who]
        at = fields.ratchet_id, fields.message_id
        if sent.ids >= at and sent.last:
            yield "message-id", f"sent message {at[1]} of ratchet {at[0]} after {sent.ids[1]}"
        sent.ids = at
        sent.last[at] = 1
        self.data[who].append(message)
        yield from self.of_revealed(who, self._revealed(who, message))

    def _revealed(self, who: str, message: DataMessage4) -> Iterator[tuple[str, bool]]:
        suite = self.lab.suite
        for revealed in message.old_mac_keys:
            key = self.lab.mac_key(revealed)
            own = any(
                suite.same(suite.data_mac(key, suite.data_body(known.fields)), known.authenticator)
                for known in self.data[who]
            )
            yield self.lab.token(key), own
