from __future__ import annotations

import asyncio

from gameable.lockstep import Lockstep


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_the_gate_opens_for_all_at_once_in_the_order_of_their_names() -> None:
    async def play() -> list[str]:
        gate, passed = Lockstep(["b", "a", "c"]), []

        async def player(name: str) -> None:
            await gate.wait(name)
            passed.append(name)

        tasks = [asyncio.create_task(player(name)) for name in ("c", "b")]
        await settle()
        assert passed == []
        await player("a")
        await asyncio.gather(*tasks)
        return passed

    assert asyncio.run(play()) == ["a", "b", "c"]


def test_nobody_waits_for_those_who_left() -> None:
    async def play() -> None:
        gate = Lockstep(["a", "b"])
        waiting = asyncio.create_task(gate.wait("a"))
        await settle()
        assert not waiting.done()
        gate.leave("b")
        await asyncio.wait_for(waiting, 1)

    asyncio.run(play())


def test_who_is_cancelled_at_the_gate_holds_up_nobody() -> None:
    async def play() -> None:
        gate = Lockstep(["a", "b"])
        cancelled = asyncio.create_task(gate.wait("a"))
        await settle()
        cancelled.cancel()
        await settle()
        gate.leave("a")
        await asyncio.wait_for(gate.wait("b"), 1)

    asyncio.run(play())
