"""The labs of OTRv4: long-term keys, profiles, configurations, and the order of hashes."""

from __future__ import annotations

from abc import abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from otr_check.otrv4.suite import TermSuite, VersionThree
from otr_conformance.otrv3.labs import REAL as REAL_3
from otr_conformance.otrv3.labs import generated_key
from otr_conformance.play.labs import ByteLab, SymbolLab
from otr_conformance.play.labs import Lab as AnyLab
from otr_conformance.play.remembered import remembering
from otr_model.kernel.variant import Override
from otr_model.otrv4.words import Mode
from otr_reference.otrv3.endpoint import Endpoint as Endpoint3
from otr_reference.otrv3.session import Config as Config3
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.dialects import dialect
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Config, Policy
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_model.kernel.variant import Variant
    from otr_reference.otrv3.real import RealSuite as RealSuite3
    from otr_reference.otrv3.suite import Suite as Suite3
    from otr_reference.otrv4.suite import LongTerm, Suite
    from otr_reference.sorts import Key, Octets

__all__ = ["BEGINNING", "Lab", "RealLab", "TermLab", "long_term_seed"]

BEGINNING = 1_000_000
"""The time at which every case begins, in seconds."""
SEED_OCTETS = 57
BOTH, FOUR = frozenset({3, 4}), frozenset({4})


def long_term_seed(name: str) -> bytes:
    """The 57 bytes that a participant's long-term key is made of: the same name, the same."""
    return shake256(b"otrspec long-term key of " + name.encode(), SEED_OCTETS)


class Lab(AnyLab):
    """What a stage of OTRv4 needs of a suite."""

    suite: Suite

    @property
    @abstractmethod
    def suite_3(self) -> Suite3:
        """The suite of OTRv3 whose values go with those of this one."""

    @abstractmethod
    def long_term(self, name: str, *, dsa: bool) -> LongTerm:
        """The long-term keys of a participant; the same name, the same keys."""

    @abstractmethod
    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Make the first the higher of two hashes, where the lab can; whether it is the higher."""

    @abstractmethod
    def mac_key(self, revealed: Octets) -> Key:
        """A MAC key that was made public, as a key."""

    def account(self, name: str, tag: int, policy: Policy, mode: Mode) -> Account:
        """The account of a participant, with profiles that are valid when the case begins."""
        three = policy.allow_v3 and mode is Mode.COMPATIBLE
        account = Account(
            self.suite,
            self.long_term(name, dsa=three),
            tag,
            self.seed(f"{name} at {tag:#x}"),
            BOTH if three else FOUR,
        )
        account.renew(BEGINNING)
        return account

    def config(  # noqa: PLR0913 - one keyword for each thing that a participant is given
        self,
        account: Account,
        name: str,
        policy: Policy,
        mode: Mode,
        *,
        seed: str = "",
        max_size: int = 0,
    ) -> Config:
        """The configuration of a participant."""
        three = policy.allow_v3 and mode is Mode.COMPATIBLE
        return Config(
            account.keys,
            account.profiles,
            self.seed(f"{name} {seed}"),
            account.tag,
            account.prekey_profiles,
            account.prekeys,
            version_3=self._version_3(account, name, policy, max_size) if three else None,
            mode=mode.number,
            max_size=max_size,
            **{field: getattr(policy, field) for field in policy.__dataclass_fields__},
        )

    def _version_3(
        self, account: Account, name: str, policy: Policy, max_size: int
    ) -> Endpoint3 | None:
        signing, public = account.keys.dsa, account.keys.dsa_public
        if signing is None or public is None:
            return None
        return Endpoint3(
            self.suite_3,
            Config3(
                signing,
                public,
                self.seed(f"{name} version 3"),
                account.tag,
                max_size,
                allow_v2=False,
                require_encryption=policy.require_encryption,
                whitespace_start_ake=policy.whitespace_start_dake,
                error_start_ake=policy.error_start_dake,
            ),
        )


_REAL: Final = remembering(
    RealSuite,
    RealSuite.fresh_ecdh,
    RealSuite.fresh_dh,
    RealSuite.client_profile,
    RealSuite.profile_signed,
    RealSuite.transition_signed,
    RealSuite.prekey_profile,
    RealSuite.prekey_profile_signed,
    RealSuite.ring_sign,
    RealSuite.ring_verified,
    RealSuite.mixed,
    RealSuite.mixed_by_retriever,
    RealSuite.mixed_by_publisher,
    RealSuite.third_brace_key,
    RealSuite.ratchet,
    RealSuite.scale,
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
        self.suite = _REAL
        self._suite_3 = REAL_3

    def speak(self, dialects: Iterable[Variant]) -> None:
        """Operations differ; both the tester and what is expected of the target speak so."""
        edits = [edit for spoken in dialects for edit in spoken.edits if isinstance(edit, Override)]
        self.suite = dialect(self.suite, {edit.operation: edit.how for edit in edits})

    @property
    def suite_3(self) -> RealSuite3:
        """Bytes, too."""
        return self._suite_3

    def long_term(self, name: str, *, dsa: bool) -> LongTerm:
        """Ed448 keys, and a DSA key where version 3 is spoken."""
        return _long_term(self.suite, name, dsa)

    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Hashes are what they are."""
        return self.suite.higher(higher, lower)

    def mac_key(self, revealed: Octets) -> Key:
        """The same bytes."""
        return cast("Key", revealed)


@cache
def _long_term(suite: RealSuite, name: str, dsa: bool) -> LongTerm:  # noqa: FBT001 - a key to a cache
    return suite.long_term(long_term_seed(name), dsa=generated_key(name) if dsa else None)


class _DecidingThree(VersionThree):
    """The same of version 3."""

    def __init__(self, suite: _DecidingSuite) -> None:
        super().__init__(pool=suite.pool)
        self.suite = suite

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """As chosen; ours, where nothing was."""
        return self.suite.choose(ours, theirs)


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
        self.older = _DecidingThree(self)
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

    @property
    def suite_3(self) -> VersionThree:
        """Terms of the same pool."""
        return self.suite.older

    def long_term(self, name: str, *, dsa: bool) -> LongTerm:
        """Terms."""
        return self.suite.long_term(name, dsa=dsa)

    def decide(self, higher: Octets, lower: Octets) -> bool:
        """Terms have no order of their own: it is as the first who asks wants it."""
        return self.suite.choose(higher, lower)

    def mac_key(self, revealed: Octets) -> Key:
        """The same term."""
        return self.suite.key(revealed)
