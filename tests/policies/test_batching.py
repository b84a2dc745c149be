from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from gameable_policies._batching import Batcher


def recorder(sizes: list[int]) -> Callable[[Sequence[int], Callable[[int], bool]], list[int | None]]:
    def run(numbers: Sequence[int], _: Callable[[int], bool]) -> list[int | None]:
        sizes.append(len(numbers))
        return [number * 2 for number in numbers]

    return run


def test_requests_of_one_turn_form_one_batch() -> None:
    sizes: list[int] = []

    async def go() -> list[int]:
        batcher: Batcher[int, int] = Batcher(recorder(sizes))
        return await asyncio.gather(*map(batcher.submit, range(10)))

    assert asyncio.run(go()) == [2 * i for i in range(10)]
    assert sizes == [10]


def test_requests_that_come_pass_by_pass_form_one_batch() -> None:
    sizes: list[int] = []

    async def go() -> None:
        batcher: Batcher[int, int] = Batcher(recorder(sizes))

        async def late(number: int) -> int:
            for _ in range(number):
                await asyncio.sleep(0)
            return await batcher.submit(number)

        await asyncio.gather(*map(late, range(5)))

    asyncio.run(go())
    assert sizes == [5]


def test_callers_that_go_on_together_stay_together() -> None:
    sizes: list[int] = []

    async def go() -> None:
        batcher: Batcher[int, int] = Batcher(recorder(sizes))

        async def twice(number: int) -> int:
            return await batcher.submit(await batcher.submit(number))

        assert await asyncio.gather(*map(twice, range(5))) == [4 * i for i in range(5)]

    asyncio.run(go())
    assert sizes == [5, 5]


def test_an_error_reaches_every_caller() -> None:
    def run(numbers: Sequence[int], _: Callable[[int], bool]) -> list[int | None]:
        raise ZeroDivisionError(len(numbers))

    async def go() -> list[int | BaseException]:
        batcher: Batcher[int, int] = Batcher(run)
        return await asyncio.gather(*map(batcher.submit, range(3)), return_exceptions=True)

    assert [type(result) for result in asyncio.run(go())] == [ZeroDivisionError] * 3


def test_a_cancelled_caller_takes_nobody_along() -> None:
    started, leave = threading.Event(), threading.Event()
    seen: list[list[bool]] = []

    def run(numbers: Sequence[int], wanted: Callable[[int], bool]) -> list[int | None]:
        started.set()
        leave.wait(10)
        seen.append([wanted(i) for i in range(len(numbers))])
        return [number if wanted(i) else None for i, number in enumerate(numbers)]

    async def go() -> int:
        batcher: Batcher[int, int] = Batcher(run)
        lost, kept = (asyncio.create_task(batcher.submit(number)) for number in (1, 2))
        await asyncio.to_thread(started.wait, 10)
        lost.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lost
        leave.set()
        return await kept

    assert asyncio.run(go()) == 2
    assert seen == [[False, True]]


def test_requests_that_arrive_during_a_batch_form_the_next_one() -> None:
    sizes: list[int] = []
    started, leave = threading.Event(), threading.Event()

    def run(numbers: Sequence[int], _: Callable[[int], bool]) -> list[int | None]:
        sizes.append(len(numbers))
        started.set()
        leave.wait(10)
        return list(numbers)

    async def go() -> None:
        batcher: Batcher[int, int] = Batcher(run)
        first = asyncio.create_task(batcher.submit(0))
        await asyncio.to_thread(started.wait, 10)
        others = [asyncio.create_task(batcher.submit(number)) for number in (1, 2, 3)]
        await asyncio.sleep(0)
        leave.set()
        await asyncio.gather(first, *others)

    asyncio.run(go())
    assert sizes == [1, 3]


def test_another_event_loop_may_go_on_with_it() -> None:
    batcher: Batcher[int, int] = Batcher(recorder([]))
    assert [asyncio.run(batcher.submit(1)), asyncio.run(batcher.submit(2))] == [2, 4]
