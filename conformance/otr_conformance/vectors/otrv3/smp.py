"""SMP: each message with each range, each proof and each component wrong."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts
from otr_reference.arith import Number
from otr_reference.codec import Codec

from .ake import ILLEGAL
from .derivations import encoded
from .material import G, P, Q, number
from .operations import OPERATIONS

if TYPE_CHECKING:
    from otr_conformance.vectors.kinds import Value

__all__ = ["smp"]

_P: Final = Number(P)
_RESPONSES: Final = "otrv3.ambiguity:smp-responses"
_SUBGROUP: Final = "otrv3.ambiguity:smp-subgroup"


def _power(base: int, exponent: int) -> int:
    return int(pow(Number(base), Number(exponent), _P))


def _hash(version: int, *elements: int) -> int:
    """Section "SMP Hash function"."""
    mpis = b"".join(len(encoded(e)).to_bytes(4, "big") + encoded(e) for e in elements)
    return int.from_bytes(sha256(bytes((version,)) + mpis).digest(), "big")


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
        return cls(x, y, *(number(f"{label} {n}", 1536) for n in names))


class Run:
    """One run of SMP: the values of all four messages."""

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = s = secrets
        self.g2a, self.g3a = _power(G, s.a2), _power(G, s.a3)
        self.g2b, self.g3b = _power(G, s.b2), _power(G, s.b3)
        self.g2, self.g3 = _power(self.g2a, s.b2), _power(self.g3a, s.b3)
        self.pa, self.qa = self.coordinates(s.r4a, s.x)
        self.pb, self.qb = self.coordinates(s.r4b, s.y)
        self.base = self.qa * pow(self.qb, -1, P) % P
        self.ra, self.rb = _power(self.base, s.a3), _power(self.base, s.b3)

    def coordinates(self, r4: int, secret: int) -> tuple[int, int]:
        """P and Q."""
        return _power(self.g3, r4), _power(G, r4) * _power(self.g2, secret) % P

    @staticmethod
    def knows(version: int, exponent: int, blinding: str = "r") -> tuple[int, int]:
        """A proof that an exponent is known."""
        r = number(blinding, 1536)
        c = _hash(version, _power(G, r))
        return c, (r - exponent * c) % Q

    def knows_coordinates(self, version: int, r4: int, secret: int) -> tuple[int, int, int]:
        """A proof that P and Q are made as prescribed."""
        r5, r6 = number("r5", 1536), number("r6", 1536)
        c = _hash(version, _power(self.g3, r5), _power(G, r5) * _power(self.g2, r6) % P)
        return c, (r5 - r4 * c) % Q, (r6 - secret * c) % Q

    def knows_equal(self, version: int, exponent: int) -> tuple[int, int]:
        """A proof that R has the exponent of the sender's half of g3."""
        r7 = number("r7", 1536)
        c = _hash(version, _power(G, r7), _power(self.base, r7))
        return c, (r7 - exponent * c) % Q

    def message_1(self) -> dict[str, int]:
        """The values of message 1, by their titles."""
        s = self.secrets
        proofs = (*self.knows(1, s.a2), *self.knows(2, s.a3, "r'"))
        return dict(zip(("c2", "D2", "c3", "D3"), proofs, strict=True)) | {
            "g2a": self.g2a,
            "g3a": self.g3a,
        }

    def message_2(self) -> dict[str, int]:
        """The values of message 2."""
        s = self.secrets
        proofs = (
            *self.knows(3, s.b2),
            *self.knows(4, s.b3, "r'"),
            *self.knows_coordinates(5, s.r4b, s.y),
        )
        names = ("c2", "D2", "c3", "D3", "cP", "D5", "D6")
        return dict(zip(names, proofs, strict=True)) | {
            "g2b": self.g2b,
            "g3b": self.g3b,
            "Pb": self.pb,
            "Qb": self.qb,
        }

    def message_3(self) -> dict[str, int]:
        """The values of message 3."""
        s = self.secrets
        proofs = (*self.knows_coordinates(6, s.r4a, s.x), *self.knows_equal(7, s.a3))
        return dict(zip(("cP", "D5", "D6", "cR", "D7"), proofs, strict=True)) | {
            "Pa": self.pa,
            "Qa": self.qa,
            "Ra": self.ra,
        }

    def message_4(self) -> dict[str, int]:
        """The values of message 4."""
        c, d = self.knows_equal(8, self.secrets.b3)
        return {"Rb": self.rb, "cR": c, "D7": d}


