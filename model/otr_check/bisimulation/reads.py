"""What the code of a step can look at: found in its source, since declarations do not say it.

An effect declares the data that it needs, and may look at more: at variables, at data that may be
absent, at the state of a machine. Two runs do the same only if everything that the code can look at
is the same. So the source of a step class is read: for each method of the vocabulary (`ask_NAME`,
`check_NAME`, `do_NAME`) every attribute that it, or a method that it may call, mentions. What is
mentioned in any branch counts. That is more than what is looked at, never less.

Names are `member.NAME` and `shared.NAME` (variables and data), `config.NAME`, and

- `machine.NAME`: the state of a machine of the member at hand;
- `hand`: the message or command at hand, and what else a run keeps about it;
- `master` and `others`: what can be seen of the master session, and of other members;
- `failed`: the check that failed last.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.expr import Scope
from otr_reference.engine import Step
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otr_model.kernel.composition import Composition

__all__ = ["Names", "Reader", "Touch", "Unreadable"]

HAND: Final = frozenset({"message", "given", "tlv_at", "wire", "extra_keys"})
"""Attributes of a step that say what is at hand."""
SPEAKING: Final = frozenset({"outputs", "tell", "transmit", "transmit_encoded"})
OWNERS: Final = frozenset({"member", "own", "master", "shared"})
PLAIN: Final = frozenset(
    {"suite", "config", "facts", "key", "spawn", "draw", "trace", *OWNERS, *SPEAKING, *HAND}
)


class Unreadable(OtrSpecError):
    """The source of a step does something that this reading of it cannot follow."""


@dataclass(frozen=True, slots=True)
class Touch:
    """What a method can look at and change.

    Attributes:
        reads: names that it may look at, but for what a cached property computes.
        cached: cached properties whose values it may use.
        surely_cached: those of them that it uses in any case.
        writes: names that it may change.
        surely_writes: those of them that it replaces in any case.
        takes: it may put another message at hand.
        speaks: it may send or tell something.
        fails: it may find that something is missing.
    """

    reads: frozenset[str] = frozenset()
    cached: frozenset[str] = frozenset()
    surely_cached: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    surely_writes: frozenset[str] = frozenset()
    takes: bool = False
    speaks: bool = False
    fails: bool = False


@dataclass(frozen=True)
class Names:
    """The names of a composition: what may stand behind an attribute."""

    member: frozenset[str]
    shared: frozenset[str]
    machines: frozenset[str]

    @staticmethod
    def of(composition: Composition) -> Names:
        """The names of variables, data and machines."""
        variables = composition.flat_variables()
        data = tuple(composition.data)
        owned = composition.tables
        return Names(
            frozenset(v.name for v in variables if v.scope is Scope.MEMBER)
            | frozenset(d.slot for d in data if d.spec.scope is Scope.MEMBER),
            frozenset(v.name for v in variables if v.scope is Scope.SHARED)
            | frozenset(d.slot for d in data if d.spec.scope is Scope.SHARED),
            frozenset(table.machine for table in owned),
        )

    def behind(self, attribute: str) -> Iterator[str]:
        """Every name that an attribute of some object may stand for."""
        if attribute in self.member:
            yield f"member.{attribute}"
        if attribute in self.shared:
            yield f"shared.{attribute}"
        if attribute in self.machines:
            yield f"machine.{attribute}"


@dataclass
class _Found:
    """What the body of one method mentions."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    surely_writes: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    surely_calls: set[str] = field(default_factory=set)
    sets_facts: set[str] = field(default_factory=set)
    takes: bool = False
    speaks: bool = False
    fails: bool = False


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is(node: ast.expr, attribute: str) -> bool:
    """Whether an expression is self.ATTRIBUTE, or a local variable of that name."""
    if isinstance(node, ast.Name):
        return node.id == attribute
    return isinstance(node, ast.Attribute) and _is_self(node.value) and node.attr == attribute


