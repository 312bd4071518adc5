"""Terms: made once, in a fixed order, readable, and the same after a journey."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from enum import unique

from otr_check.exponents import Polynomial
from otr_check.otrv3.operators import Op
from otr_check.terms import DEFAULT_POOL, Operator, TermPool, show
from otr_reference.otrv3.messages import Header, Query


@unique
class Toy(Operator):
    """Operators of no protocol."""

    NAME = "a name: what it is"
    OLD_KEYS = "something of two words: anything"


def test_a_pool_makes_each_term_once() -> None:
    pool = TermPool()
    first = pool.make(Toy.OLD_KEYS, pool.make(Toy.NAME, "a"), 1)
    second = pool.make(Toy.OLD_KEYS, pool.make(Toy.NAME, "a"), 1)

    assert first is second
    assert first == second
    assert len(pool) == 2
    assert pool.make(Toy.OLD_KEYS, pool.make(Toy.NAME, "b"), 1) != first
    assert len(pool) == 4


def test_the_operator_and_every_argument_tell_terms_apart() -> None:
    pool = TermPool()
    terms = [
        pool.make(Toy.NAME),
        pool.make(Toy.OLD_KEYS),
        pool.make(Toy.NAME, 1),
        pool.make(Toy.NAME, 1, 1),
        pool.make(Toy.NAME, (1, 1)),
        pool.make(Toy.NAME, "1"),
        pool.make(Toy.NAME, b"1"),
        pool.make(Toy.NAME, Header(3, 0, 0)),
        pool.make(Toy.NAME, Header(3, 0, 1)),
    ]

    assert len(set(terms)) == len(terms)
    assert list(pool) == terms
    assert [term.serial for term in terms] == list(range(9))


def test_a_term_comes_after_its_arguments() -> None:
    pool = TermPool()
    inner = pool.make(Toy.NAME, "a")
    outer = pool.make(Toy.OLD_KEYS, inner)

    assert inner.serial < outer.serial


def test_pools_are_apart() -> None:
    here, there = TermPool(), TermPool()
    term = here.make(Toy.NAME, "a")

    assert term in here
    assert term not in there
    assert there.make(Toy.NAME, "a") != term
    assert term not in DEFAULT_POOL


def test_the_same_terms_in_the_same_order_have_the_same_serials() -> None:
    def made() -> list[tuple[str, int]]:
        pool = TermPool()
        x, y = (pool.make(Op.NONCE, "x", pool.make(Op.SEED, b"s"), draw) for draw in (1, 2))
        product = Polynomial.atom(y) * Polynomial.atom(x)
        pool.make(Op.ELEMENT, product)
        return [(repr(term), term.serial) for term in pool]

    assert made() == made()
    assert made()[-1] == ("g^(s.x1*s.x2)", 3)


def test_copies_are_the_term_itself() -> None:
    pool = TermPool()
    term = pool.make(Toy.NAME, "a")

    assert copy.copy(term) is term
    assert copy.deepcopy([term]) == [term]


def test_a_pickled_term_is_restored_as_the_same_object() -> None:
    x = DEFAULT_POOL.make(Op.NONCE, "x", DEFAULT_POOL.make(Op.SEED, b"pickled"), 1)
    gx = DEFAULT_POOL.make(Op.ELEMENT, Polynomial.atom(x) + Polynomial.atom(x))
    wire = DEFAULT_POOL.make(Op.WIRE, Query(frozenset({2, 3})))

    assert pickle.loads(pickle.dumps((gx, wire))) == (gx, wire)  # noqa: S301 - our own bytes


ELSEWHERE = """
import pickle, sys
from otr_check.exponents import Polynomial
from otr_check.otrv3.operators import Op
from otr_check.terms import DEFAULT_POOL
seed = DEFAULT_POOL.make(Op.SEED, b"journey")
for draw in (2, 1):
    DEFAULT_POOL.make(Op.NONCE, "x", seed, draw)
term = pickle.loads(sys.stdin.buffer.read())
assert term.args[0].terms[0][0][0].args[2] == 2, "the order here is another"
sys.stdout.buffer.write(pickle.dumps(term))
"""


def test_a_journey_through_a_process_with_another_order_of_atoms_changes_nothing() -> None:
    seed = DEFAULT_POOL.make(Op.SEED, b"journey")
    x, y = (DEFAULT_POOL.make(Op.NONCE, "x", seed, draw) for draw in (1, 2))
    term = DEFAULT_POOL.make(Op.ELEMENT, Polynomial.atom(x) * Polynomial.atom(y))
    sent = pickle.dumps(term)

    back = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", ELSEWHERE],
        input=sent,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
    ).stdout

    assert pickle.loads(back) is term  # noqa: S301 - our own bytes


def test_terms_are_written_for_people() -> None:
    pool = TermPool()
    seed = pool.make(Op.SEED, b"alice")
    r = pool.make(Op.NONCE, "r", seed, 1)
    x = Polynomial.atom(pool.make(Op.NONCE, "x", seed, 2))
    one, g, gx = (pool.make(Op.ELEMENT, e) for e in (x - x, Polynomial((((), 1),)), x))
    key = pool.make(Op.SIGNING_KEY, "alice")

    assert [show(term) for term in (seed, r, one, g, gx)] == [
        "alice",
        "alice.r1",
        "1",
        "g",
        "g^alice.x2",
    ]
    assert str(pool.make(Op.ENC, r, 0, gx)) == "Enc(alice.r1, 0, g^alice.x2)"
    assert str(pool.make(Op.KDF, "m1'", gx)) == "m1'(g^alice.x2)"
    assert str(pool.make(Op.PUBLIC_KEY, key)) == "pk(alice)"
    assert str(pool.make(Op.TEXT, b"h\xffi")) == r"'h\\xffi'"
    assert str(pool.make(Op.WIRE, Query(frozenset({3, 2})))) == "Wire(Query({2, 3}))"
    assert str(pool.make(Toy.OLD_KEYS, (r, 5))) == "OldKeys((alice.r1, 5))"


def test_a_term_is_written_however_deep_it_is() -> None:
    pool = TermPool()
    one, other = pool.make(Toy.NAME, "a"), pool.make(Toy.NAME, "b")
    for _ in range(5_000):
        one, other = pool.make(Toy.OLD_KEYS, one), pool.make(Toy.OLD_KEYS, other)

    assert str(one).startswith("OldKeys(OldKeys(")
    assert str(one) != str(other)  # although they differ only where nobody reads on
    assert len(str(one)) < 1_000