def _written(kind: int, values: dict[str, int], question: bytes = b"") -> bytes:
    """The value of a TLV."""
    held: dict[str, int | bytes] = {name.lower(): value for name, value in values.items()}
    if kind == _QUESTION:
        held["question"] = question
    return Codec(layouts.TLVS[kind]).write(held)


_QUESTION: Final = 7


class _Group:
    """A group about one message."""

    def __init__(self, name: str, kind: int, values: dict[str, int], **state: Value) -> None:
        self.kind, self.values = kind, values
        layout = layouts.TLVS[kind]
        self.group = Group(
            layout.name if kind != _QUESTION else name,
            OPERATIONS[name],
            f"a {layout.title}",
            layout.section,
            {"value": self.made(), **state},
            (layout.id,),
        )

    def made(self, **changed: int) -> bytes:
        """The message with other values."""
        return _written(self.kind, self.values | changed, b"Where did we meet?")

    def ranges(self, *elements: str) -> None:
        """Elements that are out of range; and some that are not, and fail in a proof."""
        for title in elements:
            check = f"otrv3.check:{title.lower()}-range"
            for name, (about, value) in ILLEGAL.items():
                flag = Flag.SMALL_ORDER if value in {1, P - 1} else Flag.BOUNDARY
                self.group.fault(
                    f"{title.lower()}.{name}",
                    f"{title} is {about}",
                    flag,
                    Point.RANGE,
                    {"value": self.made(**{title: value})},
                    check=check,
                )

    def wrong(self, title: str, proof: str) -> None:
        """Elements that are in range, and not those of the proof."""
        value = self.values[title]
        for name, about, other in (
            ("altered", "another power of 2", value * 2 % P),
            ("least", "2", 2),
            ("most", "p - 2", P - 2),
            ("inverse", "the inverse of itself", pow(value, -1, P)),
        ):
            self.group.fault(
                f"{title.lower()}.{name}",
                f"{title} is {about}",
                Flag.ALTERED,
                Point.PROOF,
                {"value": self.made(**{title: other})},
                check=f"otrv3.check:{proof}",
            )

    def components(self, proof: str, challenge: str, *responses: str) -> None:
        """Each component of a proof is another."""
        check = f"otrv3.check:{proof}"
        for title in (challenge, *responses):
            value, name = self.values[title], slug(title)
            wrong = {
                "last-bit": ("its last bit differs", Flag.ALTERED, value ^ 1),
                "first-bit": (
                    "its first bit is not set",
                    Flag.ALTERED,
                    value ^ 1 << value.bit_length() - 1,
                ),
                "two-more": ("it is two more", Flag.ALTERED, value + 2),
                "zero": ("it is 0", Flag.ZERO, 0),
                "one": ("it is 1", Flag.BOUNDARY, 1),
                "negative": ("it is q less itself", Flag.ALTERED, (Q - value) % Q),
            }
            if title == challenge:
                wrong["and-q"] = ("q is added", Flag.UNREDUCED, value + Q)
                wrong["and-2-256"] = (
                    "it has a bit more than the hash",
                    Flag.SIZE,
                    value + (1 << 256),
                )
                wrong["truncated"] = ("only 160 bits of the hash", Flag.SIZE, value >> 96)
            for how, (about, flag, other) in wrong.items():
                self.group.fault(
                    f"{name}.{how}",
                    f"{title}: {about}",
                    flag,
                    Point.PROOF,
                    {"value": self.made(**{title: other})},
                    check=check,
                )
            if title != challenge:
                for how, about, other in (
                    ("and-q", "q is added: equal modulo q", value + Q),
                    ("and-2-q", "twice q is added", value + 2 * Q),
                ):
                    self.group.valid(
                        f"{name}.{how}",
                        f"{title}: {about}",
                        Flag.UNREDUCED,
                        {"value": self.made(**{title: other})},
                        ambiguity=_RESPONSES,
                    )

    def proofs(self, name: str, about: str, flag: Flag, proof: str, **changed: int) -> None:
        """A fault of a whole proof."""
        self.group.fault(
            name,
            about,
            flag,
            Point.PROOF,
            {"value": self.made(**changed)},
            check=f"otrv3.check:{proof}",
        )


