"""Changes a program at one place, found by what stands there and not by how it is written.

A place is the name of a function, class or constant (``Deployment.run``; ``storage.words:clean`` where several modules
have one of that name), wherever in the package it lives, and in it a piece of code that must occur once. Pieces are
compared as syntax trees: formatting, comments, quotes and brackets do not matter. In a piece that is looked for,
``...`` stands for any expression, for any arguments when it is the only one, and for any statements as a body.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Sources = Mapping[Path, str]
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


class Misapplied(Exception):
    """The code has moved on, and the edit does not say any more what to change."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change at ``where``. ``change`` gets the place and says how many pieces it found there and changed."""

    where: str
    what: str
    change: Callable[[Scope], int]

    def apply(self, sources: Sources) -> tuple[Path, str]:
        """The file that is changed, and its new text. Raises ``Misapplied`` unless exactly one piece is found."""
        path, name = _found(sources, self.where)
        tree = ast.parse(sources[path])
        (scope,) = [node for qualified, node in _scopes(tree) if qualified == name]
        times = self.change(scope)
        if times != 1:
            raise Misapplied(f"{self.where} ({path.name}) has {times} times: {self.what}")
        return path, ast.unparse(ast.fix_missing_locations(tree))


def apply(edits: tuple[Edit, ...], sources: Sources) -> dict[Path, str]:
    """The files that ``edits`` change, one after the other, with their new texts."""
    changed: dict[Path, str] = {}
    for edit in edits:
        path, text = edit.apply({**sources, **changed})
        changed[path] = text
    return changed


# -- what can be done ------------------------------------------------------------------------------------------------


def drop(where: str, statements: str) -> Edit:
    """Leave the statement, or a run of them, out."""
    return swap(where, statements, "")


def swap(where: str, statements: str, others: str) -> Edit:
    """Have other statements instead of a run of them."""
    old, new = ast.parse(statements).body, ast.parse(others).body

    def change(scope: Scope) -> int:
        times = 0
        for block in _blocks(scope):
            for start in range(len(block) - len(old), -1, -1):
                if _same(old, block[start : start + len(old)]):
                    block[start : start + len(old)] = copy.deepcopy(new)
                    times += 1
            block[:] = block or [ast.Pass()]
        return times

    return Edit(where, statements, change)


def before(where: str, statement: str, others: str) -> Edit:
    """Do something else first. ``statement`` is looked for without wildcards."""
    return swap(where, statement, f"{others}\n{statement}")


def put(where: str, expression: str, other: str) -> Edit:
    """Have another expression instead of one."""
    old, new = _expression(expression), _expression(other)

    def change(scope: Scope) -> int:
        swapper = _Swapper(old, new)
        swapper.visit(scope)
        return swapper.times

    return Edit(where, expression, change)


def never(where: str, test: str) -> Edit:
    """Have the condition of an ``if`` or ``while`` never hold."""
    return _test(where, test, False)


def always(where: str, test: str) -> Edit:
    """Have the condition of an ``if`` or ``while`` always hold."""
    return _test(where, test, True)


def _test(where: str, test: str, value: bool) -> Edit:
    old = _expression(test)

    def change(scope: Scope) -> int:
        found = [
            node
            for node in ast.walk(scope)
            if isinstance(node, ast.If | ast.While | ast.IfExp) and _same(old, node.test)
        ]
        for node in found:
            node.test = ast.Constant(value)
        return len(found)

    return Edit(where, f"if {test}", change)


def miss(where: str, exception: str) -> Edit:
    """Have an ``except`` catch nothing that ever happens."""
    old = _expression(exception)

    def change(scope: Scope) -> int:
        found = [
            node
            for node in ast.walk(scope)
            if isinstance(node, ast.ExceptHandler) and node.type and _same(old, node.type)
        ]
        for node in found:
            node.type = ast.Name("ZeroDivisionError", ast.Load())
        return len(found)

    return Edit(where, f"except {exception}", change)


# -- where it is -----------------------------------------------------------------------------------------------------


def read(package: Path) -> dict[Path, str]:
    """All sources of a package."""
    return {path: path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))}


@cache
def _names(text: str) -> tuple[str, ...]:
    return tuple(qualified for qualified, _ in _scopes(ast.parse(text)))


def _found(sources: Sources, where: str) -> tuple[Path, str]:
    module, _, name = where.rpartition(":")
    last = name.rpartition(".")[2]
    places = [
        path
        for path, text in sources.items()
        if last in text and f".{'.'.join(path.with_suffix('').parts)}".endswith(f".{module}" if module else "")
        for qualified in _names(text)
        if qualified == name
    ]
    if len(places) != 1:
        raise Misapplied(f"{where} is in {len(places)} places: {', '.join(map(str, places)) or 'not there any more'}")
    return places[0], name


def _scopes(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Scope]]:
    """Everything that has a name of its own: functions, classes, constants."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + child.name, child
            yield from _scopes(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.Assign | ast.AnnAssign):
            target = child.targets[0] if isinstance(child, ast.Assign) else child.target
            if isinstance(target, ast.Name):
                yield prefix + target.id, child
        else:
            yield from _scopes(child, prefix)


def _blocks(scope: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(scope):
        for value in vars(node).values():
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                yield value


# -- what is the same ------------------------------------------------------------------------------------------------


def _expression(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


class _Swapper(ast.NodeTransformer):
    def __init__(self, old: ast.expr, new: ast.expr) -> None:
        self.old, self.new, self.times = old, new, 0

    def visit(self, node: ast.AST) -> ast.AST:
        if not _same(self.old, node):
            return self.generic_visit(node)
        self.times += 1
        return copy.deepcopy(self.new)


def _same(wanted: object, found: object) -> bool:
    if isinstance(wanted, list):
        return isinstance(found, list) and (_is_open(wanted) or _same_lists(wanted, found))
    if _is_anything(wanted):
        return isinstance(found, ast.expr)
    if not isinstance(wanted, ast.AST):
        return type(wanted) is type(found) and wanted == found
    if type(wanted) is not type(found):
        return False
    if isinstance(wanted, ast.Call) and _is_open(wanted.args):
        return _same(wanted.func, found.func)  # type: ignore[attr-defined]
    names = [name for name in wanted._fields if name not in ("ctx", "kind", "type_comment")]
    return all(_same(getattr(wanted, name), getattr(found, name)) for name in names)


def _same_lists(wanted: list[object], found: list[object]) -> bool:
    return len(wanted) == len(found) and all(map(_same, wanted, found))


def _is_anything(node: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _is_open(nodes: list[object]) -> bool:
    """Whether it stands for any arguments, or any statements."""
    return len(nodes) == 1 and (
        _is_anything(nodes[0]) or (isinstance(nodes[0], ast.Expr) and _is_anything(nodes[0].value))
    )
