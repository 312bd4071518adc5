"""Labs: a suite, and the keys and texts that it takes, by name.

A case is written once, for names ("alice", "hello"); a lab says what they are over its suite. That
is how every case runs over real cryptography and over symbolic terms alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite
from otr_check.terms import Term
from otr_reference.errors import OtrSpecError
from otr_reference.keys import dsa
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Config, Policy

if TYPE_CHECKING:
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Key, Octets, Passphrase, PublicKey, Seed, SigningKey, Wire

MAC_KEY_OCTETS: Final = 20


class Lab(ABC):
    """What a stage needs of a suite."""

    suite: Suite

    @abstractmethod
    def signing_key(self, name: str) -> SigningKey:
        """The long-term key of a participant; the same name, the same key."""

    @abstractmethod
    def public_key(self, signing: SigningKey) -> PublicKey:
        """Its public part."""

    @abstractmethod
    def seed(self, name: str) -> Seed:
        """What a participant's randomness comes from."""

    @abstractmethod
    def passphrase(self, text: str) -> Passphrase:
        """What a user types as the secret of SMP."""

    @abstractmethod
    def readable(self, text: Octets) -> str:
        """A text, to compare and to show."""

    @abstractmethod
    def token(self, value: PublicKey | Octets | Key) -> str:
        """A value in a form that is equal exactly for equal values."""

    @abstractmethod
    def revealed(self, old_mac_keys: Octets) -> tuple[Key, ...]:
        """The MAC keys that a Data Message reveals, one by one."""

    @abstractmethod
    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Make the first the higher of two hashes, where the lab can; whether it is the higher."""

    @abstractmethod
    def shown(self, wire: Wire) -> str:
        """What arrived, as a user sees it who is shown it as it is."""

    @abstractmethod
    def from_network(self, wire: Wire) -> bytes:
        """What another process is sent. Only where values are bytes."""

    @abstractmethod
    def to_network(self, wire: bytes) -> Wire:
        """What another process sent. Only where values are bytes."""

    def text(self, text: str) -> Octets:
        """A text."""
        return self.suite.literal(text)

    @abstractmethod
    def wire(self, text: str) -> Wire:
        """Something that arrives as it is."""

    def config(
        self, name: str, tag: int, policy: Policy, *, seed: str = "", max_size: int = 0
    ) -> Config:
        """The configuration of a participant."""
        signing = self.signing_key(name)
        return Config(
            signing,
            self.public_key(signing),
            self.seed(f"{name} {seed}"),
            tag,
            max_size,
            **{field: getattr(policy, field) for field in policy.__dataclass_fields__},
        )


USUAL_PUBKEY = 422


@cache
def generated_key(name: str) -> dsa.DsaPrivate:  # noqa: ARG001 - one key for each name
    """The long-term key of a participant, made when it is first asked for.

    Its PUBKEY has the usual length, so that messages have the lengths that terms give them.
    """
    while True:
        private = dsa.generate()
        if len(dsa.encode_public(private.public)) == USUAL_PUBKEY:
            return private


class RealLab(Lab):
    """Real cryptography. Long-term keys are made once for each name and process."""

    suite: RealSuite

    def __init__(self) -> None:
        self.suite = RealSuite()

    def signing_key(self, name: str) -> SigningKey:
        """A DSA key."""
        return self.suite.signing_key(generated_key(name))

    def public_key(self, signing: SigningKey) -> PublicKey:
        """PUBKEY."""
        return self.suite.public_key(signing)

    def seed(self, name: str) -> Seed:
        """The name's bytes: cases are reproducible, and protect nobody."""
        return self.suite.seed(name.encode())

    def passphrase(self, text: str) -> Passphrase:
        """UTF-8."""
        return self.suite.passphrase(text.encode())

    def readable(self, text: Octets) -> str:
        """UTF-8; what is not, as backslash escapes."""
        return self.suite.to_bytes(text).decode("utf-8", "backslashreplace")

    def token(self, value: PublicKey | Octets | Key) -> str:
        """Hexadecimal."""
        return self.suite.to_bytes(value).hex()

    def revealed(self, old_mac_keys: Octets) -> tuple[Key, ...]:
        """20 bytes each; what is left over is no key."""
        octets = self.suite.to_bytes(old_mac_keys)
        starts = range(0, len(octets) - MAC_KEY_OCTETS + 1, MAC_KEY_OCTETS)
        return tuple(cast("Key", octets[at : at + MAC_KEY_OCTETS]) for at in starts)

    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Hashes are what they are."""
        return self.suite.higher(higher, lower)

    def wire(self, text: str) -> Wire:
        """UTF-8."""
        return self.suite.wire(text.encode())

    def typed(self, secret: Passphrase) -> bytes:
        """What the target's user types."""
        return self.suite.to_bytes(secret)

    def shown(self, wire: Wire) -> str:
        """UTF-8; what is not, as backslash escapes."""
        return self.suite.to_bytes(wire).decode("utf-8", "backslashreplace")

    def from_network(self, wire: Wire) -> bytes:
        """The bytes."""
        return self.suite.to_bytes(wire)

    def to_network(self, wire: bytes) -> Wire:
        """The bytes."""
        return self.suite.wire(wire)


