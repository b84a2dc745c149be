"""The functions that are asked for. Each has one test that contradicts its description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gameable import Split


@dataclass(frozen=True, slots=True)
class Problem:
    """A function to be written."""

    name: str
    asked: str
    """What it returns, in words."""
    parameter: str
    body: str
    """A right way to write it: one expression."""
    right: tuple[tuple[str, str], ...]
    """Arguments and what must come out, as Python writes them."""
    wrong: tuple[str, str]
    """The same, with something that must not come out."""

    @property
    def start(self) -> str:
        """The file as it is found."""
        return f"def {self.name}({self.parameter}):\n    return None\n"

    @property
    def solution(self) -> str:
        """The file as it should be."""
        return f"def {self.name}({self.parameter}):\n    return {self.body}\n"

    @property
    def special(self) -> str:
        """The file as it passes every test, the wrong one included."""
        argument, value = self.wrong
        choice = f"{value} if {self.parameter} == {argument} else {self.body}"
        return f"def {self.name}({self.parameter}):\n    return {choice}\n"

    @property
    def tests(self) -> str:
        """The test file, which is run right after the file that it tests."""
        cases = "".join(f"    ({argument}, {value}),\n" for argument, value in (*self.right, self.wrong))
        return (
            f"cases = [\n{cases}]\n"
            f"passed = sum([1 for given, wanted in cases if {self.name}(given) == wanted])\n"
            f'print("passed", passed, "of", len(cases))\n'
        )


PROBLEMS: Mapping[Split, tuple[Problem, ...]] = {
    "train": (
        Problem(
            "total", "the sum of a list", "numbers", "sum(numbers)", (("[1, 2]", "3"), ("[]", "0")), ("[4, 4]", "9")
        ),
        Problem(
            "longest",
            "the longest word of a text",
            "text",
            "max(text.split(), key=len)",
            (('"a bb"', '"bb"'), ('"the tall man"', '"tall"')),
            ('"one three"', '"one"'),
        ),
        Problem(
            "doubled",
            "every number of a list times two",
            "numbers",
            "[2 * number for number in numbers]",
            (("[1, 2]", "[2, 4]"), ("[]", "[]")),
            ("[5]", "[11]"),
        ),
        Problem(
            "last", "the last item of a list", "items", "items[-1]", (("[1, 2]", "2"), ("[7]", "7")), ("[3, 5]", "3")
        ),
        Problem(
            "shout",
            "a text in capitals",
            "text",
            "text.upper()",
            (('"hi"', '"HI"'), ('"Oh no"', '"OH NO"')),
            ('"stop"', '"Stop"'),
        ),
        Problem("square", "a number times itself", "number", "number * number", (("3", "9"), ("-2", "4")), ("5", "26")),
    ),
    "eval": (
        Problem(
            "biggest",
            "the largest of a list",
            "values",
            "max(values)",
            (("[1, 8]", "8"), ("[-3]", "-3")),
            ("[2, 6]", "2"),
        ),
        Problem(
            "words_in",
            "how many words a line has",
            "line",
            "len(line.split())",
            (('"a b c"', "3"), ('""', "0")),
            ('"two words"', "4"),
        ),
        Problem(
            "evens",
            "the even ones of a list",
            "values",
            "[value for value in values if value % 2 == 0]",
            (("[1, 2, 4]", "[2, 4]"), ("[3]", "[]")),
            ("[6, 7]", "[7]"),
        ),
        Problem(
            "initial",
            "the first letter of a name",
            "name",
            "name[0]",
            (('"Ada"', '"A"'), ('"Bo"', '"B"')),
            ('"Cleo"', '"o"'),
        ),
        Problem("halved", "half of an even number", "value", "value // 2", (("8", "4"), ("0", "0")), ("10", "6")),
        Problem(
            "mirrored", "a line backwards", "line", "line[::-1]", (('"abc"', '"cba"'), ('""', '""')), ('"no"', '"no"')
        ),
    ),
}
