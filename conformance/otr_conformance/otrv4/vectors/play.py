"""Two endpoints of the reference that talk, and what is written about it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

from otr_model.kernel.words import Word
from otr_model.otrv4.protocol import OTRV4
from otr_reference.otrv4 import wire
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.commands import Receive, SendText, StartDake
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import ClientProfile
from otr_reference.otrv4.notices import Send
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Config, Policy

from .fields import message_fields
from .naming import Teller, key_pair, record
from .octets import (
    NOW,
    SEED_OCTETS,
    Object,
    as_element,
    as_exponent,
    as_hex,
    as_scalar,
    as_tag,
    label,
)
from .recording import recording
from .references import referring

if TYPE_CHECKING:
    from otr_model.kernel.export import Json
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.messages import PrekeyEnsemble
    from otr_reference.otrv4.notices import Notice
    from otr_reference.otrv4.session import Conversation, Session

__all__ = ["ALICE", "BOB", "OTHER", "Party", "Play"]

_CONTROL: Final = ("i", "j", "k", "pn", "max_remote_i_seen")


def _kept(session: Session, teller: Teller) -> Object:
    """A session under the text's names; what it does not have is not there."""
    kept: Object = {
        "DAKE state": session.dake.name,
        "protocol state": session.message.name,
        "smpstate": session.smp.name,
        **{name: getattr(session, name) for name in _CONTROL},
    }
    if session.ssid is not None:
        kept["SSID"] = as_hex(session.ssid)
    if session.old_mac_keys:
        kept["mac_keys_to_reveal"] = [as_hex(key) for key in session.old_mac_keys]
    chain = session.chain
    if chain is None:
        return kept
    kept["curr_root_key"], kept["brace_key"] = as_hex(chain.root), as_hex(chain.brace)
    kept["their_ecdh"], kept["their_dh"] = as_hex(chain.their_ecdh), as_element(chain.their_dh)
    if chain.our_ecdh is not None:
        kept["our_ecdh.secret"] = as_scalar(chain.our_ecdh.secret)
        kept["our_ecdh.public"] = as_hex(chain.our_ecdh.public)
    if chain.our_dh is not None:
        kept["our_dh.secret"] = as_exponent(chain.our_dh.secret)
        kept["our_dh.public"] = as_element(chain.our_dh.public)
    for key in (chain.sending, chain.receiving):
        if key is not None:
            kept[teller.chain(key)] = as_hex(key)
    if chain.skipped:
        kept["skipped_MKenc"] = [
            {
                "Public ECDH Key": as_hex(ecdh),
                "message_id": message_id,
                "MKenc": as_hex(keys.encryption),
                "extra_symm_key": as_hex(keys.extra),
            }
            for (ecdh, message_id), keys in chain.skipped.items()
        ]
    return kept


_TEXTS: Final = frozenset({"text", "question"})


def _told(notice: Notice) -> Object:
    """What the user is told. A client profile is left out: it stands in a message."""
    told: Object = {"event": type(notice).__name__}
    for field in fields(notice):
        value = getattr(notice, field.name)
        if value is None or isinstance(value, ClientProfile):
            continue
        if field.name == "instance":
            told[field.name] = as_tag(value)
        elif isinstance(value, Word):
            told[field.name] = value.name
        elif isinstance(value, bytes):
            told[field.name] = value.decode() if field.name in _TEXTS else value.hex()
        else:
            told[field.name] = value
    return told


# --- Conversations ----------------------------------------------------------------------------

ALICE, BOB = "alice", "bob"
_TAGS_OF: Final = {ALICE: 0x00000101, BOB: 0x00000202}
OTHER: Final = {ALICE: BOB, BOB: ALICE}
_POLICY: Final = {
    name: getattr(Policy(allow_v3=False), name) for name in Policy.__dataclass_fields__
}


