"""From terms to bytes: what an attacker does with symbols, done with real messages.

A run of the explorer is over terms. To show that what it found happens over bytes too, the honest
participants are run over both suites side by side, with seeds of the same names. What they send is
observed in both forms at once: from then on the parts of the symbolic message stand for the parts
of the real one. What the attacker makes is then computed, operator by operator, from what was
observed and from what he was given. Nothing else is used: a message that could not be made over
bytes is not made here.

`Correspondence` is for both versions of the protocol; `Concrete` is OTRv3.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar, cast

from otr_check.exponents import ONE, Polynomial
from otr_check.terms import Operator, Term
from otr_model.otrv3 import layouts, schedules
from otr_reference.arith import Number, invert, power
from otr_reference.codec import Codec
from otr_reference.errors import OtrSpecError
from otr_reference.otrv3.messages import Content, DhPair, Fragment, Identity
from otr_reference.otrv3.wire import encode_content

from . import octets as strings
from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_check.exponents import Monomial
    from otr_reference.otrv3.real import RealSuite
    from otr_reference.sorts import Key, Octets, PublicKey, Sort, Wire

    from .suite import TermSuite

__all__ = ["CannotMake", "Concrete", "Correspondence", "Group", "Real"]

Real: TypeAlias = Any
"""A value of a real suite: bytes or a number. What it stands for says which."""

Suite: TypeAlias = Any
"""The suite of either version."""


class CannotMake(OtrSpecError):
    """A term cannot be computed from what was observed; it names the operator.

    Attributes:
        op: the operator.
    """

    op: Operator

    def __init__(self, op: Operator) -> None:
        super().__init__(op)
        self.op = op

    def __str__(self) -> str:
        return f"{self.op.label}: cannot be computed from what was observed"


class Group(ABC):
    """A group of prime order, in which elements are computed from those that were observed.

    Args:
        scalar: the number that an atom of an exponent stands for; None where it is not known.
    """

    order: int

    def __init__(self, scalar: Callable[[Term], int | None]) -> None:
        self.scalar = scalar
        self.known: dict[Polynomial, Real] = {}
        """Elements that were observed, by their exponents."""
        self._made: dict[Polynomial, Real] = {}

    @abstractmethod
    def generator(self) -> Real:
        """The generator."""

    @abstractmethod
    def power(self, element: Real, exponent: int) -> Real:
        """An element to a power, from 0 to the order less 1."""

    @abstractmethod
    def times(self, left: Real, right: Real) -> Real:
        """The product."""

    @abstractmethod
    def strange(self, atom: Term) -> Real:
        """The element whose exponent is an atom that nobody knows; None if that is not known."""

    def element(self, exponent: Polynomial) -> Real:
        """The generator to an exponent; None where it cannot be computed.

        The exponent is a sum of products. With numbers for what is known of them, those of the
        elements at hand span a space over the integers modulo the order. Where the exponent lies in
        it, the element is a product of powers of those.
        """
        found = self.known.get(exponent) or self._made.get(exponent)
        if found is None:
            found = self._made[exponent] = self._combined(exponent)
        return found

    def _combined(self, exponent: Polynomial) -> Real:
        numbers: dict[Term, int | None] = {}
        wanted = self._vector(exponent, numbers)
        at_hand = {ONE: self.generator(), **self.known}
        for coordinate in wanted:
            strange = self.strange(coordinate[0]) if len(coordinate) == 1 else None
            if strange is not None:
                at_hand[Polynomial.atom(coordinate[0])] = strange
        rows: list[_Row] = []
        for one in at_hand:
            row = self._reduced(_Row(self._vector(one, numbers), {one: 1}), rows)
            if row.vector:
                rows.append(self._normalised(row))
        rest = self._reduced(_Row(wanted, {}), rows)
        if rest.vector:
            return None
        result = self.power(self.generator(), 0)
        for one, factor in rest.made.items():
            result = self.times(result, self.power(at_hand[one], -factor % self.order))
        return result

    def _vector(self, exponent: Polynomial, numbers: dict[Term, int | None]) -> _Vector:
        """An exponent by the products of what is not known."""
        vector: _Vector = {}
        for monomial, coefficient in exponent.terms:
            value, unknown = coefficient, list[Term]()
            for atom in monomial:
                if atom not in numbers:
                    numbers[atom] = self.scalar(atom)
                number = numbers[atom]
                if number is None:
                    unknown.append(atom)
                else:
                    value = value * number % self.order
            place = tuple(unknown)
            vector[place] = (vector.get(place, 0) + value) % self.order
        return {place: value for place, value in vector.items() if value}

    def _reduced(self, row: _Row, rows: list[_Row]) -> _Row:
        """A row without what others account for."""
        for other in rows:
            factor = row.vector.get(next(iter(other.vector)))
            if factor is not None:
                vector = self._without(row.vector, other.vector, factor)
                row = _Row(vector, self._without(row.made, other.made, factor))
        return row

    def _without(
        self, values: dict[_Key, int], others: dict[_Key, int], factor: int
    ) -> dict[_Key, int]:
        left = dict(values)
        for place, value in others.items():
            left[place] = (left.get(place, 0) - value * factor) % self.order
        return {place: value for place, value in left.items() if value}

    def _normalised(self, row: _Row) -> _Row:
        """A row whose first coordinate is 1."""
        factor = int(invert(next(iter(row.vector.values())), self.order))
        vector, made = (
            {place: value * factor % self.order for place, value in values.items()}
            for values in (row.vector, row.made)
        )
        return _Row(cast("_Vector", vector), cast("dict[Polynomial, int]", made))


class _Row(NamedTuple):
    """A vector, and the product of powers of elements at hand that it is the exponent of."""

    vector: _Vector
    made: dict[Polynomial, int]


_Vector: TypeAlias = "dict[Monomial, int]"
_Key = TypeVar("_Key")


class Correspondence(ABC):
    """Terms and the real values that they stand for.

    Args:
        terms: the suite of the symbolic run.
        real: the suite of the real one.
        given: what the attacker has from the beginning, by term: his seed and his long-term key,
            public keys of everybody, and what a scenario gives him.
    """

    def __init__(self, terms: Suite, real: Suite, given: Mapping[Sort, Sort]) -> None:
        self.terms = terms
        self.real = real
        self.values: dict[Term, Real] = {}
        self._sealed: dict[Term, Real] = {}
        self._pieces: dict[Term, list[bytes]] = {}
        self.ways: dict[Operator, Callable[[Term], Real]] = self.make_ways()
        self.tell(tuple(given), tuple(given.values()))

    @abstractmethod
    def make_ways(self) -> dict[Operator, Callable[[Term], Real]]:
        """How a term is computed, by its operator."""

    @abstractmethod
    def noted(self, term: Term, value: Real) -> None:
        """What else follows from a term and its value."""

    @abstractmethod
    def opened(self, term: Term, value: Real) -> tuple[Real, Real] | None:
        """The symbolic and the real plaintext of a ciphertext; None where it cannot be opened."""

    @abstractmethod
    def piece_of(self, message: object) -> tuple[Term, bool] | None:
        """Of a fragment the piece, and whether it is the last one; None for other messages."""

    def observe(self, term_wire: Wire, real_wire: Wire) -> None:
        """See a message that an honest participant sent, in both forms.

        Args:
            term_wire: as a term.
            real_wire: as bytes. A message in fragments has as many pieces in both forms.
        """
        symbolic, message = self.terms.decode(term_wire), self.real.decode(real_wire)
        found = self.piece_of(symbolic)
        if found is None:
            self._pair(symbolic, message)
        else:
            piece, last = found
            self._piece(piece, message.piece, last=last)
        self._open()

    def tell(self, symbolic: object, real: object) -> None:
        """Be given a value, a record, or the state of a conversation, in both forms."""
        self._pair(symbolic, real)
        self._open()

    def make(self, term_wire: Wire) -> Wire:
        """The bytes of a message that the attacker makes.

        Args:
            term_wire: the message as a term.

        Raises:
            CannotMake: if a part of it cannot be computed.
        """
        return cast("Wire", self.real.encode(self.record(self.terms.decode(term_wire))))

    def value(self, term: Term) -> Real:
        """What a term stands for.

        Raises:
            CannotMake: if it cannot be computed.
        """
        value = self.values.get(term)
        if value is None:
            way = self.ways.get(term.op)
            if way is None:
                raise CannotMake(term.op)
            value = self.values[term] = way(term)
        return value

    def record(self, value: Real) -> Real:
        """A record of terms as a record of real values; raises as `value`."""
        if isinstance(value, Term):
            return self.value(value)
        if isinstance(value, tuple):
            return tuple(map(self.record, value))
        if is_dataclass(value) and not isinstance(value, type):
            changed = {each.name: self.record(getattr(value, each.name)) for each in fields(value)}
            return replace(value, **changed)
        return value

    def known(self, term: Term) -> Real:
        """What a term stands for; None where it cannot be computed."""
        try:
            return self.value(term)
        except CannotMake:
            return None

    def _pair(self, symbolic: object, real: object) -> None:
        """Note what every term in a value stands for."""
        if isinstance(symbolic, Term):
            if symbolic not in self.values:
                self.values[symbolic] = real
                self.noted(symbolic, real)
        elif isinstance(symbolic, tuple | list):
            for left, right in zip(symbolic, cast("Iterable[object]", real), strict=True):
                self._pair(left, right)
        elif isinstance(symbolic, Mapping):
            self._pair(
                tuple(symbolic.items()), tuple(cast("Mapping[object, object]", real).items())
            )
        elif is_dataclass(symbolic) and not isinstance(symbolic, type):
            for each in fields(symbolic):
                self._pair(getattr(symbolic, each.name), getattr(real, each.name))

    def seal(self, term: Term, value: Real) -> None:
        """Keep a ciphertext, to be opened as soon as that is possible."""
        self._sealed[term] = value

    def replaced(
        self, term: Term, place: tuple[object, ...], encode: Callable[[Real], bytes]
    ) -> bytes:
        """A plaintext in the place of another one that is known, and not shorter.

        Args:
            term: the ciphertext.
            place: what makes its key stream.
            encode: writes a plaintext.

        Raises:
            CannotMake: if there is no such ciphertext.
        """
        wanted = encode(self.record(term.args[-1]))
        for sealed, value in tuple(self._sealed.items()):
            if sealed.args[:-1] == place:
                known = encode(self.record(sealed.args[-1]))
                if len(known) >= len(wanted):
                    three = zip(value, known, wanted, strict=False)
                    return bytes(one ^ two ^ other for one, two, other in three)
        raise CannotMake(term.op)

    def _open(self) -> None:
        """Open every ciphertext whose key can be computed, until nothing follows any more."""
        progress = True
        while progress:
            progress = False
            for term, value in tuple(self._sealed.items()):
                found = self.opened(term, value)
                if found is not None:
                    del self._sealed[term]
                    self._pair(*found)
                    progress = True

    def _piece(self, piece: Term, real: bytes, *, last: bool) -> None:
        wire = cast("Term", piece.args[0])
        parts = self._pieces.setdefault(wire, [])
        parts.append(real)
        if last:
            self.observe(cast("Wire", wire), cast("Wire", b"".join(self._pieces.pop(wire))))


class _ModP(Group):
    """The group of version 3."""

    order = schedules.GROUP.order

    def __init__(self, owner: Concrete) -> None:
        super().__init__(owner.scalar)
        self.owner = owner

    def generator(self) -> Real:
        """2."""
        return Number(schedules.GROUP.generator)

    def power(self, element: Real, exponent: int) -> Real:
        """Modulo p."""
        return power(element, exponent, schedules.MODULUS)

    def times(self, left: Real, right: Real) -> Real:
        """Modulo p."""
        return Number(left * right % schedules.MODULUS)

    def strange(self, atom: Term) -> Real:
        """Numbers as they are; of a changed value the changed number."""
        match atom.op, atom.args:
            case ((Op.LOG | Op.INVALID), (int() as number,)):
                return Number(number)
            case Op.ALTERED, (Term() as value,):
                number = self.owner.known(value)
                return None if number is None else Number(number ^ 1)
            case _:
                return None


class Concrete(Correspondence):
    """OTRv3: the attacker's messages in bytes.

    Args:
        terms: the suite of the symbolic run.
        real: the suite of the real one.
        given: as `Correspondence`.
    """

    terms: TermSuite
    real: RealSuite

    def __init__(self, terms: TermSuite, real: RealSuite, given: Mapping[Sort, Sort]) -> None:
        self.group = _ModP(self)
        super().__init__(terms, real, given)

    def make_ways(self) -> dict[Operator, Callable[[Term], Real]]:
        """How a term is computed, by its operator."""
        return {
            Op.TEXT: lambda term: term.args[0],
            Op.TYPED: lambda term: term.args[0],
            Op.ZERO: lambda _: self.real.zero(),
            Op.NONCE: self._nonce,
            Op.PUBLIC_KEY: lambda term: self.real.public_key(self._arg(term, 0)),
            Op.ELEMENT: self._element,
            Op.HASH: self._hash,
            Op.KDF: self._kdf,
            Op.ENC: self._enc,
            Op.MAC: self._mac,
            Op.SIGNATURE: self._signature,
            Op.BODY: lambda term: self.real.data_body(self.record(term.args[0])),
            Op.CONCAT: lambda term: b"".join(map(self.value, cast("tuple[Term, ...]", term.args))),
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
        return cast("Term", message.piece), message.k == message.n

    def noted(self, term: Term, value: Real) -> None:
        """The parts of a value, where they can be told apart."""
        match term.op, term.args:
            case Op.ELEMENT, (Polynomial() as exponent,):
                self.group.known.setdefault(exponent, value)
            case Op.ENC, _:
                self.seal(term, value)
            case Op.CONCAT, parts:
                at = 0
                for part in cast("tuple[Term, ...]", parts):
                    size = strings.width(part)
                    self.tell(part, value[at : at + size])
                    at += size
            case _:
                pass

    def opened(self, term: Term, value: Real) -> tuple[Real, Real] | None:
        """Decrypt."""
        key, counter, plain = cast("tuple[Term, int, Real]", term.args)
        secret = self.known(key)
        if secret is None:
            return None
        match plain:
            case Content():
                return plain, self.real.open(secret, counter, value)
            case Identity():
                return plain, self.real.open_identity(secret, value)
            case Term(op=Op.ELEMENT):
                hashed = self._committed(secret, value)
                return plain, self.real.opened(secret, hashed)
            case _:
                return (), ()

    def _committed(self, key: Real, encrypted: Real) -> Real:
        like = self.real.commit(key, self.real.generator())
        return replace(like, encrypted=encrypted)

    # What is computed.

    def _arg(self, term: Term, place: int) -> Real:
        return self.value(cast("Term", term.args[place]))

    def _nonce(self, term: Term) -> Real:
        kind, _, draw = term.args
        seed, number = self._arg(term, 1), cast("int", draw)
        match kind:
            case "r":
                return self.real.fresh_key(seed, number)
            case "x":
                return self.real.fresh_pair(seed, number).secret
            case _:
                return self.real.fresh_exponent(seed, number)

    def _element(self, term: Term) -> Real:
        exponent, *mark = term.args
        found = self.group.element(cast("Polynomial", exponent))
        if found is None:
            raise CannotMake(term.op)
        return self.real.unreduced(found) if mark else found

    def _hash(self, term: Term) -> Real:
        (inside,) = cast("tuple[Term]", term.args)
        if inside.op is Op.ELEMENT:
            key = cast("Key", bytes(schedules.COMMIT_KEY_BITS // 8))
            return self.real.commit(key, self.value(inside)).hashed
        return self.real.fingerprint(self.value(inside))

    def _kdf(self, term: Term) -> Real:
        name, *sources = term.args
        match name:
            case "ek":
                return self._data_key(*cast("tuple[Term, Real]", tuple(sources)))
            case "mk":
                return sha1(self._arg(term, 1), usedforsecurity=False).digest()
            case "extra":
                return self._pair_of(self._arg(term, 1), high=True).extra
            case "smp":
                return self._smp_secret(cast("tuple[Term, ...]", tuple(sources)))
            case _:
                keys = self.real.ake_keys(self.real.scalar(1), self._arg(term, 1))
                if name == "ssid":
                    return keys.ssid
                side = keys.signature if cast("str", name).endswith("'") else keys.reveal
                return getattr(side, cast("str", name).rstrip("'"))

    def _data_key(self, shared: Term, end: Real) -> Real:
        """The key of one direction: `end` is the D-H key of whoever sends."""
        s = self.value(shared)
        if isinstance(end, int):
            return self._pair_of(s, high=end == _HIGH_SENDS).sending
        other = self._other_end(shared, end)
        return self._pair_of(s, high=self.value(end) > self.value(other)).sending

    def _other_end(self, shared: Term, end: Term) -> Term:
        """The other D-H key of a shared secret."""
        whole, part = cast("Polynomial", shared.args[0]), cast("Polynomial", end.args[0])
        rest = whole
        for atom in part.atoms:
            rest = Polynomial(_without(rest, atom))
        if rest * part != whole:
            raise CannotMake(Op.KDF)
        return self.terms.pool.make(Op.ELEMENT, rest)

    def _pair_of(self, s: int, *, high: bool) -> Real:
        """The keys of whoever is the high end, or the low one: with s as the other one's key."""
        public = self.real.element(s + 1 if high else max(s - 1, 0))
        return self.real.data_keys(DhPair(self.real.scalar(1), public), self.real.element(s))

    def _smp_secret(self, sources: tuple[Term, ...]) -> Real:
        first, second, ssid, typed = sources
        ends = (self.value(cast("Term", each.args[0])) for each in (first, second))
        initiator, responder = cast("tuple[PublicKey, PublicKey]", tuple(ends))
        return self.real.smp_secret(initiator, responder, self.value(ssid), self.value(typed))

    def _enc(self, term: Term) -> Real:
        place, plain = cast("tuple[Term, int]", term.args[:2]), term.args[2]
        key, counter = self.known(place[0]), place[1]
        if key is None:
            return self.replaced(term, place, encode_content)
        match plain:
            case Content():
                return self.real.seal(key, counter, self.record(plain))
            case Identity():
                return self.real.seal_identity(key, self.record(plain))
            case Term(op=Op.ELEMENT):
                return self.real.commit(key, self.value(plain)).encrypted
            case _:
                raise CannotMake(term.op)

    def _mac(self, term: Term) -> Real:
        key, *covered = term.args
        secret = self.value(cast("Term", key))
        if len(covered) > 1:
            first, second, public, keyid = covered
            values = (self.value(cast("Term", each)) for each in (first, second, public))
            one, two, owner = values
            return self.real.signed_value(secret, one, two, owner, cast("int", keyid))
        (value,) = cast("tuple[Term]", tuple(covered))
        if value.op is Op.BODY:
            return self.real.data_mac(secret, self.value(value))
        return self.real.identity_mac(secret, self.value(value))

    def _signature(self, term: Term) -> Real:
        signing, value, seed = (self._arg(term, place) for place in range(3))
        return self.real.sign(signing, value, seed, cast("int", term.args[3]))

    def _challenge(self, term: Term) -> Real:
        step, *elements = term.args
        values = {"version": cast("int", step)}
        names = ("first", "second")
        values |= dict(
            zip(names, (self.value(cast("Term", each)) for each in elements), strict=False)
        )
        return Number.from_bytes(sha256(_SMP_HASH.write(values)).digest(), "big")

    def _response(self, term: Term) -> Real:
        r, exponent, c = (self._arg(term, place) for place in range(3))
        return (r - exponent * c) % schedules.GROUP.order

    def _altered(self, term: Term) -> Real:
        value, *tail = cast("tuple[Term, ...]", term.args)
        if tail:
            raise CannotMake(term.op)
        if value.op is Op.RESPONSE:
            return self.real.garble_response(self.value(value))
        return self.real.garble(cast("Octets", self.value(value)))


_SMP_HASH: Final = Codec(layouts.SMP_HASH)
_HIGH_SENDS: Final = 1
_NO_EXPONENTS: Final = frozenset({Op.LOG, Op.INVALID, Op.ALTERED, Op.PIECE})


def _without(exponent: Polynomial, atom: Term) -> list[tuple[list[Term], int]]:
    """The same with one factor less in every product; nothing where a product does not have it."""
    divided: list[tuple[list[Term], int]] = []
    for monomial, coefficient in exponent.terms:
        factors = list(monomial)
        if atom not in factors:
            return []
        factors.remove(atom)
        divided.append((factors, coefficient))
    return divided