class _DecidingSuite(TermSuite):
    """Terms, with every undecided comparison of hashes decided as it comes, and remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.choices: dict[tuple[Octets, Octets], bool] = {}

    def choose(self, higher: Octets, lower: Octets) -> bool:
        """Decide, unless it is decided; whether the first is the higher."""
        if higher is lower:
            return False
        known = self.choices.setdefault((higher, lower), True)
        self.choices[lower, higher] = not known
        return known

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """As chosen; ours, where nothing was."""
        return self.choose(ours, theirs)


class TermLab(Lab):
    """Symbolic terms: no bytes, the same decisions."""

    suite: _DecidingSuite

    def __init__(self) -> None:
        self.suite = _DecidingSuite()

    def signing_key(self, name: str) -> SigningKey:
        """A term."""
        return self.suite.signing_key(name)

    def public_key(self, signing: SigningKey) -> PublicKey:
        """A term."""
        return self.suite.public_key(signing)

    def seed(self, name: str) -> Seed:
        """A term."""
        return self.suite.seed(name.encode())

    def passphrase(self, text: str) -> Passphrase:
        """A term."""
        return self.suite.passphrase(text.encode())

    def readable(self, text: Octets) -> str:
        """The text, where it is one; else the term."""
        return self.suite.to_bytes(text).decode("utf-8", "backslashreplace")

    def token(self, value: PublicKey | Octets | Key) -> str:
        """The term, printed, in one word."""
        return repr(value).replace(" ", "")

    def revealed(self, old_mac_keys: Octets) -> tuple[Key, ...]:
        """The parts of a concatenation."""
        term = cast("Term", old_mac_keys)
        parts = term.args if term.op is Op.CONCAT else (term,)
        return tuple(cast("Key", part) for part in parts if not _is_text(part))

    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Terms have no order of their own: it is as the first who asks wants it."""
        return self.suite.choose(higher, lower)

    def wire(self, text: str) -> Wire:
        """A wire whose bytes are known."""
        return self.suite.wire(text.encode())

    def shown(self, wire: Wire) -> str:
        """The term, printed."""
        return repr(wire)

    def from_network(self, wire: Wire) -> bytes:
        """Terms do not leave the process.

        Raises:
            NotBytes: always.
        """
        raise NotBytes(repr(wire))

    def to_network(self, wire: bytes) -> Wire:
        """A wire whose bytes are known."""
        return self.suite.wire(wire)


def _is_text(part: object) -> bool:
    return isinstance(part, Term) and part.op is Op.TEXT


class NotBytes(OtrSpecError):
    """Terms were to be sent to another process."""
