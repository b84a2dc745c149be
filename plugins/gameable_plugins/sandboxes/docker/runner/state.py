"""What stays from one command to the next: the working directory and exported variables.

Each command gets a bash of its own, which ends with the command. It is told the state of the one before, and reports
its own when it exits. A report is the agent's word: nothing is believed of it but names and values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_OWN = frozenset({b"_", b"PWD", b"SHLVL"})
"""Variables that each bash sets for itself."""

TEXT_IN, REPORT_OUT = 200, 201
"""Descriptors of the shell, far from those that scripts use."""

SCRIPT = (  # one line, so that messages about the command count its lines from 1
    "printf 1000 > /proc/self/oom_score_adj; "  # when memory runs out, the command goes and not process 1
    f"IFS= read -r -d '' -u {TEXT_IN} __state; IFS= read -r -d '' -u {TEXT_IN} __command; exec {TEXT_IN}<&-; "
    'eval "$__state" 2> /dev/null; unset __state; '
    # `exec` needs no further process, so that the report comes although there can be none; no PATH is searched.
    """trap '{ printf "%s\\0%s\\0" "$?" "${PWD-}"; exec /usr/bin/env -0; } """
    f"2> /dev/null >&{REPORT_OUT}' EXIT; "
    'eval "$__command"'
)


@dataclass(frozen=True, slots=True)
class State:
    """Where the next command starts."""

    home: bytes
    folder: bytes
    variables: Mapping[bytes, bytes]

    @classmethod
    def first(cls, home: str) -> State:
        """The state before any command."""
        variables = {
            b"HOME": home.encode(),
            b"LANG": b"C.UTF-8",
            b"PATH": b"/usr/local/bin:/usr/bin:/bin",
            b"PYTHONDONTWRITEBYTECODE": b"1",  # compiled files would show up among the episode's files
            b"SHELL": b"/bin/bash",
            b"USER": b"user",
        }
        return cls(home.encode(), home.encode(), variables)

    def text(self, command: str) -> bytes:
        """What the shell reads: how to come to this state, and the command, each ended by a null byte."""
        lines = [b"cd -- %s || cd -- %s" % (_quoted(self.folder), _quoted(self.home)), b"unset OLDPWD"]
        lines += [b"export %s=%s" % (name, _quoted(value)) for name, value in self.variables.items()]
        wanted = command.encode(errors="replace").replace(b"\0", b"")  # bash drops null bytes too
        return b"\n".join(lines) + b"\0" + wanted + b"\0"

    def after(self, report: bytes) -> State:
        """The state that a shell reported, or still this one where the report is not complete."""
        _, folder, *exported = [*report.split(b"\0"), b"", b""]
        pairs = (item.partition(b"=") for item in exported)
        variables = {name: value for name, _, value in pairs if _NAME.fullmatch(name) and name not in _OWN}
        return State(self.home, folder, variables) if folder.startswith(b"/") and variables else self


def reported_code(report: bytes) -> int | None:
    """The exit code in a report; None when the shell made none."""
    code = report.partition(b"\0")[0]
    return int(code) if code.isdigit() and int(code) < 256 else None  # noqa: PLR2004  exit codes are bytes


def _quoted(value: bytes) -> bytes:
    return b"'" + value.replace(b"'", b"'\\''") + b"'"