def slug(title: str) -> str:
    """A title as a part of a name."""
    return title.lower()


def _knowledge(
    group: _Group, power: str, pair: tuple[str, str], version: int, exponent: int
) -> None:
    """Faults of a proof that an exponent is known."""
    (c, d), proof = pair, f"{power}-proof"
    group.wrong(power, proof)
    group.components(proof, c, d)
    r, name = number("r", 1536), slug(c)
    for other in range(10):
        if other != version:
            made = Run.knows(other, exponent)
            about = f"the proof is that of number {other}, not {version}"
            group.proofs(
                f"{name}.number-{other}", about, Flag.DOMAIN, proof, **{c: made[0], d: made[1]}
            )
    made = Run.knows(version, exponent + 1)
    group.proofs(
        f"{name}.other-exponent",
        "the proof is about another exponent",
        Flag.OTHER_KEY,
        proof,
        **{c: made[0], d: made[1]},
    )
    element = encoded(_power(G, r))
    length = len(element).to_bytes(4, "big")
    hashed = {
        "no-number": ("no number is hashed", length + element),
        "no-length": ("the element is hashed without its length", bytes((version,)) + element),
        "number-of-4": (
            "the number is hashed in 4 octets",
            version.to_bytes(4, "big") + length + element,
        ),
        "twice": ("the element is hashed twice", bytes((version,)) + (length + element) * 2),
        "empty-second": (
            "an empty MPI is hashed behind it",
            bytes((version,)) + length + element + bytes(4),
        ),
    }
    for how, (about, data) in hashed.items():
        challenge = int.from_bytes(sha256(data).digest(), "big")
        response = (r - exponent * challenge) % Q
        group.proofs(f"{name}.{how}", about, Flag.DOMAIN, proof, **{c: challenge, d: response})
    challenge, _ = Run.knows(version, exponent)
    group.proofs(
        f"{name}.plus",
        "D is r and a times c, added",
        Flag.ALTERED,
        proof,
        **{c: challenge, d: (r + exponent * challenge) % Q},
    )
    _negated(group, power, pair, version, exponent)


def _negated(group: _Group, power: str, pair: tuple[str, str], version: int, exponent: int) -> None:
    """An element outside of the subgroup, whose proof holds because its challenge is even."""
    c, d = pair
    tried = 0
    while True:
        challenge, response = Run.knows(version, exponent, f"even {tried}")
        if challenge % 2 == 0:
            break
        tried += 1
    group.group.valid(
        f"{slug(power)}.negative",
        f"p less {power}, which is outside of the subgroup; the proof holds",
        Flag.SMALL_ORDER,
        {"value": group.made(**{power: P - group.values[power], c: challenge, d: response})},
        ambiguity=_SUBGROUP,
    )


def _exchange(group: _Group, one: dict[str, str], name: str, about: str, proof: str) -> None:
    """Values of a message change places."""
    changed = {title: group.values[other] for title, other in one.items()}
    group.proofs(name, about, Flag.EXCHANGED, proof, **changed)


_ONE: Final = int.from_bytes(sha256(b"the tower").digest(), "big")
_OTHER: Final = int.from_bytes(sha256(b"the bridge").digest(), "big")


def smp() -> tuple[Group, ...]:
    """Every message of SMP."""
    run = Run(Secrets.of("smp", _ONE, _ONE))
    unequal = Run(Secrets.of("smp", _ONE, _OTHER))
    groups = (
        _message_1(run, 2),
        _message_1(run, 7),
        _message_2(run, unequal),
        _message_3(run, unequal),
        _message_4(run, unequal),
    )
    return tuple(each.group for each in groups)


