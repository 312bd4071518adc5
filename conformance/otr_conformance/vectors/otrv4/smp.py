"""SMP: each message with each point, each proof and each component wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv4 import layouts
from otr_reference import ed448
from otr_reference.codec import Codec
from otr_reference.otrv4.kdf import hash_to_scalar, under_byte

from .material import BAD_POINTS, Q, scalar, seed
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value

__all__ = ["smp"]

_BASE: Final = ed448.BASE
_Held = bytes | int
_SCALARS: Final = "otrv4.ambiguity:scalars"


def _random(label: str) -> int:
    """A random scalar."""
    return ed448.hash_uniform(seed(label))


@dataclass(frozen=True, slots=True)
class Secrets:
    """Everything random in one run of SMP, and the two secrets."""

    x: int
    y: int
    a2: int
    a3: int
    b2: int
    b3: int
    r4a: int
    r4b: int

    @classmethod
    def of(cls, label: str, x: int, y: int) -> Secrets:
        """Those that a label stands for."""
        names = ("a2", "a3", "b2", "b3", "r4a", "r4b")
        return cls(x, y, *(ed448.hash_and_prune(seed(f"{label} {n}")) for n in names))


class Run:
    """One run of SMP: the values of all four messages."""

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = s = secrets
        self.g2a, self.g3a = _BASE * s.a2, _BASE * s.a3
        self.g2b, self.g3b = _BASE * s.b2, _BASE * s.b3
        self.g2, self.g3 = self.g2a * s.b2, self.g3a * s.b3
        self.pa, self.qa = self.coordinates(s.r4a, s.x)
        self.pb, self.qb = self.coordinates(s.r4b, s.y)
        self.base = self.qa - self.qb
        self.ra, self.rb = self.base * s.a3, self.base * s.b3

    def coordinates(self, r4: int, secret: int) -> tuple[ed448.Point, ed448.Point]:
        """P and Q."""
        return self.g3 * r4, _BASE * r4 + self.g2 * secret

    @staticmethod
    def knows(number: int, exponent: int, blinding: str = "r") -> tuple[int, int]:
        """A proof that a scalar is known."""
        r = _random(blinding)
        c = hash_to_scalar(number, (_BASE * r).encode())
        return c, (r - exponent * c) % Q

    def knows_coordinates(self, number: int, r4: int, secret: int) -> tuple[int, int, int]:
        """A proof that P and Q are made as prescribed."""
        r5, r6 = _random("r5"), _random("r6")
        first, second = self.g3 * r5, _BASE * r5 + self.g2 * r6
        c = hash_to_scalar(number, first.encode(), second.encode())
        return c, (r5 - r4 * c) % Q, (r6 - secret * c) % Q

    def knows_equal(self, number: int, exponent: int) -> tuple[int, int]:
        """A proof that R has the factor of the sender's half of G3."""
        r7 = _random("r7")
        c = hash_to_scalar(number, (_BASE * r7).encode(), (self.base * r7).encode())
        return c, (r7 - exponent * c) % Q

    def message_1(self) -> dict[str, _Held]:
        """The values of message 1, by their titles."""
        s = self.secrets
        c2, d2 = self.knows(1, s.a2)
        c3, d3 = self.knows(2, s.a3, "r'")
        return {
            "G2a": self.g2a.encode(),
            "c2": c2,
            "d2": d2,
            "G3a": self.g3a.encode(),
            "c3": c3,
            "d3": d3,
        }

    def message_2(self) -> dict[str, _Held]:
        """The values of message 2."""
        s = self.secrets
        c2, d2 = self.knows(3, s.b2)
        c3, d3 = self.knows(4, s.b3, "r'")
        cp, d5, d6 = self.knows_coordinates(5, s.r4b, s.y)
        points = {"G2b": self.g2b, "G3b": self.g3b, "Pb": self.pb, "Qb": self.qb}
        scalars: dict[str, _Held] = {
            "c2": c2,
            "d2": d2,
            "c3": c3,
            "d3": d3,
            "cp": cp,
            "d5": d5,
            "d6": d6,
        }
        return scalars | {name: point.encode() for name, point in points.items()}

    def message_3(self) -> dict[str, _Held]:
        """The values of message 3."""
        s = self.secrets
        cp, d5, d6 = self.knows_coordinates(6, s.r4a, s.x)
        cr, d7 = self.knows_equal(7, s.a3)
        points = {"Pa": self.pa, "Qa": self.qa, "Ra": self.ra}
        scalars: dict[str, _Held] = {"cp": cp, "d5": d5, "d6": d6, "cr": cr, "d7": d7}
        return scalars | {name: point.encode() for name, point in points.items()}

    def message_4(self) -> dict[str, _Held]:
        """The values of message 4."""
        cr, d7 = self.knows_equal(8, self.secrets.b3)
        return {"Rb": self.rb.encode(), "cr": cr, "d7": d7}


