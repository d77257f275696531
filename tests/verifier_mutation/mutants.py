"""Mutants of the verifier in Python: its sources, each with one thing changed that a check depends on.

A mutant is a whole module, printed from its syntax tree.  What is changed: each comparison and its neighbours, each
condition to both truth values, each operand of ``and`` and ``or``, each ``not``, each number, each operator, each
element of a literal collection, and each statement that does nothing but call.  What is not: texts, annotations, and
whatever only makes messages.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "motte" / "verifier"

DATA_ONLY = {"mnemonics"}
"""Modules whose every word is compared with the specification by a test of its own."""

LONGEST = 80
"""Characters of a node that a name shows."""

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """``name`` says where and what, and stays the same while the lines around it change."""

    module: str
    name: str
    tree: ast.Module
    old: ast.AST
    new: ast.AST

    def source(self) -> str:
        """The module's text with one node replaced; the tree itself stays as it is."""

        def copied(value: object) -> object:
            if value is self.old:
                return self.new
            if isinstance(value, list):
                return [copied(item) for item in value]
            if isinstance(value, ast.AST):
                return type(value)(**{field: copied(inner) for field, inner in ast.iter_fields(value)})
            return value

        changed = copied(self.tree)
        assert isinstance(changed, ast.Module)
        return ast.unparse(ast.fix_missing_locations(changed))


def all_mutants() -> Iterator[Mutant]:
    """Of every module, in order."""
    for path in sorted(PACKAGE.glob("*.py")):
        if path.stem not in DATA_ONLY:
            yield from of_source(path.stem, path.read_text())


def of_source(module: str, source: str) -> Iterator[Mutant]:
    """The mutants of one module."""
    tree = ast.parse(source)
    seen: dict[str, int] = {}
    for place, node in _places(tree, module):
        for replacement in _replacements(node):
            name = f"{place}: {_short(node)} → {_short(replacement)}"
            seen[name] = seen.get(name, 0) + 1
            number = f" ({seen[name]})" if seen[name] > 1 else ""
            yield Mutant(module, name + number, tree, node, replacement)


def _places(tree: ast.Module, module: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node that may change, with the names of what it stands in."""

    def walk(node: ast.AST, place: str) -> Iterator[tuple[str, ast.AST]]:
        yield place, node
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "keywords") or isinstance(node, ast.JoinedStr):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.ClassDef | ast.FunctionDef):
                    yield from walk(child, f"{place}.{child.name}")
                elif isinstance(child, ast.AST) and not _only_says(child):
                    yield from walk(child, place)

    yield from walk(tree, module)


def _only_says(node: ast.AST) -> bool:
    """Whether a node is about messages, types, or importing, and decides nothing."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Assert):
        return True
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id in ("__slots__", "__all__") for target in targets)


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        yield from _other_comparisons(node)
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        for value in (True, False):
            if not (isinstance(node, ast.While) and value):  # an endless loop shows nothing
                changed = copy.copy(node)
                changed.test = ast.Constant(value)
                yield changed
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    elif isinstance(node, ast.BoolOp | ast.UnaryOp | ast.BinOp):
        yield from _other_operations(node)
    elif isinstance(node, ast.Set) or (isinstance(node, ast.Starred | ast.For) and _listed(node) is not None):
        for index in range(len(_elements(node))):
            yield _without(node, index)
    elif isinstance(node, ast.Dict):
        for index in range(len(node.keys)):
            yield ast.Dict(node.keys[:index] + node.keys[index + 1 :], node.values[:index] + node.values[index + 1 :])


def _other_comparisons(node: ast.Compare) -> Iterator[ast.Compare]:
    for index, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield ast.Compare(node.left, [*node.ops[:index], other(), *node.ops[index + 1 :]], node.comparators)


def _other_operations(node: ast.BoolOp | ast.UnaryOp | ast.BinOp) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp):
        for index in range(len(node.values)):
            rest = node.values[:index] + node.values[index + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            yield node.operand
    elif type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)


def _listed(node: ast.Starred | ast.For) -> ast.Tuple | None:
    """The literal tuple that is unpacked or gone through."""
    value = node.value if isinstance(node, ast.Starred) else node.iter
    return value if isinstance(value, ast.Tuple) else None


def _elements(node: ast.Set | ast.Starred | ast.For) -> list[ast.expr]:
    if isinstance(node, ast.Set):
        return node.elts
    listed = _listed(node)
    assert listed is not None
    return listed.elts


def _without(node: ast.Set | ast.Starred | ast.For, index: int) -> ast.AST:
    rest = [element for number, element in enumerate(_elements(node)) if number != index]
    if isinstance(node, ast.Set):
        return ast.Set(rest or [ast.Starred(ast.Tuple([], ast.Load()))])
    if isinstance(node, ast.Starred):
        return ast.Starred(ast.Tuple(rest, ast.Load()))
    return ast.For(node.target, ast.Tuple(rest, ast.Load()), node.body, node.orelse)


def _short(node: ast.AST) -> str:
    if isinstance(node, ast.For):
        return f"for {ast.unparse(node.iter)}"
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        return f"{'while' if isinstance(node, ast.While) else 'if'} {ast.unparse(node.test)}"
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
