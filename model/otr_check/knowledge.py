"""What an attacker knows, and what he can make of it: Dolev and Yao's attacker over terms.

The network is his: he sees every message, and whatever he can make he can send. Knowledge is the
set of terms that he has taken out of what he saw, as far as he could not make them himself. Two
questions are asked of it, and both are decided, not approximated:

- Analysis: what is in a message that he has just seen (`Knowledge.learn`). Messages come apart,
  ciphertexts open where he has the key, perhaps only later; a revealed key is his.
- Synthesis: can he make a given term (`Knowledge.derivable`). He applies any operator to what he
  can make. In a group he can raise what he has to the powers that he knows, invert such powers
  (the orders are prime), and multiply. So an element is his if its exponent depends linearly on
  those of the elements that he has, over the fractions of polynomials in the exponents that he
  has (`_Span`).

Which operators there are, and how each behaves, is a protocol's own: `Rules`. What is assumed of
cryptography is what the term suites assume.

Knowledge is immutable. What can be made of the rest is not kept, so that equal knowledge is one
object, whichever way it was come by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

from .exponents import Monomial, Polynomial
from .terms import Operator, Term

if TYPE_CHECKING:
    from collections.abc import Callable

    from .terms import TermPool

__all__ = ["Knowledge", "Rules", "Theory"]

T = TypeVar("T")

_NO_OPERATORS: Final[frozenset[Operator]] = frozenset()
_MOST_AT_HAND: Final = 2048
"""Of how many values of knowledge the results of questions are remembered."""


class _State(Protocol):
    """What a compromised endpoint keeps: a conversation of any protocol."""

    def values(self) -> tuple[object, ...]:
        """Everything that it is."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the operators of a protocol behave. One that is not named is made of its arguments.

    Attributes:
        given: nobody can make it: seeds, private keys, what a user types.
        public: everybody can.
        texts: everybody can, unless it is one of the theory's secrets.
        opened: whoever has it has its arguments.
        ciphers: the key is the first argument, the plaintext the last.
        responses: r - e*c, arguments r, e, c: of r and e whoever has one gets the other.
        altered: a value whose end was flipped can be flipped back, if it has no other argument.
        pieces: some characters of a message: the message, the first, the one after the last.
        groups: elements: the exponent, and perhaps a mark, which everybody can set and remove.
        numbers: an exponent that nobody knows, of an element that everybody does.
        strange: an exponent that nobody knows, of an element which is known with the atom itself.
        length: how many characters a message has, for pieces.
        lasting: whether a term is kept although he could make it: one that he may want to use.
        stream: whether a ciphertext is its plaintext under a key stream, and the plaintext one that
            can be guessed at: of two under one stream both open, since their difference says
            enough; and whoever knows one plaintext can put any other in its place.
    """

    given: frozenset[Operator]
    public: frozenset[Operator]
    texts: frozenset[Operator]
    opened: frozenset[Operator]
    ciphers: frozenset[Operator]
    responses: frozenset[Operator]
    altered: frozenset[Operator]
    pieces: frozenset[Operator]
    groups: frozenset[Operator]
    numbers: frozenset[Operator]
    strange: frozenset[Operator]
    length: Callable[[Term], int]
    lasting: Callable[[Term], bool]
    stream: Callable[[Term], bool]


class Theory:
    """The rules of a protocol with the assumptions of a scenario.

    Attributes:
        rules: how the operators behave.
        pool: where terms are made.
        secrets: texts that cannot be guessed: what the explorer asks about.
        broken: operators of groups in which he can take logarithms.
    """

    def __init__(
        self,
        rules: Rules,
        pool: TermPool,
        *,
        secrets: Iterable[object] = (),
        broken: frozenset[Operator] = _NO_OPERATORS,
    ) -> None:
        self.rules = rules
        self.pool = pool
        self.secrets = frozenset(cast("Iterable[Term]", secrets))
        self.broken = broken
        self._known: dict[frozenset[Term], Knowledge] = {}
        self._at_hand: dict[Knowledge, _Closure] = {}
        self._leaves: dict[Term, tuple[Term, ...]] = {}
        self._lasting: dict[Term, tuple[Term, ...]] = {}

    def knowledge(self, *values: object) -> Knowledge:
        """What somebody knows who was given some values.

        Args:
            values: Terms, sorts of a term suite, records and tuples of those.
        """
        closure = _Closure(self, frozenset())
        closure.take(values)
        return self._interned(closure)

    def extended(self, knowledge: Knowledge, values: Iterable[object]) -> Knowledge:
        """What he knows who sees some values besides. See `Knowledge.learn`."""
        before = self.closure(knowledge)
        news = [
            term
            for term in terms_in(values)
            if not before.has(term) or not before.terms.issuperset(self.lasting(term))
        ]
        if not news:
            return knowledge
        closure = before.copy()
        closure.take(news)
        return self._interned(closure)

    def closure(self, knowledge: Knowledge) -> _Closure:
        """What is worked out about some knowledge."""
        closure = self._at_hand.get(knowledge)
        if closure is None:
            closure = _Closure(self, knowledge.terms)
            self._remember(knowledge, closure)
        return closure

    def leaves(self, term: Term) -> tuple[Term, ...]:
        """The terms that a term is made of directly."""
        leaves = self._leaves.get(term)
        if leaves is None:
            leaves = self._leaves[term] = terms_in(term.args)
        return leaves

    def lasting(self, term: Term) -> tuple[Term, ...]:
        """What the rules keep of a term even if it could be made."""
        found = self._lasting.get(term)
        if found is None:
            if term.op in self.rules.opened or term.op in self.rules.altered:
                found = tuple(kept for leaf in self.leaves(term) for kept in self.lasting(leaf))
            else:
                found = (term,) if self.rules.lasting(term) else ()
            self._lasting[term] = found
        return found

    def _interned(self, closure: _Closure) -> Knowledge:
        closure.reduce()
        terms = frozenset(closure.terms)
        knowledge = self._known.get(terms)
        if knowledge is None:
            knowledge = self._known[terms] = Knowledge(self, terms)
        if knowledge not in self._at_hand:
            self._remember(knowledge, closure)
        return knowledge

    def _remember(self, knowledge: Knowledge, closure: _Closure) -> None:
        if len(self._at_hand) >= _MOST_AT_HAND:
            self._at_hand.clear()
        self._at_hand[knowledge] = closure


class Knowledge:
    """What an attacker knows. Only a theory makes one; equal knowledge is one object.

    Attributes:
        theory: the rules by which it is known.
        terms: what he has and could not make; and what the rules call lasting.
    """

    __slots__ = ("terms", "theory")

    def __init__(self, theory: Theory, terms: frozenset[Term]) -> None:
        self.theory = theory
        self.terms = terms

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, sorted(self.terms, key=_serial)))}}}"

    def learn(self, values: Iterable[object]) -> Knowledge:
        """See some messages, or be given some values.

        Args:
            values: Wires, other sorts of a term suite, records and tuples of those.

        Returns:
            All that was known, and what follows from the values. It does not depend on the order in
            which anything was learnt.
        """
        return self.theory.extended(self, values)

    def learn_state(self, state: _State) -> Knowledge:
        """Take over all that an endpoint keeps of a conversation.

        Args:
            state: A conversation or a session, of any protocol. Long-term keys and seeds are not
                part of it; they are learnt by themselves.
        """
        return self.theory.extended(self, (state.values(),))

    def derivable(self, value: object) -> bool:
        """Whether he can make something.

        Args:
            value: A term, a sort of a term suite, a record or tuple of those.
        """
        closure = self.theory.closure(self)
        if isinstance(value, Term):
            return closure.has(value)
        return all(map(closure.has, terms_in((value,))))

    def among(self, marked: Iterable[T]) -> tuple[T, ...]:
        """Which of some marked values he can make, such as the texts of an honest session."""
        return tuple(value for value in marked if self.derivable(value))

    def of(self, op: Operator) -> tuple[Term, ...]:
        """What is kept of one operator, in the order in which the terms were made."""
        return tuple(sorted((term for term in self.terms if term.op is op), key=_serial))


class _Closure:
    """Knowledge at work: what was asked of it, and what it has of each group."""

    __slots__ = ("absent", "locked", "present", "spans", "streams", "terms", "theory")

    def __init__(self, theory: Theory, terms: frozenset[Term]) -> None:
        self.theory = theory
        self.terms = set(terms)
        self.present = set(terms)
        """What he has or can make, as far as it was asked."""
        self.absent: set[Term] = set()
        """What he cannot make, as far as it was asked."""
        self.spans: dict[Operator, _Span] = {}
        self.locked = [term for term in terms if self._is_lock(term)]
        """What may come apart once he knows more."""
        self.streams: dict[tuple[object, ...], tuple[Term, ...]] = {}
        """Ciphertexts by what makes their key stream."""
        for term in terms:
            self._keep_stream(term)

    def copy(self) -> _Closure:
        """The same again, to be extended. That something cannot be made may then not hold."""
        other = object.__new__(_Closure)
        other.theory = self.theory
        other.terms = set(self.terms)
        other.present = set(self.present)
        other.absent = set()
        other.spans = {op: span.copy() for op, span in self.spans.items()}
        other.locked = list(self.locked)
        other.streams = dict(self.streams)
        return other

    # Synthesis.

    def has(self, term: Term) -> bool:
        """Whether he has a term or can make it."""
        if term in self.present:
            return True
        if term in self.absent:
            return False
        found = self.makes(term)
        (self.present if found else self.absent).add(term)
        return found

    def makes(self, term: Term) -> bool:
        """Whether he can make a term of what it is made of."""
        op, rules = term.op, self.theory.rules
        if op in rules.groups:
            return self._span(op).holds(cast("Polynomial", term.args[0]))
        if op in rules.given or op in rules.numbers:
            return False
        if op in rules.texts:
            return term not in self.theory.secrets
        if op in rules.public or all(map(self.has, self.theory.leaves(term))):
            return True
        return op in rules.ciphers and self._can_replace(term)

    def _can_replace(self, term: Term) -> bool:
        """Whether he knows the plaintext of another ciphertext under the key stream of one."""
        others = self.streams.get(term.args[:-1])
        if others is None or not self._is_known(term) or not self.theory.rules.stream(term):
            return False
        return any(other is not term and self._is_known(other) for other in others)

    def _is_known(self, sealed: Term) -> bool:
        """Whether he has what a ciphertext holds."""
        return all(map(self.has, terms_in(sealed.args[-1:])))

    def has_exponent(self, atom: Term) -> bool:
        """Whether he has an exponent."""
        rules = self.theory.rules
        return atom.op not in rules.numbers and atom.op not in rules.strange and self.has(atom)

    def has_number(self, atom: Term) -> bool:
        """Whether he has the element whose exponent is an atom, without having the exponent."""
        rules = self.theory.rules
        return atom.op in rules.numbers or (atom.op in rules.strange and self.has(atom))

    def _span(self, op: Operator) -> _Span:
        span = self.spans.get(op)
        if span is None:
            span = self.spans[op] = _Span(self)
            for term in self._elements(op):
                span.add(cast("Polynomial", term.args[0]))
        span.closure = self
        return span

    def _elements(self, op: Operator) -> list[Term]:
        """The elements of a group that he has, simple ones first."""
        return sorted((term for term in self.terms if term.op is op), key=_simplicity)

    # Analysis.

    def take(self, values: Iterable[object]) -> None:
        """Learn values, and all that follows."""
        self._take_apart(list(terms_in(values)))
        while found := self._unlocked():
            self._take_apart(found)

    def _take_apart(self, waiting: list[Term]) -> None:
        rules, leaves = self.theory.rules, self.theory.leaves
        seen: set[Term] = set()
        while waiting:
            term = waiting.pop()
            if term in seen:
                continue
            seen.add(term)
            if term.op in rules.opened or (term.op in rules.altered and len(term.args) == 1):
                waiting.extend(leaves(term))
            elif term.op in rules.groups and len(term.args) > 1:
                waiting.append(self.theory.pool.make(term.op, term.args[0]))
            elif term not in self.terms and (not self.has(term) or rules.lasting(term)):
                self._add(term)

    def _add(self, term: Term) -> None:
        self.terms.add(term)
        self.present.add(term)
        self.absent.clear()
        if self._is_lock(term):
            self.locked.append(term)
        self._keep_stream(term)
        span = self.spans.get(term.op)
        if span is not None:
            span.closure = self
            span.add(cast("Polynomial", term.args[0]))
        self._refresh()

    def _refresh(self) -> None:
        """Work out anew what he has of a group where he has got an exponent of it."""
        while stale := [
            op for op, span in self.spans.items() if any(map(self.has_exponent, span.unknown))
        ]:
            for op in stale:
                del self.spans[op]
                self.absent.clear()
                self._span(op)

    def _keep_stream(self, term: Term) -> None:
        if term.op in self.theory.rules.ciphers and self.theory.rules.stream(term):
            place = term.args[:-1]
            self.streams[place] = (*self.streams.get(place, ()), term)

    def _is_lock(self, term: Term) -> bool:
        rules, op = self.theory.rules, term.op
        return (
            op in rules.ciphers
            or op in rules.responses
            or op in rules.pieces
            or op in self.theory.broken
        )

    def _unlocked(self) -> list[Term]:
        """What comes apart now; each only once."""
        found: list[Term] = []
        still: list[Term] = []
        for term in self.locked:
            inside = self._inside(term)
            if inside is None:
                still.append(term)
            else:
                found.extend(inside)
        self.locked = still
        return found

    def _inside(self, term: Term) -> tuple[Term, ...] | None:
        """What he gets out of a term; None as long as that is nothing."""
        rules, op = self.theory.rules, term.op
        if op in rules.ciphers:
            key, *_, plain = term.args
            twice = len(self.streams.get(term.args[:-1], ())) > 1
            return terms_in((plain,)) if twice or self.has(cast("Term", key)) else None
        if op in rules.responses:
            r, exponent, c = cast("tuple[Term, Term, Term]", term.args)
            if not self.has(c) or not (self.has(r) or self.has(exponent)):
                return None
            return r, exponent
        if op in rules.pieces:
            return self._joined(term)
        return self._logarithm(cast("Polynomial", term.args[0]))

    def _joined(self, piece: Term) -> tuple[Term, ...] | None:
        """The message that a piece is of, if he has all of it."""
        wire = cast("Term", piece.args[0])
        spans = sorted(
            cast("tuple[int, int]", other.args[1:])
            for other in self.terms
            if other.op is piece.op and other.args[0] is wire
        )
        reached = 0
        for start, end in spans:
            if start <= reached:
                reached = max(reached, end)
        return (wire,) if reached >= self.theory.rules.length(wire) else None

    def _logarithm(self, exponent: Polynomial) -> tuple[Term, ...] | None:
        """The one exponent that he lacks, where he knows the value of a polynomial."""
        lacking = {atom for atom in exponent.atoms if not self.has_exponent(atom)}
        if len(lacking) != 1:
            return None if lacking else ()
        (atom,) = lacking
        if atom.op in self.theory.rules.numbers or atom.op in self.theory.rules.strange:
            return ()
        places = sum(monomial.count(atom) for monomial, _ in exponent.terms)
        return (atom,) if places == 1 else None

    # Normal form.

    def reduce(self) -> None:
        """Keep only what he could not make of the rest."""
        rules = self.theory.rules
        for op in rules.groups:
            self._reduce_group(op)
        for term in tuple(self.terms):
            if term.op in rules.groups or rules.lasting(term):
                continue
            if self.makes(term) and not (term.op in rules.ciphers and rules.stream(term)):
                self.terms.discard(term)

    def _reduce_group(self, op: Operator) -> None:
        span = self.spans.get(op)
        if span is not None and span.is_plain:
            return
        # An element with one coordinate is replaced by that coordinate, which it gives.
        elements = self._elements(op)
        fresh = _Span(self)
        for term in elements:
            fresh.add(cast("Polynomial", term.args[0]))
        self.terms.difference_update(elements)
        self.locked = [term for term in self.locked if term.op is not op]
        kept = [self.theory.pool.make(op, Polynomial(((u, 1),))) for u in fresh.single]
        self.spans[op] = span = _Span(self)
        for term in (*sorted(kept, key=_simplicity), *elements):
            if span.add(cast("Polynomial", term.args[0])):
                self.terms.add(term)
                self.present.add(term)
                if self._is_lock(term):
                    self.locked.append(term)
        span.is_plain = not span.rows and all(len(place) == 1 for place in span.single)


class _Span:
    """What can be made of some elements of a group.

    The exponent of an element is a sum of products. In each product the factors that are known are
    coefficients; what is left, a product of unknown ones, is a coordinate. Elements whose exponent
    has one coordinate give that coordinate. Of others a basis in echelon form is kept.
    """

    __slots__ = ("closure", "is_plain", "rows", "single", "unknown")

    def __init__(self, closure: _Closure) -> None:
        self.closure = closure
        self.single: set[Monomial] = set()
        self.rows: list[tuple[Monomial, dict[Monomial, Polynomial]]] = []
        self.unknown: set[Term] = set()
        """Exponents that would make a difference if they were known."""
        self.is_plain = True
        """Every element is g to one exponent, and no two are alike."""

    def copy(self) -> _Span:
        """The same again, to be extended."""
        other = object.__new__(_Span)
        other.closure = self.closure
        other.single, other.rows = set(self.single), list(self.rows)
        other.unknown, other.is_plain = set(self.unknown), self.is_plain
        return other

    def holds(self, exponent: Polynomial) -> bool:
        """Whether g to an exponent can be made."""
        if not self.rows:
            return all(self._has(self._coordinate(monomial)) for monomial, _ in exponent.terms)
        return not self._rest(self._vector(exponent))

    def add(self, exponent: Polynomial) -> bool:
        """Have g to an exponent as well; False if it could be made already."""
        vector = self._vector(exponent)
        self.unknown.update(atom for coordinate in vector for atom in coordinate)
        rest = self._rest(vector)
        self.is_plain &= len(exponent.terms) == 1 and len(exponent.terms[0][0]) == 1 and bool(rest)
        if not rest:
            return False
        if len(rest) > 1:
            self.rows.append((next(iter(rest)), rest))
            return True
        self.single.update(rest)
        rows, self.rows = self.rows, []
        for _, row in rows:
            self._add_vector(row)
        return True

    def _add_vector(self, vector: dict[Monomial, Polynomial]) -> None:
        rest = self._rest(vector)
        if len(rest) == 1:
            self.single.update(rest)
            rows, self.rows = self.rows, []
            for _, row in rows:
                self._add_vector(row)
        elif rest:
            self.rows.append((next(iter(rest)), rest))

    def _coordinate(self, monomial: Monomial) -> Monomial:
        return tuple(atom for atom in monomial if not self.closure.has_exponent(atom))

    def _has(self, coordinate: Monomial) -> bool:
        if not coordinate or coordinate in self.single:
            return True
        return len(coordinate) == 1 and self.closure.has_number(coordinate[0])

    def _vector(self, exponent: Polynomial) -> dict[Monomial, Polynomial]:
        """The coordinates of an exponent that he does not have by themselves."""
        collected: dict[Monomial, list[tuple[Monomial, int]]] = {}
        for monomial, coefficient in exponent.terms:
            coordinate = self._coordinate(monomial)
            if not self._has(coordinate):
                factor = tuple(atom for atom in monomial if self.closure.has_exponent(atom))
                collected.setdefault(coordinate, []).append((factor, coefficient))
        return {coordinate: Polynomial(terms) for coordinate, terms in collected.items()}

    def _rest(self, vector: dict[Monomial, Polynomial]) -> dict[Monomial, Polynomial]:
        """A vector without what the rows, and the coordinates that he has, account for."""
        rest = {place: value for place, value in vector.items() if not self._has(place)}
        for pivot, row in self.rows:
            factor = rest.get(pivot)
            if factor is None:
                continue
            scale = row[pivot]
            places = dict.fromkeys((*rest, *row))
            zero = Polynomial(())
            combined = {
                place: rest.get(place, zero) * scale - row.get(place, zero) * factor
                for place in places
            }
            rest = {place: value for place, value in combined.items() if value}
        return rest


def terms_in(values: Iterable[object]) -> tuple[Term, ...]:
    """The terms in some values, as they come; what is inside of them is not looked at."""
    found: list[Term] = []
    for value in values:
        if isinstance(value, Term):
            found.append(value)
        elif isinstance(value, tuple | list | frozenset | set):
            found.extend(terms_in(value))
        elif isinstance(value, Mapping):
            found.extend(terms_in(value.items()))
        elif is_dataclass(value) and not isinstance(value, type):
            found.extend(terms_in(getattr(value, field.name) for field in fields(value)))
    return tuple(found)


def _serial(term: Term) -> int:
    return term.serial


def _simplicity(term: Term) -> tuple[int, int, int]:
    exponent = cast("Polynomial", term.args[0])
    degree = max((len(monomial) for monomial, _ in exponent.terms), default=0)
    return len(exponent.terms), degree, term.serial
