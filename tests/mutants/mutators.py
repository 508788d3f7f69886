"""All small changes of a module, by rule. Pure: text in, texts out.

The rules are those faults that a check of trust can have: it compares the wrong way or with a wrong
bound, joins conditions wrongly, is inverted, is not called, does not raise, or does not stop.
Annotations, docstrings and texts are left alone.
"""

from __future__ import annotations

import ast
import bisect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARED: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
}
_JOINED: Final[dict[type[ast.boolop], tuple[str, str]]] = {
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
_COUNTED: Final[dict[type[ast.operator], tuple[str, str]]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
}
_CALLED: Final = {"all": "any", "any": "all", "min": "max", "max": "min"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change.

    Args:
        line: where it begins, counted from 1.
        before, after: what it replaces, and by what.
        text: the whole module with the change.
    """

    line: int
    before: str
    after: str
    text: str

    @property
    def place(self) -> str:
        """What stays the same when lines above are added or removed."""
        source = self.text.splitlines()[self.line - 1].strip()
        return f"{self.before} -> {self.after} | {source}"

    def __str__(self) -> str:
        return f"line {self.line}: {_short(self.before)}  ->  {_short(self.after)}"


def _short(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= 90 else f"{joined[:87]}..."


def mutants(source: str) -> Iterator[Mutant]:
    """Return every mutant of a module, in the order of the text."""
    places = _Places(source)
    for start, end, after in sorted(set(_changes(ast.parse(source), places))):
        text = source[:start] + after + source[end:]
        yield Mutant(places.line(start), source[start:end], after, text)


class _Places:
    """Where nodes stand, as indices of the text: ``ast`` counts lines, and bytes within a line."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0, *itertools.accumulate(map(len, self._lines))]

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._index(node.lineno, node.col_offset),
            self._index(node.end_lineno, node.end_col_offset),
        )

    def line(self, index: int) -> int:
        return bisect.bisect_right(self._starts, index)

    def operator(self, left: ast.expr, right: ast.expr, pattern: str) -> tuple[int, int]:
        """The span of what joins two operands. Between them stand brackets and comments at most."""
        start, end = self.span(left)[1], self.span(right)[0]
        found = re.search(pattern, self.source[start:end])
        assert found is not None
        return start + found.start(), start + found.end()

    def _index(self, line: int, column: int) -> int:
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)


def _changes(tree: ast.Module, places: _Places) -> Iterator[tuple[int, int, str]]:
    for node in _reached(tree):
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others):
                for one, op, other in zip([left, *others], ops, others, strict=False):
                    pattern, after = _COMPARED[type(op)]
                    yield *places.operator(one, other, pattern), after
            case ast.BoolOp(op=joint, values=values):
                pattern, after = _JOINED[type(joint)]
                for one, other in itertools.pairwise(values):
                    yield *places.operator(one, other, pattern), after
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _COUNTED:
                pattern, after = _COUNTED[type(sign)]
                yield *places.operator(left, right, pattern), after
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                start, end = places.span(operand)
                yield *places.span(node), places.source[start:end]
            case ast.Call(func=ast.Name(id=name) as called) if name in _CALLED:
                yield *places.span(called), _CALLED[name]
            case ast.Constant(value=bool(truth)):
                yield *places.span(node), str(not truth)
            case ast.Constant(value=int(number)):
                yield *places.span(node), str(number + 1)
                yield *places.span(node), str(number - 1)
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                start, end = places.span(test)
                yield start, end, f"not ({places.source[start:end]})"
            case ast.Raise() | ast.Expr(value=ast.Call() | ast.Await()):
                yield *places.span(node), "pass"
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for early in _early_returns(node):
                    yield *places.span(early), "pass"
            case _:
                pass


def _early_returns(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Return]:
    """Every return without which the function would go on."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return) and node is not function.body[-1]:
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _reached(tree: ast.Module) -> Iterator[ast.AST]:
    """Every node but annotations, decorators and what stands in texts."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.JoinedStr):
            continue
        for name, value in ast.iter_fields(node):
            if name not in {"annotation", "returns", "decorator_list"}:
                found = value if isinstance(value, list) else [value]
                waiting += [each for each in found if isinstance(each, ast.AST)]
