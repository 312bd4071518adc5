"""OTRv1 over real bytes, where an exploration has terms: for replaying what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from otr_check.explore.party import Blind, Outcome
from otr_check.explore.scenario import MALLORY
from otr_check.otrv3.concrete import CannotMake, Concrete
from otr_check.otrv3.operators import Op
from otr_check.otrv3.replaying import _Named
from otr_check.terms import Term
from otr_reference.otrv1.real import RealSuite

from .exploring import Exploring1
from .suite import TermSuite

if TYPE_CHECKING:
    from otr_check.explore.party import Local, Opponent
    from otr_check.explore.scenario import Scenario
    from otr_model.kernel.variant import Variant
    from otr_reference.otrv1.commands import Input
    from otr_reference.sorts import Wire

__all__ = ["Real"]


class Real:
    """The endpoints of a scenario over bytes, and what an attacker makes there.

    Attributes:
        adaptor: the endpoints; what it calls terms are bytes.
    """

    def __init__(self, scenario: Scenario, variants: dict[str, Variant], attempt: int) -> None:
        real, terms = RealSuite(), TermSuite()
        named = real.later = _Named(attempt)
        self.adaptor = _Bytes(scenario, variants, real)
        names = dict.fromkeys(actor.user for actor in scenario.actors)
        owned = scenario.attacker.owns if scenario.attacker else ()
        seed = MALLORY.encode()
        given: dict[Any, Any] = {terms.later.seed(seed): named.seed(seed)}
        for name in (MALLORY, *names):
            symbolic, signing = terms.later.signing_key(name), named.signing_key(name)
            given[terms.later.public_key(symbolic)] = named.public_key(signing)
            if name == MALLORY or name in owned:
                given[symbolic] = signing
        self._concrete = _Concrete(terms, real, given)

    def observe(self, term: Term, wire: Any) -> None:  # noqa: ANN401 - bytes
        """A message was sent."""
        self._concrete.observe(cast("Any", term), wire)

    def make(self, term: Term) -> Any:  # noqa: ANN401 - bytes
        """What an attacker makes; raises `CannotMake`."""
        return self._concrete.make(cast("Any", term))


class _Concrete(Concrete):
    """OTRv1: the attacker's messages in bytes; what version 3 has too is computed as there."""

    def __init__(self, terms: TermSuite, real: RealSuite, given: dict[Any, Any]) -> None:
        self.first = real
        self.symbols = terms
        super().__init__(terms.later, real.later, given)

    def observe(self, term_wire: Wire, real_wire: Wire) -> None:
        """See a message that an honest participant sent, in both forms."""
        self.tell(self.symbols.decode(term_wire), self.first.decode(real_wire))

    def make(self, term_wire: Wire) -> Wire:
        """The bytes of a message that the attacker makes; raises `CannotMake`."""
        return self.first.encode(self.record(self.symbols.decode(term_wire)))

    def _hash(self, term: Term) -> Any:  # noqa: ANN401 - a real value
        """What is signed."""
        match term.args:
            case (str(), bool() as reply, public, int() as keyid, y):
                owner, element = self.record((public, y))
                return self.first.signed_value(reply, owner, keyid, element, None)
            case (Term() as value, Term(op=Op.MAC, args=(key, public))):
                signed, secret, owner = self.record((value, key, public))
                return self.first.with_mac(signed, secret, owner)
            case (Term() as value, Term() as peer):
                return self.first.with_peer(self.value(value), self.value(peer))
            case _:
                raise CannotMake(term.op)

    def _mac(self, term: Term) -> Any:  # noqa: ANN401 - a real value
        """The MAC of a Data Message."""
        match term.args:
            case (Term() as key, int() as counter, Term() as encrypted):
                return self.first.data_mac(self.value(key), counter, self.value(encrypted))
            case _:
                raise CannotMake(term.op)


class _Bytes(Exploring1):
    """The endpoints over bytes."""

    def __init__(self, scenario: Scenario, variants: dict[str, Variant], real: RealSuite) -> None:
        super().__init__(scenario, variants, cast("Any", real))
        self._terms = TermSuite()

    def said(self, text: Term) -> str:
        """As it is over terms."""
        return str(self._terms.later.octets(cast("Any", text)))

    def _step(self, who: int, local: Local, given: Input) -> Outcome:
        outcome = super()._step(who, local, given)
        return Outcome(
            outcome.conversation,
            outcome.wires,
            outcome.told,
            fired=outcome.fired,
            notices=outcome.notices,
        )

    def attacker(self) -> Opponent:
        """Nobody: what one makes over terms is made here of bytes."""
        return Blind()
