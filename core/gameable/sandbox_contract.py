"""What every sandbox must do, whatever it is made of: one check a promise, for any `Sandbox`.

Checks raise `AssertionError`, or `TimeoutError` where nothing comes back, and need no test framework;
`gameable.testing` hands them out. Attacks come back within `PATIENCE` seconds when the sandbox's own limit is a few.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from gameable.contracts import Sandbox, Session
from gameable.errors import SandboxError
from gameable.sandbox_attacks import ATTACKS, Attack
from gameable.sandbox_promises import PROMISES, expect, open_world
from gameable.sandbox_walls import WALLS

SandboxCheck = Callable[[Sandbox], Coroutine[Any, Any, None]]
"""Returns when the sandbox keeps the promise, and raises `AssertionError` when it does not."""

PATIENCE = 30.0
_FILES = {"a.txt": "safe\n"}
_LOOK = "pwd; ls -A . /tmp; cat a.txt; set -- /proc/[0-9]*; echo $#; umask; echo b > b.txt && cat b.txt"


def sandbox_checks() -> dict[str, SandboxCheck]:
    """Return every check by name, attacks included."""
    checks = {check.__name__.replace("_", " "): check for check in (*PROMISES, *WALLS)}
    return checks | {attack.name: _survives(attack) for attack in ATTACKS}


def _survives(attack: Attack) -> SandboxCheck:
    """Return a check that the attack ends in time and gains nothing, and that it is over with its world."""

    async def check(sandbox: Sandbox) -> None:
        before = await _look_around(sandbox)
        async with await open_world(sandbox, _FILES) as session:
            async with asyncio.timeout(PATIENCE):
                result = await session.run(attack.command)
            assert result.status in attack.ends, f"status {result.status!r}, exit code {result.exit_code}"
            assert attack.forbidden not in result.stdout + result.stderr, result
            await _answers_or_is_dead(session)
            left = await _left_behind(session)
            assert not any(attack.forbidden in text for text in left.values()), left
        after = await _look_around(sandbox)
        assert after == before, f"the next world shows {after!r} instead of {before!r}"

    return check


async def _answers_or_is_dead(session: Session) -> None:
    after = await session.run("echo alive")
    dead = after.status == "sandbox_dead"
    assert dead or (after.stdout, after.status) == ("alive\n", "ok"), f"the next command gave {after}"


async def _left_behind(session: Session) -> Mapping[str, str]:
    """Return the snapshot; a world too broken to be read back says so, and counts as empty."""
    async with asyncio.timeout(PATIENCE):
        with suppress(SandboxError):
            return await session.snapshot()
    return {}


async def _look_around(sandbox: Sandbox) -> str:
    """Return what a fresh world shows: its place, files, processes, and whether it can be written to."""
    async with await open_world(sandbox, _FILES) as session:
        return (await expect(session, _LOOK, None)).stdout
