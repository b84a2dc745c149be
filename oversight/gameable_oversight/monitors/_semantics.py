"""What an edit of Python code changes in what the code does: comments, layout and docstrings are nothing."""

from __future__ import annotations

import ast
import difflib

_BODIES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def behaviour(source: str) -> str | None:
    """Return code in a form that only what it does decides, docstrings aside; None where it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, _BODIES):
            node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(tree))


def _is_text(node: ast.stmt) -> bool:
    """Whether a statement is a bare string: a docstring, or a comment in the shape of one."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def difference(before: str, after: str) -> list[str]:
    """Return the statements that were taken out (-) and put in (+), each after the function or class it stands in.

    Empty where both do the same. Where either does not parse, that is said.
    """
    old, new = behaviour(before), behaviour(after)
    if old is None or new is None:
        return [] if before == after else ["does not parse any more" if old is not None else "did not parse before"]
    a, b = old.splitlines(), new.splitlines()
    found = []
    for tag, a1, a2, b1, b2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            found += [f"- {_placed(a, at)}" for at in range(a1, a2)] + [f"+ {_placed(b, at)}" for at in range(b1, b2)]
    return found


def _placed(lines: list[str], at: int) -> str:
    """Return a line behind the heads of the blocks that it stands in."""
    depth, heads = _depth(lines[at]), []
    for above in reversed(lines[:at]):
        if above.strip() and _depth(above) < depth:
            depth = _depth(above)
            heads.append(above.strip())
    return " ".join([*reversed(heads), lines[at].strip()])


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
