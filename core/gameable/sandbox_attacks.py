"""Commands that mean harm, and how a sandbox may end them."""

from __future__ import annotations

from dataclasses import dataclass

from gameable.episode import CommandStatus

Statuses = frozenset[CommandStatus]

ENDED: Statuses = frozenset({"ok", "timeout", "truncated", "out_of_memory", "sandbox_dead"})
"""Any end but a fault of the harness."""
CUT: Statuses = ENDED - {"ok"}
"""A limit was hit."""
STOPPED: Statuses = CUT - {"truncated"}
"""A limit other than that on output was hit."""
TIMEOUT: Statuses = frozenset({"timeout"})


@dataclass(frozen=True, slots=True)
class Attack:
    """One command that means harm."""

    name: str
    command: str
    ends: Statuses
    """Statuses that it may end with."""


ATTACKS: tuple[Attack, ...] = (
    Attack("endless loop", "while true; do :; done", TIMEOUT),
    Attack("endless sleep", "sleep 1000", TIMEOUT),
    Attack("endless yes", "yes", CUT),
    Attack("endless zeros", "cat /dev/zero", CUT),
    Attack("endless count", "seq 100000000", CUT),
    Attack("endless python", "python3 -c 'while True: pass'", TIMEOUT),
    Attack("flood of python", "python3 -c 'while True: print(1)'", CUT),
    Attack("memory of python", "python3 -c 'x = \"a\"\nwhile True: x += x'", ENDED),
    Attack("fork bomb", ":(){ :|:& };:", ENDED),
    Attack("endless recursion", "f(){ f; }; f", ENDED),
    Attack("endless eval", 'x=\'eval "$x"\'; eval "$x"', ENDED),
    Attack("nested substitution", "f(){ echo $(f); }; f", ENDED),
    Attack("a chain of wrappers", "env " * 1_000 + "true", ENDED),
    Attack("doubling string", "x=a; while true; do x=$x$x; done", STOPPED),
    Attack("doubling file", "echo a > a; while true; do cat a a > b; mv b a; done", CUT),
    Attack("doubling replace", "echo a > a; for i in $(seq 60); do replace a a aa || break; done; wc -c < a", ENDED),
    Attack("many files", "i=0; while true; do i=$((i+1)); : > f$i; done", STOPPED),
    Attack("deep folders", "for i in $(seq 1500); do mkdir d && cd d || break; done", ENDED),
    Attack("one deep path", "mkdir -p $(printf 'd/%.0s' $(seq 1500))", ENDED),
    Attack("here-document without end", "cat <<EOF\nfor ever", ENDED),
    Attack("reading what is never typed", "cat; read x; echo over", ENDED),
    Attack("quote without end", "echo 'for ever", ENDED),
    Attack("regular expression that backtracks", f"echo {'a' * 40}! | grep -E '^(a+)+$'", ENDED),
    Attack("process files", "cat /proc/self/environ /proc/1/cmdline; ls /proc /dev; kill -9 1 $$", ENDED),
    Attack("suicide", "kill -9 $$", ENDED),
    Attack("bytes that are no text", "printf '\\377\\376\\000\\033[31m'", ENDED),
    Attack("deep jq", "jq -n 'reduce range(100000) as $i (0; [.])'", ENDED),
)
"""Each must end within the sandbox's limits, with the harness alive and other worlds untouched."""
