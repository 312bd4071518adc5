"""The labs of OTRv3: long-term keys, configurations, and the order of hashes."""

from __future__ import annotations

from abc import abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite
from otr_check.terms import Term
from otr_conformance.play.labs import ByteLab, SymbolLab
from otr_conformance.play.labs import Lab as AnyLab
from otr_reference.keys import dsa
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Config, Policy

if TYPE_CHECKING:
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Key, Octets, PublicKey, SigningKey

__all__ = ["Lab", "RealLab", "TermLab", "generated_key"]

MAC_KEY_OCTETS: Final = 20
USUAL_PUBKEY: Final = 422


class Lab(AnyLab):
    """What a stage of OTRv3 needs of a suite."""

    suite: Suite

    @abstractmethod
    def signing_key(self, name: str) -> SigningKey:
        """The long-term key of a participant; the same name, the same key."""

    @abstractmethod
    def public_key(self, signing: SigningKey) -> PublicKey:
        """Its public part."""

    @abstractmethod
    def revealed(self, old_mac_keys: Octets) -> tuple[Key, ...]:
        """The MAC keys that a Data Message reveals, one by one."""

    @abstractmethod
    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Make the first the higher of two hashes, where the lab can; whether it is the higher."""

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


@cache
def generated_key(name: str) -> dsa.DsaPrivate:  # noqa: ARG001 - one key for each name
    """The long-term key of a participant, made when it is first asked for.

    Its PUBKEY has the usual length, so that messages have the lengths that terms give them.
    """
    while True:
        private = dsa.generate()
        if len(dsa.encode_public(private.public)) == USUAL_PUBKEY:
            return private


class RealLab(ByteLab, Lab):
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

    def revealed(self, old_mac_keys: Octets) -> tuple[Key, ...]:
        """20 bytes each; what is left over is no key."""
        octets = self.suite.to_bytes(old_mac_keys)
        starts = range(0, len(octets) - MAC_KEY_OCTETS + 1, MAC_KEY_OCTETS)
        return tuple(cast("Key", octets[at : at + MAC_KEY_OCTETS]) for at in starts)

    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Hashes are what they are."""
        return self.suite.higher(higher, lower)


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


class TermLab(SymbolLab, Lab):
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

    def revealed(self, old_mac_keys: Octets) -> tuple[Key, ...]:
        """The parts of a concatenation."""
        term = cast("Term", old_mac_keys)
        parts = term.args if term.op is Op.CONCAT else (term,)
        return tuple(cast("Key", part) for part in parts if not _is_text(part))

    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Terms have no order of their own: it is as the first who asks wants it."""
        return self.suite.choose(higher, lower)


def _is_text(part: object) -> bool:
    return isinstance(part, Term) and part.op is Op.TEXT