def _written(kind: int, values: dict[str, _Held], question: bytes = b"") -> bytes:
    """The value of a TLV."""
    held: dict[str, _Held] = {
        name.lower(): scalar(value) if isinstance(value, int) else value
        for name, value in values.items()
    }
    if kind == _FIRST:
        held["question"] = question
    return Codec(layouts.TLVS[kind]).write(held)


_FIRST: Final = 2


class _Group:
    """A group about one message."""

    def __init__(self, name: str, kind: int, values: dict[str, _Held], **state: Value) -> None:
        self.kind, self.values = kind, values
        layout = layouts.TLVS[kind]
        about = f"a {layout.title}"
        takes = {"value": self.made(), **state}
        self.group = Group(name, OPERATIONS[name], about, layout.section, takes, (layout.id,))

    def made(self, **changed: _Held) -> bytes:
        """The message with other values."""
        return _written(self.kind, self.values | changed, b"Where did we meet?")

    def scalar(self, title: str) -> int:
        """A value that is a scalar."""
        value = self.values[title]
        return value if isinstance(value, int) else 0

    def points(self, *titles: str) -> None:
        """Points that are none of the group."""
        for title in titles:
            check = f"otrv4.check:{title.lower()}-point"
            for name, (about, point) in BAD_POINTS.items():
                flag = (
                    Flag.SMALL_ORDER
                    if "order" in name or name == "identity"
                    else Flag.NON_CANONICAL
                )
                self.group.fault(
                    f"{title.lower()}.{name}",
                    f"{title} is {about}",
                    flag,
                    Point.RANGE,
                    {"value": self.made(**{title: point})},
                    field=title,
                    check=check,
                )

    def wrong(self, title: str, proof: str) -> None:
        """Points of the group that are not those of the proof."""
        held = self.values[title]
        point = ed448.decode(held if isinstance(held, bytes) else b"")
        for name, about, other in (
            ("altered", "another one of the group", point + _BASE),
            ("base", "G", _BASE),
            ("negative", "the negative one", -point),
        ):
            self.proof(
                f"{title.lower()}.{name}",
                f"{title} is {about}",
                Flag.ALTERED,
                proof,
                **{title: other.encode()},
            )

    def components(self, proof: str, challenge: str, *responses: str) -> None:
        """Each component of a proof is another."""
        for title in (challenge, *responses):
            value = self.scalar(title)
            for how, about, flag, other in (
                ("first-bit", "its first bit differs", Flag.ALTERED, value ^ 1),
                ("two-more", "it is two more", Flag.ALTERED, (value + 2) % Q),
                ("zero", "it is 0", Flag.ZERO, 0),
                ("negative", "it is q less itself", Flag.ALTERED, (Q - value) % Q),
            ):
                self.proof(f"{title}.{how}", f"{title}: {about}", flag, proof, **{title: other})
            about = f"{title}: q is added, which is the same modulo q"
            self.group.valid(
                f"{title}.and-q",
                about,
                Flag.UNREDUCED,
                {"value": self.made(**{title: value + Q})},
                ambiguity=_SCALARS,
            )

    def proof(self, name: str, about: str, flag: Flag, proof: str, **changed: _Held) -> None:
        """A fault that shows in a proof."""
        self.group.fault(
            name,
            about,
            flag,
            Point.PROOF,
            {"value": self.made(**changed)},
            check=f"otrv4.check:{proof}",
        )

    def exchange(self, name: str, about: str, proof: str, **titles: str) -> None:
        """Values of a message change places."""
        self.proof(
            name,
            about,
            Flag.EXCHANGED,
            proof,
            **{one: self.values[two] for one, two in titles.items()},
        )


def _knowledge(
    group: _Group, power: str, proof: tuple[str, str], number: int, exponent: int
) -> None:
    """Faults of a proof that a scalar is known."""
    c, d = proof
    check = f"{power.lower()}-proof"
    group.wrong(power, check)
    group.components(check, c, d)
    for other in range(10):
        if other != number:
            made = Run.knows(other, exponent)
            group.proof(
                f"{c}.number-{other}",
                f"the proof is that of number {other}, not {number}",
                Flag.DOMAIN,
                check,
                **{c: made[0], d: made[1]},
            )
    made = Run.knows(number, exponent + 1)
    group.proof(
        f"{c}.other-exponent",
        "the proof is about another scalar",
        Flag.OTHER_KEY,
        check,
        **{c: made[0], d: made[1]},
    )
    r = _random("r")
    point = (_BASE * r).encode()
    for how, about, digest in (
        (
            "big-endian",
            "the hash is read in the other order of octets",
            under_byte(number, point, size=57)[::-1],
        ),
        ("twice", "the point is hashed twice", under_byte(number, point, point, size=57)),
        ("with-base", "G is hashed, too", under_byte(number, _BASE.encode(), point, size=57)),
        ("shorter", "only 56 octets of the hash", under_byte(number, point, size=56) + b"\0"),
    ):
        challenge = int.from_bytes(digest, "little") % Q
        if challenge != group.scalar(c):
            group.proof(
                f"{c}.{how}",
                about,
                Flag.DOMAIN,
                check,
                **{c: challenge, d: (r - exponent * challenge) % Q},
            )
    challenge, _ = Run.knows(number, exponent)
    group.proof(
        f"{c}.plus",
        "the response is r and the scalar times c, added",
        Flag.ALTERED,
        check,
        **{c: challenge, d: (r + exponent * challenge) % Q},
    )