def _sure(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a body that are evaluated whenever it is, up to the first branch."""
    for statement in body:
        match statement:
            case ast.Return() | ast.Expr() | ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                yield from _sure_in(statement)
            case ast.If(test=test):
                yield from _sure_in(test)
                return
            case ast.Match(subject=subject):
                yield from _sure_in(subject)
                return
            case ast.Pass():
                continue
            case _:
                return
        if isinstance(statement, ast.Return):
            return


def _sure_in(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of an expression or plain statement that are evaluated in any case."""
    yield node
    match node:
        case ast.BoolOp(values=[first, *_]):
            yield from _sure_in(first)
        case ast.IfExp(test=test):
            yield from _sure_in(test)
        case ast.Lambda() | ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            return
        case ast.Compare(left=left, comparators=[first, *_]):
            yield from _sure_in(left)
            yield from _sure_in(first)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _sure_in(child)


class Reader:
    """Reads the source of a step class.

    Args:
        composition: whose names may be looked at.
        step: the class; what it inherits from the engine is known here.

    Raises:
        Unreadable: if the source does what this reading cannot follow.
    """

    def __init__(self, composition: Composition, step: type[Step[Any, Any]]) -> None:
        self.names = Names.of(composition)
        self.cached: set[str] = set()
        self._found: dict[str, _Found] = {}
        self._functions: dict[str, ast.FunctionDef] = {}
        for base in reversed(step.__mro__):
            if base is not Step and issubclass(base, Step):
                self._take(base)
        for name, function in self._functions.items():
            self._found[name] = self._look(function)
        self._memo: dict[str, Touch] = {}
        self.late = {
            fact: frozenset(p for p in self.cached if name in self._closure(p, through=True))
            for name, found in self._found.items()
            for fact in found.sets_facts
        }

    def _take(self, base: type) -> None:
        """The methods of a class, by name."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        (declared,) = tree.body
        if not isinstance(declared, ast.ClassDef):
            message = f"{base.__name__} is no class"
            raise Unreadable(message)
        for item in declared.body:
            if isinstance(item, ast.FunctionDef):
                self._functions[item.name] = item
                if isinstance(vars(base).get(item.name), cached_property):
                    self.cached.add(item.name)

    # One method.

    def _look(self, function: ast.FunctionDef) -> _Found:
        found = _Found()
        for statement in function.body:
            for node in ast.walk(statement):
                self._node(function, node, found)
        for node in _sure(function.body):
            self._sure_node(node, found)
        return found

    def _node(self, function: ast.FunctionDef, node: ast.AST, found: _Found) -> None:
        match node:
            case ast.Call(func=called, args=given):
                self._call(function, called, given, found)
            case ast.Attribute(value=owner, attr=attribute) if _is_self(owner):
                self._of_self(function, node, attribute, found)
            case ast.Attribute(value=owner, attr=attribute):
                self._of_another(owner, node, attribute, found)
            case ast.Name(id="getattr" | "setattr" | "vars" | "exec" | "eval"):
                message = f"{function.name} calls {node.id}"
                raise Unreadable(message)
            case _:
                pass

    @staticmethod
    def _call(
        function: ast.FunctionDef, called: ast.expr, given: list[ast.expr], found: _Found
    ) -> None:
        if isinstance(called, ast.Name) and called.id == "present":
            found.fails = True
        if isinstance(called, ast.Attribute) and _is_self(called.value):
            return
        for argument in given:
            inner = argument.func if isinstance(argument, ast.Call) else argument
            if any(_is(inner, owner) for owner in OWNERS):
                message = f"{function.name} hands a session to what is not a method of the step"
                raise Unreadable(message)

    def _of_self(
        self, function: ast.FunctionDef, node: ast.Attribute, attribute: str, found: _Found
    ) -> None:
        """self.ATTRIBUTE."""
        stores = not isinstance(node.ctx, ast.Load)
        if attribute in SPEAKING:
            found.speaks = True
        if attribute in HAND:
            found.reads.add("hand")
            if stores or attribute == "extra_keys":
                found.writes.add("hand")
            found.takes |= stores and attribute == "message"
        elif attribute in self._functions:
            found.calls.add(attribute)
        elif attribute == "master":
            found.reads.add("master")
        elif attribute in {"has_room", "group"}:
            found.reads |= {"others", "config.max_instances"}
        elif attribute == "failed":
            found.reads.add("failed")
        elif attribute == "__dict__":
            found.writes.add("hand")
        elif attribute not in PLAIN and not stores:
            message = f"{function.name} mentions self.{attribute}"
            raise Unreadable(message)

    def _of_another(
        self, owner: ast.expr, node: ast.Attribute, attribute: str, found: _Found
    ) -> None:
        """The attribute of something else: of the member, or of any value but the suite."""
        stores = not isinstance(node.ctx, ast.Load)
        if _is(owner, "facts"):
            (found.sets_facts if stores else found.reads).add(
                attribute if stores else f"facts.{attribute}"
            )
        elif _is(owner, "config"):
            found.reads.add(f"config.{attribute}")
        elif _is(owner, "suite"):
            return
        elif attribute == "members":
            found.reads.add("others")
        else:
            names = set(self.names.behind(attribute))
            found.reads |= set() if stores else names
            found.writes |= names if stores else set()

    def _sure_node(self, node: ast.AST, found: _Found) -> None:
        match node:
            case ast.Attribute(value=owner, attr=attribute) if _is_self(owner):
                if attribute in self._functions:
                    found.surely_calls.add(attribute)
            case ast.Attribute(attr=attribute, ctx=ast.Store()):
                found.surely_writes |= set(self.names.behind(attribute))
            case _:
                pass

    def code(self, name: str) -> str:
        """The code of a method without its docstring, to be compared; "" if there is none."""
        function = self._functions.get(name)
        if function is None:
            return ""
        said = function.body[1:] if ast.get_docstring(function) is not None else function.body
        return "\n".join(map(ast.dump, said))

    # What methods call.

    def _closure(self, name: str, *, through: bool, surely: bool = False) -> set[str]:
        """A method and all that it may call (or surely calls), through cached properties or not."""
        reached: set[str] = set()
        left = [name]
        while left:
            at = left.pop()
            if at in reached or at not in self._found:
                continue
            reached.add(at)
            if at != name and at in self.cached and not through:
                continue
            found = self._found[at]
            left.extend(found.surely_calls if surely else found.calls)
        return reached

    def touch(self, name: str) -> Touch:
        """What a method can look at and change; nothing if there is no such method."""
        known = self._memo.get(name)
        if known is None:
            known = self._memo[name] = self._touch(name)
        return known

    def _touch(self, name: str) -> Touch:
        reached = self._closure(name, through=False)
        cached = frozenset(r for r in reached if r in self.cached and r != name)
        own = [self._found[r] for r in reached if r not in cached]
        sure = self._closure(name, through=False, surely=True)
        surely_cached = frozenset(r for r in sure if r in self.cached and r != name)
        surely = [self._found[r] for r in sure if r not in surely_cached]
        beneath = [self._found[r] for r in self._closure(name, through=True)]
        return Touch(
            frozenset(n for found in own for n in found.reads),
            cached,
            surely_cached,
            frozenset(n for found in beneath for n in found.writes),
            frozenset(n for found in surely for n in found.surely_writes),
            any(found.takes for found in beneath),
            any(found.speaks for found in beneath),
            any(found.fails for found in beneath),
        )

    def seen_of(self, pseudonym: str) -> frozenset[str]:
        """What code that mentions the master, or the other members, may look at there."""
        names: set[str] = set()
        for found in self._found.values():
            if pseudonym in found.reads:
                names |= found.reads - {pseudonym}
        return frozenset(names)
