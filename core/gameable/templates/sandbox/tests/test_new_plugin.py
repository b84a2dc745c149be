from __future__ import annotations

import asyncio

import pytest
from new_plugin import NewPlugin

from gameable.testing import sandbox_checks


@pytest.mark.parametrize("name", sandbox_checks())
def test_it_keeps_the_sandbox_contract(name: str) -> None:
    asyncio.run(sandbox_checks()[name](NewPlugin(refuse=("shred",), seconds=1)))


def test_a_refused_program_does_nothing() -> None:
    async def files() -> dict[str, str]:
        async with await NewPlugin().open({"/home/me/a.txt": "a"}, (), "/home/me") as session:
            assert (await session.run("rm a.txt")).exit_code == 126
            return await session.snapshot()

    assert asyncio.run(files()) == {"/home/me/a.txt": "a"}
