"""One step of an OTRv1 endpoint: what the rows ask, and what their effects do.

Method names are the words of the vocabulary (`otr_model.otrv1`). Which of them happens when is in
the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from otr_model.otrv1.words import Kind
from otr_reference.engine import Step, Unprepared

from . import notices
from .commands import Receive, SendText
from .messages import Bound, DataMessage, KeyExchange, MalformedMessage, Plaintext, Query
from .notices import Alert
from .session import Config, Conversation, Session

if TYPE_CHECKING:
    from otr_reference.sorts import PublicKey

    from .commands import Input
    from .messages import Message, SessionKeys
    from .suite import Suite

T = TypeVar("T")
OUR_KEYID = 1

KIND_OF: dict[type, Kind] = {
    Plaintext: Kind.PLAINTEXT,
    Query: Kind.QUERY,
    KeyExchange: Kind.KEY_EXCHANGE,
    DataMessage: Kind.DATA,
    MalformedMessage: Kind.MALFORMED,
}


def present(value: T | None) -> T:
    """A value that the tables promise to be there.

    Raises:
        Unprepared: if it is not, under a variant that breaks the promise.
    """
    if value is None:
        message = "a value is missing that the row relies on"
        raise Unprepared(message)
    return value


@dataclass(slots=True)
class Facts:
    """What is known about the message at hand; names as in the declared variables."""

    kind: int = -1
    reply: bool = False
    keyid: int = 0
    counter: int = 0


def assess(message: Message) -> Facts:
    """The facts about a message."""
    facts = Facts(KIND_OF[type(message)].number)
    if isinstance(message, KeyExchange):
        facts.reply, facts.keyid = message.reply, message.keyid
    elif isinstance(message, DataMessage):
        facts.counter = message.counter
    return facts


class Otrv1Step(Step[Conversation, Session]):
    """A run on a conversation."""

    facts: Facts
    config: Config

    def __init__(
        self, conversation: Conversation, suite: Suite, config: Config, given: Input
    ) -> None:
        super().__init__(conversation, lambda _key: Session())
        self.suite = suite
        self.config = config
        self.given = given
        self.outputs: list[notices.Output] = []
        self.facts = Facts()
        if isinstance(given, Receive):
            self.message = suite.decode(given.wire)
            self.facts = assess(self.message)

    def draw(self) -> int:
        """The number of the next draw."""
        self.shared.draws += 1
        return self.shared.draws

    def transmit(self, message: Message) -> None:
        """A message for the network."""
        self.outputs.append(notices.Send(self.suite.encode(message)))

    # The exchange: section "OTR Key Exchange".

    def ask_known(self) -> bool:
        """Whether a Key Exchange Message contradicts nothing that we know of the peer."""
        message, member, same = self.of(KeyExchange), self.member, self.suite.same
        if member.peer is None or member.y is None:
            return True
        return same(message.public, member.peer) and same(message.y, member.y)

    def check_signed(self) -> bool:
        """Under the public key in the message itself: users compare its fingerprint."""
        message, pair, suite = self.of(KeyExchange), self.member.pair, self.suite
        bound = None
        if message.reply and pair is not None:
            key = suite.session_keys(pair, message.y).receiving_mac
            bound = Bound(self.config.public, key)
        value = suite.signed_value(message.reply, message.public, message.keyid, message.y, bound)
        return suite.verify(message.public, value, message.signature)

    def do_send_query(self) -> None:
        """Section "OTR Query"."""
        self.transmit(Query())

    def do_new_pair(self) -> None:
        """Section "Key Management"."""
        self.own().pair = self.suite.fresh_pair(self.config.seed, self.draw())

    def do_send_key_exchange(self) -> None:
        """Reply is 0x00."""
        self._send_key_exchange(None)

    def do_take_keys(self) -> None:
        """Section "Calculating session keys"."""
        message, member = self.of(KeyExchange), self.own()
        member.peer, member.y = message.public, message.y
        member.keys = self.suite.session_keys(present(member.pair), message.y)

    def do_send_reply(self) -> None:
        """Reply is 0x01."""
        self._send_key_exchange(Bound(present(self.member.peer), self.keys.sending_mac))

    def _send_key_exchange(self, bound: Bound | None) -> None:
        config, suite, reply = self.config, self.suite, bound is not None
        public, y = config.public, present(self.member.pair).public
        value = suite.signed_value(reply, public, OUR_KEYID, y, bound)
        signature = suite.sign(config.signing, value, config.seed, self.draw())
        self.transmit(KeyExchange(reply, public, OUR_KEYID, y, signature))

    def do_tell_secure(self) -> None:
        """The user sees the fingerprint, and may ask for the secure session id."""
        peer: PublicKey = present(self.member.peer)
        self.outputs.append(notices.Secured(peer, self.keys.ssid))

    def do_tell_insecure(self) -> None:
        """The user has reset the connection."""
        self.outputs.append(notices.Insecure())

    # Texts: section "OTR Data".

    @property
    def keys(self) -> SessionKeys:
        """The keys of the session."""
        return present(self.member.keys)

    def check_data_mac(self) -> bool:
        """With the receiving MAC key."""
        message = self.of(DataMessage)
        mac = self.suite.data_mac(self.keys.receiving_mac, message.counter, message.encrypted)
        return self.suite.same(mac, message.mac)

    def do_send_plaintext(self) -> None:
        """As it is."""
        self.transmit(Plaintext(self.typed.text))

    def do_send_text(self) -> None:
        """Under the keys of the session."""
        keys, suite, counter = self.keys, self.suite, self.member.sent
        encrypted = suite.seal(keys.sending, counter, self.typed.text)
        mac = suite.data_mac(keys.sending_mac, counter, encrypted)
        self.transmit(DataMessage(counter, encrypted, mac))

    def do_show_plaintext(self) -> None:
        """As it came."""
        self.outputs.append(notices.Shown(self.of(Plaintext).text, secure=False))

    def do_show_text(self) -> None:
        """Decrypted."""
        message = self.of(DataMessage)
        text = self.suite.open(self.keys.receiving, message.counter, message.encrypted)
        self.outputs.append(notices.Shown(text, secure=True))

    def do_warn_unencrypted(self) -> None:
        """The text just shown was not protected."""
        self.outputs.append(notices.Warned(Alert.UNENCRYPTED))

    def do_warn_refused(self) -> None:
        """A message was refused."""
        self.outputs.append(notices.Warned(Alert.REFUSED))

    # What is at hand, typed.

    def of(self, kind: type[T]) -> T:
        """The message at hand, which the row says is of this kind.

        Raises:
            Unprepared: if it is not, under a variant.
        """
        return present(self.message if isinstance(self.message, kind) else None)

    @property
    def typed(self) -> SendText:
        """What the user typed; raises as `of`."""
        return present(self.given if isinstance(self.given, SendText) else None)
