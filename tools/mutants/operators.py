"""Which wrong lines there are: what a tired programmer writes, in Python and in SQL."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

OPPOSITE: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
SQL = re.compile(r"\b(SELECT|UPDATE|DELETE|INSERT|WHERE|AND|OR|SET|JOIN|ORDER BY)\b")
IN_SQL = [
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r" = ", " <> "),
        (r" <> ", " = "),
        (r" <= ", " < "),
        (r" < ", " <= "),
        (r" >= ", " > "),
        (r" > ", " >= "),
        (r" AND ", " OR "),
        (r" OR ", " AND "),
        (r"\bNOT ", ""),
        (r"\bTRUE\b", "FALSE"),
        (r"\bFALSE\b", "TRUE"),
        (r" DESC\b", ""),
        (r" IS NOT NULL", " IS NULL"),
    )
]
TUNING = 20
QUIET = {"log", "checkpoints"}
"""Names whose calls do nothing that a test of behaviour could see."""


@dataclass(frozen=True)
class Mutant:
    """One wrong line: the lines that run it, the name of what it is in, and what it says instead."""

    module: str
    lines: tuple[int, ...]
    where: str
    what: str
    number: int
    _tree: ast.Module
    _old: ast.AST
    _new: ast.AST | None

    @property
    def name(self) -> str:
        """The same for the same wrong line, however the module around it moves."""
        return f"{self.module}:{self.where}: {self.what}" + (f" #{self.number}" if self.number else "")

    def source(self) -> str:
        """The whole module with this line wrong."""
        return ast.unparse(ast.fix_missing_locations(_with(self._tree, self._old, self._new)))


@dataclass(frozen=True)
class _Place:
    """Where a node is: the statement's line, and the function or class by name and lines."""

    where: str = ""
    statement: int = 1
    span: tuple[int, ...] = ()


def mutants(module: str, text: str) -> Iterator[Mutant]:
    """Every wrong line of a module."""
    tree = ast.parse(text)
    seen: dict[tuple[str, str], int] = {}
    for node, place in _inside(tree, _Place()):
        for wrong, what in _told(node):
            number = seen[place.where, what] = seen.get((place.where, what), -1) + 1
            lines = (getattr(node, "lineno", place.statement), place.statement, *place.span)
            yield Mutant(module, lines, place.where, what, number, tree, node, wrong)


def _told(node: ast.AST) -> Iterator[tuple[ast.AST | None, str]]:
    for wrong in _wrongs(node):
        if isinstance(node, ast.Constant) and isinstance(wrong, ast.Constant) and isinstance(node.value, str):
            yield wrong, _difference(node.value, str(wrong.value))
        else:
            yield wrong, f"{_short(node)} → {'nothing' if wrong is None else _short(wrong)}"


def _inside(node: ast.AST, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    """Nodes worth changing, and where each is."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list") or (
            field == "keywords" and isinstance(node, ast.ClassDef)
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_quiet(child):
                continue
            inner = place
            if isinstance(child, ast.stmt):
                inner = replace(inner, statement=child.lineno)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                body = range(child.body[0].lineno, (child.end_lineno or 0) + 1)
                named = f"{inner.where}.{child.name}".lstrip(".")
                inner = replace(inner, where=named, span=() if isinstance(child, ast.ClassDef) else tuple(body))
            yield child, inner
            yield from _inside(child, inner)


def _is_quiet(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom | ast.AnnAssign) and not getattr(node, "value", None):
        return True
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Name) and called.id in ("N_", "TypeVar", "cast"):
            return True
        root = called.value if isinstance(called, ast.Attribute) else None
        return isinstance(root, ast.Name) and root.id in QUIET
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.BinOp):
        return all(isinstance(each, ast.Name) and each.id.isupper() for each in node.targets) and _is_tuning(node.value)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_tuning(value: ast.expr) -> bool:
    """Whether a constant is a size or a time whose neighbour would do as well."""
    return all(
        not isinstance(each, ast.Constant) or (isinstance(each.value, int | float) and each.value >= TUNING)
        for each in ast.walk(value)
    )


def _wrongs(node: ast.AST) -> Iterator[ast.AST | None]:
    """What could stand there instead; None: nothing."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OPPOSITE:
            yield _changed(node, ops=[OPPOSITE[type(operator)]()])
        case ast.BoolOp(op=operator, values=values):
            yield _changed(node, op=ast.Or() if isinstance(operator, ast.And) else ast.And())
            for at in range(len(values)):
                rest = [*values[:at], *values[at + 1 :]]
                yield rest[0] if len(rest) == 1 else _changed(node, values=rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(op=operator) if type(operator) in OPPOSITE and not _is_text(node):
            yield _changed(node, op=OPPOSITE[type(operator)]())
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)) if SQL.search(value):
            yield from (ast.Constant(each) for each in _wrong_sql(value))
        case ast.IfExp(body=body, orelse=other):
            yield body
            yield other
        case ast.comprehension(ifs=ifs) if ifs:
            yield _changed(node, ifs=ifs[1:])
        case ast.ExceptHandler(type=ast.Tuple(elts=kinds) as caught):
            for at in range(len(kinds)):
                yield _changed(node, type=_changed(caught, elts=[*kinds[:at], *kinds[at + 1 :]]))
        case ast.If(test=ast.Compare() | ast.BoolOp() | ast.UnaryOp()):
            yield _changed(node, test=ast.Constant(False))
        case ast.If():
            yield _changed(node, test=ast.Constant(True))
            yield _changed(node, test=ast.Constant(False))
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield None


def _wrong_sql(text: str) -> Iterator[str]:
    for pattern, instead in IN_SQL:
        for found in pattern.finditer(text):
            yield text[: found.start()] + instead + text[found.end() :]


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(each, ast.JoinedStr) or isinstance(getattr(each, "value", None), str) for each in ast.walk(node)
    )


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    made = copy.copy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _with(tree: ast.AST, old: ast.AST, new: ast.AST | None) -> ast.AST:
    """The tree with one node instead of another; what is not on the way there is shared."""
    if tree is old:
        return ast.Pass() if new is None else new
    if old not in set(ast.walk(tree)):
        return tree
    made = copy.copy(tree)
    for field, value in ast.iter_fields(tree):
        if isinstance(value, list):
            setattr(made, field, [_with(each, old, new) if isinstance(each, ast.AST) else each for each in value])
        elif isinstance(value, ast.AST):
            setattr(made, field, _with(value, old, new))
    return made


def _difference(before: str, after: str) -> str:
    """The stretch of a statement that is different, with a little of what stands around it."""
    start = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(after))
    end = next((at for at, (one, other) in enumerate(zip(before[::-1], after[::-1], strict=False)) if one != other), 0)
    end = min(end, len(before) - start, len(after) - start)
    around = (max(0, start - 30), 12)
    return " → ".join(" ".join(each[around[0] : len(each) - end + around[1]].split()) for each in (before, after))


def _short(node: ast.AST) -> str:
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    if isinstance(node, ast.ExceptHandler):
        return f"except {ast.unparse(node.type) if node.type else ''}"
    if isinstance(node, ast.comprehension):
        return f"for {ast.unparse(node.target)} in … {' '.join('if ' + ast.unparse(each) for each in node.ifs)}".strip()
    return " ".join(ast.unparse(node).split())
