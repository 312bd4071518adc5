"""OTRv3 over real bytes, where an exploration has terms: for replaying what it found."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from otr_check.explore.party import Blind, Crash, Outcome
from otr_check.explore.scenario import MALLORY
from otr_check.otrv3.concrete import Concrete
from otr_check.otrv3.exploring import Exploring3, _Reader, describe
from otr_check.otrv3.octets import concatenated
from otr_check.otrv3.operators import Op
from otr_check.otrv3.suite import TermSuite
from otr_reference.errors import OtrSpecError
from otr_reference.keys import dsa
from otr_reference.otrv3 import notices
from otr_reference.otrv3.deviations import deviating, overriding
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.messages import DataMessage
from otr_reference.otrv3.real import RealSuite

if TYPE_CHECKING:
    from otr_check.explore.party import Local, Opponent, Order
    from otr_check.explore.scenario import Scenario
    from otr_check.terms import Term
    from otr_model.kernel.variant import Variant
    from otr_reference.otrv3.commands import Input
    from otr_reference.sorts import Octets, Seed, SigningKey, Wire

__all__ = ["Real"]

USUAL_PUBKEY = 422
MAC_KEY_OCTETS = 20


class Real:
    """The endpoints of a scenario over bytes, and what an attacker makes there.

    Attributes:
        adaptor: the endpoints; what it calls terms are bytes.
    """

    def __init__(self, scenario: Scenario, variants: dict[str, Variant], attempt: int) -> None:
        terms, real = TermSuite(), _Named(attempt)
        self.adaptor = _Bytes(scenario, variants, real)
        names = dict.fromkeys(actor.user for actor in scenario.actors)
        owned = scenario.attacker.owns if scenario.attacker else ()
        given: dict[Any, Any] = {terms.seed(MALLORY.encode()): real.seed(MALLORY.encode())}
        for name in (MALLORY, *names):
            symbolic, signing = terms.signing_key(name), real.signing_key(name)
            given[terms.public_key(symbolic)] = real.public_key(signing)
            if name == MALLORY or name in owned:
                given[symbolic] = signing
        self._concrete = Concrete(terms, real, given)

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

    def seed(self, value: bytes) -> Seed:  # type: ignore[override] # it depends on the attempt
        """One for each name and attempt."""
        return super().seed(b"%s, attempt %d" % (value, self.attempt))

    @staticmethod
    def signing_key(value: str) -> SigningKey:  # type: ignore[override] # it is made from a name
        """The long-term key of somebody, by name."""
        return RealSuite.signing_key(_generated(value))


@cache
def _generated(name: str) -> dsa.DsaPrivate:  # noqa: ARG001 - one key for each name
    """A key, made when it is first asked for, whose public half has the usual length."""
    while True:
        private = dsa.generate()
        if len(dsa.encode_public(private.public)) == USUAL_PUBKEY:
            return private


class _Bytes(Exploring3):
    """The endpoints over bytes. Hashes are what they are, so that nothing is undecided."""

    def __init__(self, scenario: Scenario, variants: dict[str, Variant], real: _Named) -> None:
        super().__init__(scenario, variants)
        self._terms, self._real = self.suite, real
        self.suite = cast("Any", real)
        self._configs = [self._config(who, actor) for who, actor in enumerate(scenario.actors)]
        self._accounts = {
            config.public: actor.user
            for config, actor in zip(self._configs, scenario.actors, strict=True)
        }
        if scenario.attacker:
            self._accounts[real.public_key(real.signing_key(MALLORY))] = MALLORY
        self._running = [self._made(who) for who in range(len(scenario.actors))]

    def _made(self, who: int) -> Endpoint:
        """A participant's endpoint, with what its variant changes of the suite."""
        endpoint = Endpoint(self._real, self._configs[who], self._variants[who])
        applied = endpoint.applied
        endpoint.suite = overriding(deviating(self._real, applied.falsified), applied.overrides)
        return endpoint

    def _step(self, who: int, local: Local, given: Input, now: int, order: Order) -> Outcome:
        del order  # hashes are what they are
        try:
            stepped = self._running[who].step(local.conversation, given, now)
        except OtrSpecError as error:
            raise Crash(str(error)) from error
        reader = _ByteReader(self, who, local, given, stepped.conversation)
        for output in stepped.outputs:
            reader.take(output)
        return Outcome(
            stepped.conversation,
            tuple(reader.wires),
            tuple(reader.told),
            fired=stepped.trace,
            notices=tuple(reader.words),
        )

    def label(self, wire: Term) -> str:
        """As over terms, where MAC keys can be told one from another."""
        message = self._real.decode(cast("Wire", wire))
        if isinstance(message, DataMessage):
            message = replace(message, revealed=self._as_keys(message.revealed))
        return describe(message)

    def _as_keys(self, revealed: Octets) -> Octets:
        """As many MAC keys over terms as there are over bytes."""
        count = len(self._real.to_bytes(revealed)) // MAC_KEY_OCTETS
        pool = self._terms.pool
        keys = tuple(pool.make(Op.KDF, "revealed", number) for number in range(count))
        return cast("Octets", concatenated(pool, keys))

    def attacker(self) -> Opponent:
        """Nobody: what one makes over terms is made here of bytes."""
        return Blind()

    def as_term(self, text: Octets) -> Octets:
        """A text as it is over terms, so that it is shown alike."""
        return self._terms.octets(self._real.to_bytes(text))


class _ByteReader(_Reader):
    """Reads the outputs of one step over bytes."""

    exploring: _Bytes

    def take(self, output: notices.Output) -> None:
        """One output; a text as it is over terms."""
        match output:
            case notices.Send(wire):
                self.wires.append(cast("Any", wire))
            case notices.Shown(text) | notices.Resent(text):
                super().take(replace(output, text=self.exploring.as_term(text)))
            case _:
                super().take(output)
