"""OTRv4 over real bytes, where an exploration has terms: for replaying what it found.

What an attacker makes over terms is made here of what was observed (`otr_check.otrv4.concrete`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from otr_check.explore.party import Blind, Crash, Outcome
from otr_check.explore.scenario import FORGING, MALLORY
from otr_check.otrv3.replaying import _generated
from otr_check.otrv3.replaying import _Named as _Named3
from otr_check.otrv4.concrete import Concrete
from otr_check.otrv4.exploring import BEGINNING, Exploring4, Held, Reader
from otr_check.otrv4.suite import TermSuite
from otr_reference.errors import OtrSpecError
from otr_reference.otrv4 import notices
from otr_reference.otrv4.real import RealSuite
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from collections.abc import Hashable

    from otr_check.explore.party import Local, Opponent, Order
    from otr_check.explore.scenario import Scenario
    from otr_check.terms import Term
    from otr_model.kernel.variant import Variant
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.suite import DhPair, LongTerm
    from otr_reference.sorts import Octets, Scalar, Seed

__all__ = ["Real"]

KEY_OCTETS: Final = 57
FULL_BITS: Final = 8 * 383
FAR: Final = 1 << 32


class Real:
    """The endpoints of a scenario over bytes, and what an attacker makes there.

    An attacker who takes logarithms over terms makes nothing of bytes that needs one.

    Attributes:
        adaptor: the endpoints; what it calls terms are bytes.
    """

    def __init__(self, scenario: Scenario, variants: dict[str, Variant], attempt: int) -> None:
        real = _Named(attempt)
        self.adaptor = _Bytes(scenario, variants, real)
        symbolic = Exploring4(scenario, variants)
        terms, seed = symbolic.suite, MALLORY.encode()
        self._concrete = Concrete(terms, real, {terms.seed(seed): real.seed(seed)})
        both = (symbolic, self.adaptor)
        self._tell(*([each.profiles for each in exploring.configs] for exploring in both))
        self._tell(*(exploring.ensembles for exploring in both))
        owned = scenario.attacker.owns if scenario.attacker else ()
        for name in (MALLORY, MALLORY + FORGING, *owned):
            if name.endswith(FORGING):
                user = name.removesuffix(FORGING)
                self._tell(terms.forging_secret(user), real.forging_secret(user))
            else:
                dsa = symbolic.speaks_3 and name != MALLORY
                self._tell(terms.long_term(name, dsa=dsa), real.long_term(name, dsa=dsa))

    def _tell(self, symbolic: object, real: object) -> None:
        self._concrete.tell(symbolic, real)

    def observe(self, term: Term, wire: Any) -> None:  # noqa: ANN401 - bytes
        """A message was sent."""
        self._concrete.observe(cast("Any", term), wire)

    def make(self, term: Term) -> Any:  # noqa: ANN401 - bytes
        """What an attacker makes; raises `CannotMake`."""
        return self._concrete.make(cast("Any", term))


class _Named(RealSuite):
    """Bytes; keys have names, and what is drawn differs from attempt to attempt."""

    def __init__(self, attempt: int) -> None:
        super().__init__()
        self.attempt = attempt
        self.older = _Named3(attempt)
        self._named: dict[Seed, Seed] = {}

    def seed(self, value: bytes) -> Seed:  # type: ignore[override] # it depends on the attempt
        """One for each name and attempt."""
        seed = super().seed(b"%s, attempt %d" % (value, self.attempt))
        self._named[seed] = super().seed(value)
        return seed

    def fresh_identifier(self, seed: Seed, draw: int) -> int:
        """The same in every attempt, and over terms: an attacker writes it into messages."""
        return super().fresh_identifier(self._named[seed], draw)

    def fresh_dh(self, seed: Seed, draw: int) -> DhPair:
        """Draw again where the public key is shorter than usual, which is as long as in terms."""
        pair = super().fresh_dh(seed, draw)
        while self.to_int(pair.public).bit_length() <= FULL_BITS:
            draw += FAR
            pair = super().fresh_dh(seed, draw)
        return pair

    @staticmethod
    def long_term(name: str, *, dsa: bool = False) -> LongTerm:  # type: ignore[override] # they are made from a name
        """The long-term keys of somebody, by name, and whether there is one of version 3."""
        octets = _octets(b"long-term", name), _octets(b"forging", name)
        return RealSuite.long_term(*octets, _generated(name) if dsa else None)

    @staticmethod
    def forging_secret(name: str) -> Scalar:
        """The secret part of somebody's forging key."""
        return RealSuite.long_term(_octets(b"forging", name)).secret


def _octets(what: bytes, name: str) -> bytes:
    """What a key of somebody's is made of."""
    return shake256(what + b" key of " + name.encode(), KEY_OCTETS)


class _Bytes(Exploring4):
    """The endpoints over bytes. Hashes are what they are, so that nothing is undecided."""

    def __init__(self, scenario: Scenario, variants: dict[str, Variant], real: _Named) -> None:
        super().__init__(scenario, variants, cast("Any", real))
        self._terms, self._real = TermSuite(), real

    def _step(  # noqa: PLR0913, PLR0917 - one for each thing that a step depends on
        self, who: int, local: Local, given: Input, now: int, order: Order, taken: int
    ) -> Outcome:
        before: Held = local.conversation
        try:
            stepped = self._endpoint(who, order).step(before.conversation, given, BEGINNING + now)
        except OtrSpecError as error:
            raise Crash(str(error)) from error
        reader = _ByteReader(self, who, local, given, BEGINNING + now, stepped.conversation)
        for output in stepped.outputs:
            reader.take(output)
        return Outcome(
            Held(stepped.conversation, taken, before.looked),
            tuple(reader.wires),
            tuple(reader.told),
            fired=stepped.trace,
            notices=tuple(reader.words),
        )

    def attacker(self) -> Opponent:
        """Nobody."""
        return Blind()

    def as_term(self, text: Octets) -> Octets:
        """A text as it is over terms, so that it is shown alike."""
        return self._terms.octets(self._real.to_bytes(text))


class _ByteReader(Reader):
    """Reads the outputs of one step over bytes."""

    exploring: _Bytes

    def take(self, output: notices.Output) -> None:
        """One output; a text as it is over terms."""
        match output:
            case notices.Send(wire):
                self.wires.append(cast("Any", wire))
            case notices.Resent(text):
                self.words.append(f"sent now: {self.exploring.as_term(text)}")
            case notices.Shown(text):
                super().take(replace(output, text=self.exploring.as_term(text)))
            case _:
                super().take(output)

    def keys(self, output: notices.Secured) -> Hashable:
        """Not asked here: keys of bytes do not tell what they are derived from."""
        return output.ssid