def _message_1(run: Run, kind: int) -> _Group:
    s = run.secrets
    group = _Group("smp-1", kind, run.message_1(), type=kind)
    group.group.name = layouts.TLVS[kind].name
    group.group.valid("good", "nothing is wrong with it")
    group.ranges("g2a", "g3a")
    if kind == _QUESTION:
        for name, question in (("empty", b""), ("long", b"?" * 300), ("latin", b"\xe9")):
            value = _written(kind, group.values, question)
            about = f"a question of {len(question)} octets"
            group.group.valid(f"question.{name}", about, Flag.SIZE, {"value": value})
        return group
    _knowledge(group, "g2a", ("c2", "D2"), 1, s.a2)
    _knowledge(group, "g3a", ("c3", "D3"), 2, s.a3)
    _exchange(
        group,
        {"g2a": "g3a", "g3a": "g2a"},
        "elements.exchanged",
        "g2a and g3a are exchanged",
        "g2a-proof",
    )
    _exchange(
        group,
        {"c2": "c3", "D2": "D3", "c3": "c2", "D3": "D2"},
        "proofs.exchanged",
        "the proofs are exchanged",
        "g2a-proof",
    )
    _exchange(
        group,
        {"g3a": "g2a", "c3": "c2", "D3": "D2"},
        "second.is-first",
        "the second half is a copy of the first",
        "g3a-proof",
    )
    return group


def _message_2(run: Run, unequal: Run) -> _Group:
    s = run.secrets
    state = {"a2": encoded(s.a2), "a3": encoded(s.a3)}
    group = _Group("smp-2", 3, run.message_2(), **state)
    group.group.valid("good", "nothing is wrong with it")
    group.group.valid(
        "other-secret",
        "with another secret; that shows only later",
        Flag.NORMAL,
        {"value": _written(3, unequal.message_2())},
    )
    group.ranges("g2b", "g3b", "Pb", "Qb")
    _knowledge(group, "g2b", ("c2", "D2"), 3, s.b2)
    _knowledge(group, "g3b", ("c3", "D3"), 4, s.b3)
    _coordinates(group, run, ("Pb", "Qb"), 5, (s.r4b, s.y))
    _exchange(
        group,
        {"g2b": "g3b", "g3b": "g2b"},
        "elements.exchanged",
        "g2b and g3b are exchanged",
        "g2b-proof",
    )
    other = encoded(number("other", 1536))
    for name in ("a2", "a3"):
        group.group.fault(
            f"{name}.other",
            f"{name} is that of another run",
            Flag.OTHER_OWNER,
            Point.PROOF,
            {name: other},
            check="otrv3.check:pb-qb-proof",
        )
    return group


def _coordinates(
    group: _Group, run: Run, titles: tuple[str, str], version: int, known: tuple[int, int]
) -> None:
    """Faults of a proof that P and Q are made as prescribed."""
    p, q = titles
    proof = f"{p.lower()}-{q.lower()}-proof"
    for title in titles:
        group.wrong(title, proof)
    group.components(proof, "cP", "D5", "D6")
    for other in range(10):
        if other != version:
            made = run.knows_coordinates(other, *known)
            changed = dict(zip(("cP", "D5", "D6"), made, strict=True))
            about = f"the proof is that of number {other}, not {version}"
            group.proofs(f"cp.number-{other}", about, Flag.DOMAIN, proof, **changed)
    for name, about, values in (
        ("other-r4", "the proof is about another r4", (known[0] + 1, known[1])),
        ("other-secret", "the proof is about another secret", (known[0], known[1] + 1)),
        ("exchanged", "the proof is about secret and r4 exchanged", known[::-1]),
    ):
        made = run.knows_coordinates(version, *values)
        changed = dict(zip(("cP", "D5", "D6"), made, strict=True))
        group.proofs(f"cp.{name}", about, Flag.OTHER_KEY, proof, **changed)
    _exchange(group, {p: q, q: p}, f"{p.lower()}.exchanged", f"{p} and {q} are exchanged", proof)
    _exchange(group, {"D5": "D6", "D6": "D5"}, "d5.exchanged", "D5 and D6 are exchanged", proof)


