"""The labs of OTRv3: long-term keys, configurations, and the order of hashes."""

from __future__ import annotations

from abc import abstractmethod
from functools import cache
from hashlib import sha512
from itertools import count
from typing import TYPE_CHECKING, Final, cast

from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite
from otr_check.terms import Term
from otr_conformance.play.labs import ByteLab, SymbolLab
from otr_conformance.play.labs import Lab as AnyLab
from otr_conformance.play.remembered import remembering
from otr_reference.derive import derived
from otr_reference.keys import dsa
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.session import Config, Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.otrv3.messages import DhPair
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Key, Octets, PublicKey, Seed, SigningKey

__all__ = ["REAL", "Lab", "RealLab", "TermLab", "generated_key"]

MAC_KEY_OCTETS: Final = 20
ANOTHER_DRAW: Final = 1 << 32
"""How far apart the numbers of draws are that stand for each other."""
LEAST_BYTE: Final = 0x10
LEAST_ELEMENT: Final = 1 << 1528
"""The least number that takes as many bytes as the modulus."""
USUAL_PUBKEY: Final = 422

# The domain parameters of all keys, generated once with `otr_reference.keys.dsa.generate`.
_P: Final = int(
    "869b56dd0915470d24ff7acbaef3ae848db3964eac90f206cd2b1d617fd856fd8cb57c0761b6f3b7"
    "b6e43d457596118f5e66fd8f66fb4db922450dccc7dc8bfbcb92d86d8f28f1b0b2193e674d4b3a6d"
    "f41dcd11a73bb7ceb826908f8e07f3a0070b07439f6260826482ddc34b8d3f45124bcc3ae5f6db20"
    "e116cfb9d8af857d",
    16,
)
_Q: Final = 0xFD70BC28F99AF78EC41935A9BEE58B45E53213B3
_G: Final = int(
    "4b899476c263b25a4a78bc154ccc84fa5879074aba7fc968d40a1d6d129042d1d220375c12fcb9e3"
    "5abe1e9b9e27fcf15e1e82ef68b05a4340a9cee565358f4ce3d35bd4a32dd103529ef988a637b674"
    "b97b7b107e16442c6eaf8b2e49140532a4881ccfb10fe5b5fc5d60782f3bb7b6a7a4e8a8bb3c7e6e"
    "b1ee4b7374b2547a",
    16,
)


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
    def zeros_first(self, suite: Suite) -> Suite:
        """The same suite, with each r beginning with a zero byte, where it is made of bytes."""

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
def generated_key(name: str) -> dsa.DsaPrivate:
    """The long-term key of a participant: the same name, the same key, everywhere.

    Its PUBKEY has the usual length, so that messages have the lengths that terms give them. It
    follows from the name, so that cases can be repeated, and protects nobody.
    """
    for attempt in count():
        octets = sha512(f"{name} {attempt}".encode()).digest()
        x = int.from_bytes(octets, "big") % (_Q - 1) + 1
        public = dsa.DsaPublic(_P, _Q, _G, pow(_G, x, _P))
        if len(dsa.encode_public(public)) == USUAL_PUBKEY:
            break
    return dsa.DsaPrivate(public, x)


class _UsualSuite(RealSuite):
    """Real cryptography, with random values that do not begin with zeros.

    Some implementations lose such zeros. Whether they do is the subject of cases of their own, and
    not of whichever case happens to draw one.
    """

    def fresh_key(self, seed: Seed, draw: int) -> Key:
        """Drawn again until the first hexadecimal digit is not 0."""
        for number in count(draw, ANOTHER_DRAW):
            key = super().fresh_key(seed, number)
            if self.to_bytes(key)[0] >= LEAST_BYTE:
                break
        return key

    def fresh_pair(self, seed: Seed, draw: int) -> DhPair:
        """Drawn again until the public key is as long as the modulus."""
        for number in count(draw, ANOTHER_DRAW):
            pair = super().fresh_pair(seed, number)
            if cast("int", pair.public) >= LEAST_ELEMENT:
                break
        return pair


REAL: Final = remembering(
    _UsualSuite,
    _UsualSuite.fresh_pair,
    RealSuite.ake_keys,
    RealSuite.sign,
    RealSuite.verify,
    RealSuite.data_keys,
    RealSuite.power,
    RealSuite.prove_exponent,
    RealSuite.exponent_proved,
    RealSuite.prove_coordinates,
    RealSuite.coordinates_proved,
    RealSuite.prove_equal_exponents,
    RealSuite.equal_exponents_proved,
)()
"""The suite of every lab, so that all of them remember together."""


class RealLab(ByteLab, Lab):
    """Real cryptography. Long-term keys are made of the names."""

    suite: RealSuite

    def __init__(self) -> None:
        self.suite = REAL

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

    def zeros_first(self, suite: Suite) -> Suite:
        """Each r has a zero byte in place of its first one."""

        def fresh_key(base: Suite, seed: Seed, draw: int) -> Key:
            drawn = self.suite.to_bytes(base.fresh_key(seed, draw))
            return cast("Key", b"\0" + drawn[1:])

        return derived(suite, fresh_key=fresh_key)

    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Hashes are what they are."""
        return self.suite.higher(higher, lower)


def _the_first(_higher: Octets, _lower: Octets) -> bool:
    """Nobody knows better."""
    return True


class _DecidingSuite(TermSuite):
    """Terms, with every undecided comparison of hashes decided as it comes, and remembered.

    Attributes:
        choices: what was decided.
        ask: who decides: whether the first of two hashes is the higher one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.choices: dict[tuple[Octets, Octets], bool] = {}
        self.ask: Callable[[Octets, Octets], bool] = _the_first

    def choose(self, higher: Octets, lower: Octets) -> bool:
        """Decide, unless it is decided; whether the first is the higher."""
        if higher is lower:
            return False
        known = self.choices.get((higher, lower))
        if known is None:
            known = self.choices[higher, lower] = self.ask(higher, lower)
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

    def zeros_first(self, suite: Suite) -> Suite:
        """Terms have no bytes."""
        return suite

    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Terms have no order of their own: it is as the first who asks wants it."""
        return self.suite.choose(higher, lower)


def _is_text(part: object) -> bool:
    return isinstance(part, Term) and part.op is Op.TEXT
