"""From terms to bytes for OTRv4: what an attacker does with symbols, done with real messages.

See `otr_check.otrv3.concrete`. What a term stands for is computed by the functions that the real
suite has, or by those that it is made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from otr_check.exponents import Polynomial
from otr_check.otrv3.concrete import CannotMake, Correspondence, Group, Real
from otr_check.otrv3.operators import Op as Old
from otr_model.otrv4 import layouts
from otr_model.otrv4.groups4 import MODP_3072
from otr_model.otrv4.usages import Function, Usage
from otr_reference import ed448
from otr_reference.arith import Number, power
from otr_reference.codec import Codec
from otr_reference.otrv4 import wire as codec
from otr_reference.otrv4.kdf import hash_to_scalar, hcmac, hwc, kdf
from otr_reference.otrv4.messages import Content, Fragment
from otr_reference.otrv4.suite import PhiSide

from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_check.terms import Operator, Term
    from otr_reference.otrv4.real import RealSuite
    from otr_reference.otrv4.suite import Ring
    from otr_reference.sorts import Element, Octets, Point, Scalar, Seed, Sort

    from .octets import ProfileFields
    from .suite import TermSuite

__all__ = ["Concrete"]


class _Curve(Group):
    """Ed448. Its operation is written as a product here; values are points, encoded."""

    order = ed448.ORDER

    def __init__(self, owner: Concrete) -> None:
        super().__init__(owner.scalar)
        self.owner = owner

    def generator(self) -> Real:
        """G."""
        return self.owner.real.generator()

    def power(self, element: Real, exponent: int) -> Real:
        """A multiple."""
        return self.owner.real.scale(element, cast("Scalar", exponent))

    def times(self, left: Real, right: Real) -> Real:
        """The sum."""
        return self.owner.real.plus(left, right)

    def strange(self, atom: Term) -> Real:
        """Bytes as they are."""
        match atom.op, atom.args:
            case ((Op.LOG | Op.INVALID), (bytes() as known,)):
                return known
            case _:
                return None


class _Large(Group):
    """The group of 3072 bits."""

    order = MODP_3072.order

    def generator(self) -> Real:
        """g3."""
        return Number(MODP_3072.generator)

    def power(self, element: Real, exponent: int) -> Real:
        """Modulo dh_p."""
        return power(element, exponent, MODP_3072.modulus)

    def times(self, left: Real, right: Real) -> Real:
        """Modulo dh_p."""
        return Number(left * right % MODP_3072.modulus)

    def strange(self, atom: Term) -> Real:
        """Numbers as they are."""
        match atom.op, atom.args:
            case ((Op.LOG | Op.INVALID), (int() as known,)):
                return Number(known)
            case _:
                return None


class Concrete(Correspondence):
    """OTRv4: the attacker's messages in bytes.

    Args:
        terms: the suite of the symbolic run.
        real: the suite of the real one.
        given: as `Correspondence`; of his account: his seed, and `sym_h`. The rest of his keys, and
            prekey ensembles that he saw, are told (`tell`).
    """

    terms: TermSuite
    real: RealSuite

    def __init__(self, terms: TermSuite, real: RealSuite, given: Mapping[Sort, Sort]) -> None:
        self.curve = _Curve(self)
        self.large = _Large(self.scalar)
        super().__init__(terms, real, given)

    def make_ways(self) -> dict[Operator, Callable[[Term], Real]]:
        """How a term is computed, by its operator."""
        return {
            Old.TEXT: lambda term: term.args[0],
            Old.TYPED: lambda term: term.args[0],
            Old.CONCAT: lambda term: b"".join(map(self.value, cast("tuple[Term, ...]", term.args))),
            Op.ZERO: lambda _: self.real.zero(),
            Op.NONCE: self._nonce,
            Op.AUTHENTICATING: lambda term: ed448.keypair(self._arg(term, 0)).secret,
            Op.POINT: self._point,
            Op.ELEMENT: self._element,
            Op.HASH: lambda term: self.real.hashed_b(self._arg(term, 0)),
            Op.KDF: self._kdf,
            Op.MAC: self._mac,
            Op.ENC: self._enc,
            Op.EDDSA: lambda term: ed448.sign(self._arg(term, 0), self._arg(term, 1)),
            Op.WEAK: lambda _: self.real.to_bytes(self.real.generator()) + ed448.encode_scalar(1),
            Op.SIGMA: self._sigma,
            Op.PROFILE: self._profile,
            Op.PHI: self._phi,
            Op.BOUND: self._bound,
            Op.BODY: lambda term: self.real.data_body(self.record(term.args[0])),
            Op.CHALLENGE: self._challenge,
            Op.RESPONSE: self._response,
            Op.ALTERED: self._altered,
        }

    def scalar(self, atom: Term) -> int | None:
        """The number that an exponent is; None where it is not known."""
        if atom.op in _NO_EXPONENTS:
            return None
        return cast("int | None", self.known(atom))

    # What is observed.

    def piece_of(self, message: object) -> tuple[Term, bool] | None:
        """The piece of a fragment."""
        if not isinstance(message, Fragment):
            return None
        return cast("Term", message.piece), message.index == message.total

    def noted(self, term: Term, value: Real) -> None:
        """Elements of groups, and what may be opened."""
        match term.op, term.args:
            case Op.POINT, (Polynomial() as exponent,):
                self.curve.known.setdefault(exponent, value)
            case Op.ELEMENT, (Polynomial() as exponent,):
                self.large.known.setdefault(exponent, value)
            case Op.ENC, _:
                self.seal(term, value)
            case _:
                pass

    def opened(self, term: Term, value: Real) -> tuple[Real, Real] | None:
        """Decrypt."""
        key, content = cast("tuple[Term, Content]", term.args)
        secret = self.known(key)
        return None if secret is None else (content, self.real.open(secret, value))

    # What is computed.

    def _arg(self, term: Term, place: int) -> Real:
        return self.value(cast("Term", term.args[place]))

    def _nonce(self, term: Term) -> Real:
        kind, _, draw = term.args
        seed, number = cast("Seed", self._arg(term, 1)), cast("int", draw)
        match kind:
            case "x":
                return self.real.fresh_ecdh(seed, number).secret
            case "a":
                return self.real.fresh_dh(seed, number).secret
            case "e":
                return self.real.fresh_scalar(seed, number)
            case _:
                # The random value of a proof: the response about the exponent 0.
                proof = self.real.prove_exponent(1, self.real.zero(), seed, number)
                return ed448.decode_scalar(self.real.to_bytes(proof.d))

    def _point(self, term: Term) -> Real:
        exponent, *part = term.args
        found = self.curve.element(cast("Polynomial", exponent))
        if found is None or (part and part != [_ORDER_TWO]):
            raise CannotMake(term.op)
        return self.real.twisted(found) if part else found

    def _element(self, term: Term) -> Real:
        found = self.large.element(cast("Polynomial", term.args[0]))
        if found is None:
            raise CannotMake(term.op)
        return found

    def _hashed(self, usage: Usage, term: Term) -> bytes:
        """A value as it is hashed."""
        if usage is Usage.FINGERPRINT:
            return self._long_term(term)
        value = self.value(term)
        if term.op is Op.ELEMENT:
            return self.real.shared_octets(cast("int", value))
        return cast("bytes", value)

    def _long_term(self, term: Term) -> bytes:
        """A long-term key: where terms have I, a point of small order for which a profile holds."""
        if not term.args[0]:
            return bytes(ed448.POINT_OCTETS)
        return cast("bytes", self.value(term))

    def _kdf(self, term: Term) -> Real:
        usage, *sources = term.args
        if not isinstance(usage, Usage):
            index, context, previous = cast("tuple[int, int, Term]", tuple(sources))
            return self.real.next_extra_key(self.value(previous), index, context)
        parts = cast("tuple[Term, ...]", tuple(sources))
        if usage is Usage.SMP_SECRET:
            first, second, ssid, typed = map(self.value, parts)
            return self.real.smp_secret(first, second, ssid, typed)
        octets = tuple(self._hashed(usage, part) for part in parts)
        if usage is Usage.EXTRA_SYMM_KEY:
            octets = (_EXTRA_KEY_BYTE, *octets)
        return (kdf if usage.function is Function.KDF else hwc)(usage, *octets)

    def _mac(self, term: Term) -> Real:
        return hcmac(cast("Usage", term.args[0]), self._arg(term, 1), self._arg(term, 2))

    def _enc(self, term: Term) -> Real:
        key = cast("Term", term.args[0])
        secret = self.known(key)
        if secret is None:
            return self.replaced(term, (key,), self.real.content_octets)
        return self.real.seal(secret, self.record(cast("Content", term.args[1])))

    def _sigma(self, term: Term) -> Real:
        if not term.args:
            return bytes(_SIGMA)
        ring, _, _, _, draw = term.args
        secret, value, seed = (self._arg(term, place) for place in (1, 2, 3))
        first, second, third = map(self._long_term, cast("tuple[Term, Term, Term]", ring))
        keys = cast("Ring", (first, second, third))
        return self.real.ring_sign(keys, secret, value, seed, cast("int", draw))

    def _profile(self, term: Term) -> Real:
        said = cast("ProfileFields", term.args[0])
        if said.transitional is not None:
            raise CannotMake(Op.TRANSITION)
        body = codec.write_client_profile_body(
            owner_tag=said.owner_tag,
            public_key=self._long_term(cast("Term", said.public_key)),
            forging_key=self._long_term(cast("Term", said.forging_key)),
            versions=said.versions,
            expiration=said.expiration,
        )
        return self.real.profile_body(body)

    def _phi(self, term: Term) -> Real:
        tags, keys, names = cast("tuple[tuple[int, ...], tuple[Real, ...], Real]", term.args)
        held = [*self.record(keys), (None, None)][: len(tags)]
        said = [*self.record(names), None, None][: len(tags)]
        sides = (
            PhiSide(tag, cast("Point | None", ecdh), cast("Element | None", dh), name)
            for tag, (ecdh, dh), name in zip(tags, held, said, strict=True)
        )
        return self.real.phi(*sides)

    def _bound(self, term: Term) -> Real:
        role, *parts = term.args
        values = [self.value(cast("Term", part)) for part in parts]
        layout = _BOUND[cast("str", role)]
        names = [field.name for field in layout.layout.fields if field.value is None]
        return layout.write(dict(zip(names, values, strict=True)))

    def _challenge(self, term: Term) -> Real:
        step, *points = term.args
        octets = (self.value(cast("Term", point)) for point in points)
        return ed448.encode_scalar(hash_to_scalar(cast("int", step), *octets))

    def _response(self, term: Term) -> Real:
        r, exponent, c = (self._arg(term, place) for place in range(3))
        return ed448.encode_scalar((r - exponent * ed448.decode_scalar(c)) % ed448.ORDER)

    def _altered(self, term: Term) -> Real:
        value, *tail = cast("tuple[Term, ...]", term.args)
        if tail:
            raise CannotMake(term.op)
        before = self.value(value)
        match value.op:
            case Op.SIGMA:
                return self.real.garble_sigma(before)
            case Op.EDDSA:
                return self.real.garble_signature(before)
            case Op.RESPONSE:
                return self.real.garble_response(before)
            case _:
                return self.real.garble(cast("Octets", before))


_NO_EXPONENTS: Final = frozenset({Op.LOG, Op.INVALID, Op.ALTERED, Old.PIECE})
_ORDER_TWO: Final = 2
_SIGMA: Final = 6 * ed448.SCALAR_OCTETS
_EXTRA_KEY_BYTE: Final = b"\xff"
_BOUND: Final = {
    "auth-r": Codec(layouts.T_AUTH_R),
    "auth-i": Codec(layouts.T_AUTH_I),
    "non-interactive": Codec(layouts.T_NON_INTERACTIVE),
}