def _equal_exponents(group: _Group, run: Run, title: str, version: int, exponent: int) -> None:
    """Faults of a proof that R has the exponent of the sender's half of g3."""
    proof = f"{title.lower()}-proof"
    group.wrong(title, proof)
    group.components(proof, "cR", "D7")
    for other in range(10):
        if other != version:
            c, d = run.knows_equal(other, exponent)
            about = f"the proof is that of number {other}, not {version}"
            group.proofs(f"cr.number-{other}", about, Flag.DOMAIN, proof, cR=c, D7=d)
    c, d = run.knows_equal(version, exponent + 1)
    group.proofs(
        "cr.other-exponent",
        "the proof is about another exponent",
        Flag.OTHER_KEY,
        proof,
        cR=c,
        D7=d,
    )
    c, d = run.knows(version, exponent, "r7")
    group.proofs("cr.one-element", "only one element is hashed", Flag.DOMAIN, proof, cR=c, D7=d)
    other_r = _power(run.base, exponent + 1)
    group.proofs(
        f"{title.lower()}.other-exponent",
        f"{title} has another exponent",
        Flag.OTHER_KEY,
        proof,
        **{title: other_r},
    )


def _other_state(group: _Group, names: dict[str, str]) -> None:
    """What we remember is that of another run."""
    for name, proof in names.items():
        other = encoded(_power(G, number(f"other {name}", 320)))
        group.group.fault(
            f"state.{name.lower()}",
            f"{name} is that of another run",
            Flag.OTHER_OWNER,
            Point.PROOF,
            {name: other},
            check=f"otrv3.check:{proof}",
        )


def _state(run: Run, *names: str) -> dict[str, Value]:
    """Elements that are remembered."""
    return {name: encoded(getattr(run, name.lower())) for name in names}


def _message_3(run: Run, unequal: Run) -> _Group:
    s = run.secrets
    names = ("g3a", "g2", "g3", "Pb", "Qb")
    group = _Group("smp-3", 4, run.message_3(), b3=encoded(s.b3), **_state(run, *names))
    group.group.valid("equal", "the secrets are equal")
    group.group.valid(
        "unequal",
        "the secrets differ",
        Flag.NORMAL,
        {"value": _written(4, unequal.message_3()), **_state(unequal, *names)},
    )
    group.group.valid(
        "b3.other", "another b3: the comparison fails", Flag.OTHER_KEY, {"b3": encoded(s.b3 + 1)}
    )
    group.group.valid(
        "state.pb",
        "another Pb: the comparison fails",
        Flag.OTHER_OWNER,
        {"Pb": encoded(run.pb * 2 % P)},
    )
    group.ranges("Pa", "Qa", "Ra")
    _coordinates(group, run, ("Pa", "Qa"), 6, (s.r4a, s.x))
    _equal_exponents(group, run, "Ra", 7, s.a3)
    _other_state(
        group, {"g3a": "ra-proof", "g2": "pa-qa-proof", "g3": "pa-qa-proof", "Qb": "ra-proof"}
    )
    return group


def _message_4(run: Run, unequal: Run) -> _Group:
    s = run.secrets
    names = ("g3b", "Pa", "Qa", "Pb", "Qb")
    group = _Group("smp-4", 5, run.message_4(), a3=encoded(s.a3), **_state(run, *names))
    group.group.valid("equal", "the secrets are equal")
    group.group.valid(
        "unequal",
        "the secrets differ",
        Flag.NORMAL,
        {"value": _written(5, unequal.message_4()), **_state(unequal, *names)},
    )
    group.group.valid(
        "a3.other", "another a3: the comparison fails", Flag.OTHER_KEY, {"a3": encoded(s.a3 + 1)}
    )
    for name in ("Pa", "Pb"):
        other = encoded(getattr(run, name.lower()) * 2 % P)
        about = f"another {name}: the comparison fails"
        group.group.valid(f"state.{name.lower()}", about, Flag.OTHER_OWNER, {name: other})
    group.ranges("Rb")
    _equal_exponents(group, run, "Rb", 8, s.b3)
    _other_state(group, {"g3b": "rb-proof", "Qa": "rb-proof", "Qb": "rb-proof"})
    message_3 = run.message_3()
    group.proofs(
        "rb.reflected",
        "Ra and its proof come back",
        Flag.REPLAY,
        "rb-proof",
        Rb=message_3["Ra"],
        cR=message_3["cR"],
        D7=message_3["D7"],
    )
    return group