class Party:
    """A participant: an endpoint of the reference, over a suite that writes everything down."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.suite, self.calls = recording()
        self.teller = Teller()
        sym_h, forging = (label(f"{name}'s {key}", SEED_OCTETS) for key in ("sym_h", "sym_f"))
        keys = self.suite.long_term(sym_h, forging)
        self.account = Account(
            self.suite, keys, _TAGS_OF[name], self.suite.seed(f"{name}'s account".encode())
        )
        self.account.renew(NOW)
        before = self.teller.tell(self.calls, (), "our_shared_prekey")
        self.calls.clear()
        self.jid = f"{name}@example.org"
        self.computed: list[Json] = [
            key_pair(sym_h, "H", "the long-term key: sym_h, sk_h and H"),
            key_pair(forging, "F", "the forging key, whose secret is not needed"),
            *(each for each in before if each["operation"] == "client_profile"),
        ]
        self.prekey_profile = [each for each in before if each not in self.computed]
        self.conversation: Conversation = Endpoint.begin()
        self.max_size = 0
        self.kept: Object = {}

    def publish(self) -> PrekeyEnsemble:
        """Make a prekey ensemble."""
        (ensemble,) = self.account.make_ensembles(NOW, 1)
        message = ensemble.message
        takes: Object = {
            "identifier": as_tag(message.identifier),
            "Instance tag": as_tag(message.owner_tag),
            "Y": as_hex(message.y),
            "B": as_element(message.b),
        }
        gives: Object = {"Prekey Message": wire.encode_prekey_message(message).hex()}
        made = self.teller.tell(self.calls, (), "y", "b")
        self.calls.clear()
        self.computed += [*self.prekey_profile, *made, record("prekey_message", takes, gives)]
        return ensemble

    @property
    def session(self) -> Session:
        """The session with the other participant; the master before there is one."""
        members = self.conversation.members
        return members.get(_TAGS_OF[OTHER[self.name]], members[0])

    def introduced(self, *, fully: bool) -> Object:
        """Who it is; fully: with what it computed before the conversation."""
        who: Object = {
            "name": self.name,
            "instance tag": as_tag(self.account.tag),
            "phi'": self.jid,
        }
        return {**who, "computes": self.computed} if fully else who

    def step(self, given: Input, now: int) -> tuple[Object, list[bytes]]:
        """Let the endpoint take one input.

        Returns:
            What happened, and what goes to the network.
        """
        suite, account = self.suite, self.account
        endpoint = Endpoint(
            suite,
            Config(
                account.keys,
                account.profiles,
                suite.seed(f"{self.name}'s conversation".encode()),
                account.tag,
                account.prekey_profiles,
                account.prekeys,
                suite.octets(self.jid.encode()),
                suite.octets(f"{OTHER[self.name]}@example.org".encode()),
                max_size=self.max_size,
                **_POLICY,
            ),
        )
        stepped = endpoint.step(self.conversation, given, now)
        self.conversation = stepped.conversation
        effects = [effect for fired in stepped.trace for effect in OTRV4.row(fired.row).do]
        computes = self.teller.tell(self.calls, effects)
        self.calls.clear()
        wires = [suite.to_bytes(each.wire) for each in stepped.outputs if isinstance(each, Send)]
        tells = [_told(each) for each in stepped.outputs if not isinstance(each, Send)]
        before, self.kept = self.kept, _kept(self.session, self.teller)
        happened: Object = {
            "rows": [fired.row for fired in stepped.trace],
            "computes": [*computes],
            "tells": [*tells],
            "sets": {name: v for name, v in self.kept.items() if before.get(name) != v},
            "forgets": [name for name in before if name not in self.kept],
        }
        return happened, wires


class Play:
    """A conversation of two participants, and what is written about it."""

    def __init__(self) -> None:
        self.now = self.then = NOW
        self.parties = {name: Party(name) for name in (ALICE, BOB)}
        self.before: Object = {}
        self.start: Object = {}
        self.steps: list[Json] = []
        self.wires: list[bytes] = []
        self.sent: list[Object] = []
        self.received: set[int] = set()

    def does(self, who: str, does: str, given: Input, **words: Json) -> list[int]:
        """Let a participant do something.

        Returns:
            The numbers of the messages that are sent.
        """
        happened, wires = self.parties[who].step(given, self.now)
        sends = [self._message(each) for each in wires]
        step: Object = {"number": len(self.steps) + 1, "at": who, "does": does}
        if self.now != self.then:
            step["now"] = self.then = self.now
        if words:
            step["with"] = words
        step |= {name: happened[name] for name in ("rows", "computes") if happened[name]}
        if sends:
            step["sends"] = [*sends]
        step |= {name: happened[name] for name in ("tells", "sets", "forgets") if happened[name]}
        self.steps.append(step)
        return list(range(len(self.wires) - len(wires) + 1, len(self.wires) + 1))

    def _message(self, text: bytes) -> Object:
        self.wires.append(text)
        message = {"message": len(self.wires), **message_fields(text)}
        self.sent.append(message)
        return message

    def receives(self, who: str, *numbers: int) -> list[int]:
        """Let messages arrive; what is sent in answer."""
        answers = []
        for number in numbers:
            self.received.add(number)
            given = Receive(RealSuite.wire(self.wires[number - 1]))
            answers += self.does(who, "receive", given, message=number)
        return answers

    def settles(self, who: str, numbers: list[int]) -> None:
        """Let messages, their answers, and the answers to those arrive."""
        while numbers:
            numbers, who = self.receives(who, *numbers), OTHER[who]

    def says(self, who: str, text: str) -> list[int]:
        """Let a participant type a text."""
        return self.does(who, "send", SendText(RealSuite.octets(text.encode())), text=text)

    def talks(self, who: str, text: str) -> None:
        """Let a participant type a text, and the other one receive it."""
        self.receives(OTHER[who], *self.says(who, text))

    def authenticate(self) -> None:
        """The interactive DAKE, which Bob begins."""
        self.settles(ALICE, self.does(BOB, "start-dake", StartDake()))

    def goes_on(self, name: str) -> None:
        """What follows is written as the continuation of a document that begins alike."""
        kept: Object = {each: dict(party.kept) for each, party in self.parties.items()}
        self.before = self._introduced(fully=True) | {"steps": self.steps}
        self.start = {"vectors": name, "after": len(self.steps), "kept": kept}
        self.steps, self.wires, self.sent = [], [], []
        self.received = set()

    def _introduced(self, *, fully: bool) -> Object:
        participants = (party.introduced(fully=fully) for party in self.parties.values())
        return {"participants": [*participants]}

    def written(self) -> Object:
        """What happened, each value once."""
        for number, message in enumerate(self.sent, start=1):
            if number not in self.received:
                message["lost"] = True
        if not self.start:
            return referring({"now": NOW, **self._introduced(fully=True), "steps": self.steps})
        document: Object = {
            "now": NOW,
            **self._introduced(fully=False),
            "start": self.start,
            "steps": self.steps,
        }
        return referring(document, self.before, str(self.start["vectors"]))