_ONE: Final = ed448.hash_and_prune(seed("the tower"))
_OTHER: Final = ed448.hash_and_prune(seed("the bridge"))


def smp() -> tuple[Group, ...]:
    """Every message of SMP."""
    run = Run(Secrets.of("smp", _ONE, _ONE))
    unequal = Run(Secrets.of("smp", _ONE, _OTHER))
    groups = (
        _message_1(run),
        _message_2(run, unequal),
        _message_3(run, unequal),
        _message_4(run, unequal),
    )
    return tuple(each.group for each in groups)


def _message_1(run: Run) -> _Group:
    s = run.secrets
    group = _Group("smp-1", 2, run.message_1())
    group.group.valid("good", "nothing is wrong with it")
    for name, question in (
        ("empty", b""),
        ("long", b"?" * 300),
        ("latin", b"\xe9"),
        ("nul", b"a\0b"),
    ):
        value = _written(2, group.values, question)
        group.group.valid(
            f"question.{name}", f"a question of {len(question)} octets", Flag.SIZE, {"value": value}
        )
    group.points("G2a", "G3a")
    _knowledge(group, "G2a", ("c2", "d2"), 1, s.a2)
    _knowledge(group, "G3a", ("c3", "d3"), 2, s.a3)
    group.exchange(
        "points.exchanged", "G2a and G3a are exchanged", "g2a-proof", G2a="G3a", G3a="G2a"
    )
    group.exchange(
        "proofs.exchanged",
        "the proofs are exchanged",
        "g2a-proof",
        c2="c3",
        d2="d3",
        c3="c2",
        d3="d2",
    )
    group.exchange(
        "second.is-first",
        "the second half is a copy of the first",
        "g3a-proof",
        G3a="G2a",
        c3="c2",
        d3="d2",
    )
    return group


def _message_2(run: Run, unequal: Run) -> _Group:
    s = run.secrets
    group = _Group("smp-2", 3, run.message_2(), a2=scalar(s.a2), a3=scalar(s.a3))
    group.group.valid("good", "nothing is wrong with it")
    group.group.valid(
        "other-secret",
        "with another secret; that shows only later",
        Flag.NORMAL,
        {"value": _written(3, unequal.message_2())},
    )
    group.points("G2b", "G3b", "Pb", "Qb")
    _knowledge(group, "G2b", ("c2", "d2"), 3, s.b2)
    _knowledge(group, "G3b", ("c3", "d3"), 4, s.b3)
    _coordinates(group, run, ("Pb", "Qb"), 5, (s.r4b, s.y))
    group.exchange(
        "points.exchanged", "G2b and G3b are exchanged", "g2b-proof", G2b="G3b", G3b="G2b"
    )
    other = scalar(ed448.hash_and_prune(seed("other")))
    for name in ("a2", "a3"):
        group.group.fault(
            f"{name}.other",
            f"{name} is that of another run",
            Flag.OTHER_OWNER,
            Point.PROOF,
            {name: other},
            check="otrv4.check:pb-qb-proof",
        )
    return group


def _coordinates(
    group: _Group, run: Run, titles: tuple[str, str], number: int, known: tuple[int, int]
) -> None:
    """Faults of a proof that P and Q are made as prescribed."""
    p, q = titles
    proof = f"{p.lower()}-{q.lower()}-proof"
    for title in titles:
        group.wrong(title, proof)
    group.components(proof, "cp", "d5", "d6")
    names = ("cp", "d5", "d6")
    for other in range(10):
        if other != number:
            made = run.knows_coordinates(other, *known)
            group.proof(
                f"cp.number-{other}",
                f"the proof is that of number {other}, not {number}",
                Flag.DOMAIN,
                proof,
                **dict(zip(names, made, strict=True)),
            )
    for name, about, values in (
        ("other-r4", "the proof is about another r4", (known[0] + 1, known[1])),
        ("other-secret", "the proof is about another secret", (known[0], known[1] + 1)),
        ("exchanged", "the proof is about secret and r4 exchanged", known[::-1]),
    ):
        made = run.knows_coordinates(number, *values)
        group.proof(
            f"cp.{name}", about, Flag.OTHER_KEY, proof, **dict(zip(names, made, strict=True))
        )
    group.exchange(f"{p.lower()}.exchanged", f"{p} and {q} are exchanged", proof, **{p: q, q: p})
    group.exchange("d5.exchanged", "d5 and d6 are exchanged", proof, d5="d6", d6="d5")


def _equal_factors(group: _Group, run: Run, title: str, number: int, exponent: int) -> None:
    """Faults of a proof that R has the factor of the sender's half of G3."""
    proof = f"{title.lower()}-proof"
    group.wrong(title, proof)
    group.components(proof, "cr", "d7")
    for other in range(10):
        if other != number:
            c, d = run.knows_equal(other, exponent)
            group.proof(
                f"cr.number-{other}",
                f"the proof is that of number {other}, not {number}",
                Flag.DOMAIN,
                proof,
                cr=c,
                d7=d,
            )
    c, d = run.knows_equal(number, exponent + 1)
    group.proof(
        "cr.other-exponent", "the proof is about another scalar", Flag.OTHER_KEY, proof, cr=c, d7=d
    )
    c, d = run.knows(number, exponent, "r7")
    group.proof("cr.one-point", "only one point is hashed", Flag.DOMAIN, proof, cr=c, d7=d)
    other_r = (run.base * (exponent + 1)).encode()
    group.proof(
        f"{title.lower()}.other-exponent",
        f"{title} has another factor",
        Flag.OTHER_KEY,
        proof,
        **{title: other_r},
    )


def _state(run: Run, *names: str) -> dict[str, Value]:
    """Points that are remembered."""
    return {name: getattr(run, name.lower()).encode() for name in names}


def _other_state(group: _Group, proofs: dict[str, str]) -> None:
    """What we remember is that of another run."""
    for name, proof in proofs.items():
        other = (_BASE * _random(f"other {name}")).encode()
        group.group.fault(
            f"state.{name.lower()}",
            f"{name} is that of another run",
            Flag.OTHER_OWNER,
            Point.PROOF,
            {name: other},
            check=f"otrv4.check:{proof}",
        )


def _message_3(run: Run, unequal: Run) -> _Group:
    s = run.secrets
    names = ("G3a", "G2", "G3", "Pb", "Qb")
    group = _Group("smp-3", 4, run.message_3(), b3=scalar(s.b3), **_state(run, *names))
    group.group.valid("equal", "the secrets are equal")
    group.group.valid(
        "unequal",
        "the secrets differ",
        Flag.NORMAL,
        {"value": _written(4, unequal.message_3()), **_state(unequal, *names)},
    )
    group.group.valid(
        "b3.other", "another b3: the comparison fails", Flag.OTHER_KEY, {"b3": scalar(s.b3 + 4)}
    )
    group.group.valid(
        "state.pb",
        "another Pb: the comparison fails",
        Flag.OTHER_OWNER,
        {"Pb": (run.pb + _BASE).encode()},
    )
    group.points("Pa", "Qa", "Ra")
    _coordinates(group, run, ("Pa", "Qa"), 6, (s.r4a, s.x))
    _equal_factors(group, run, "Ra", 7, s.a3)
    _other_state(
        group, {"G3a": "ra-proof", "G2": "pa-qa-proof", "G3": "pa-qa-proof", "Qb": "ra-proof"}
    )
    return group


def _message_4(run: Run, unequal: Run) -> _Group:
    s = run.secrets
    names = ("G3b", "Pa", "Qa", "Pb", "Qb")
    group = _Group("smp-4", 5, run.message_4(), a3=scalar(s.a3), **_state(run, *names))
    group.group.valid("equal", "the secrets are equal")
    group.group.valid(
        "unequal",
        "the secrets differ",
        Flag.NORMAL,
        {"value": _written(5, unequal.message_4()), **_state(unequal, *names)},
    )
    group.group.valid(
        "a3.other", "another a3: the comparison fails", Flag.OTHER_KEY, {"a3": scalar(s.a3 + 4)}
    )
    for name in ("Pa", "Pb"):
        other = (getattr(run, name.lower()) + _BASE).encode()
        group.group.valid(
            f"state.{name.lower()}",
            f"another {name}: the comparison fails",
            Flag.OTHER_OWNER,
            {name: other},
        )
    group.points("Rb")
    _equal_factors(group, run, "Rb", 8, s.b3)
    _other_state(group, {"G3b": "rb-proof", "Qa": "rb-proof", "Qb": "rb-proof"})
    sent = run.message_3()
    group.proof(
        "rb.reflected",
        "Ra and its proof come back",
        Flag.REPLAY,
        "rb-proof",
        Rb=sent["Ra"],
        cr=sent["cr"],
        d7=sent["d7"],
    )
    return group
