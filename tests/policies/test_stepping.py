from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from gameable_policies._stepping import Stepper


@dataclass
class Output:
    request_id: str
    finished: bool


@dataclass
class Engine:
    """As much of vLLM's engine as steps: a request takes as many of them as its parameters say."""

    left: dict[str, int] = field(default_factory=dict)
    steps: int = 0
    aborted: list[str] = field(default_factory=list)

    def add_request(self, id_: str, _prompt: object, steps: int) -> None:
        self.left[id_] = steps

    def has_unfinished_requests(self) -> bool:
        return bool(self.left)

    def step(self) -> list[Output]:
        time.sleep(0.001)
        self.steps += 1
        self.left = {id_: left - 1 for id_, left in self.left.items()}
        finished = [id_ for id_, left in self.left.items() if left == 0]
        for id_ in finished:
            del self.left[id_]
        return [Output(id_, finished=True) for id_ in finished]

    def abort_request(self, ids: list[str]) -> None:
        self.aborted += ids
        for id_ in ids:
            self.left.pop(id_, None)


@contextmanager
def stepping() -> Iterator[tuple[Stepper, Engine]]:
    engine = Engine()
    stepper = Stepper(engine)
    yield stepper, engine
    stepper.close()


def test_a_request_takes_its_steps_without_waking_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    visits: list[int] = []
    step = Stepper._step

    def counted(stepper: Stepper, asked: Any) -> list[Any]:
        visits.append(threading.get_ident())
        return step(stepper, asked)

    monkeypatch.setattr(Stepper, "_step", counted)
    with stepping() as (stepper, engine):
        assert asyncio.run(stepper.submit((1,), 50)).finished
    assert engine.steps == 50
    assert len(visits) == 1


def test_whoever_comes_later_joins_at_once() -> None:
    with stepping() as (stepper, engine):

        async def play() -> list[str]:
            order: list[str] = []

            async def ask(name: str, steps: int) -> None:
                await stepper.submit((1,), steps)
                order.append(name)

            long = asyncio.create_task(ask("long", 200))
            await asyncio.sleep(0.02)
            await ask("short", 5)
            await long
            return order

        assert asyncio.run(play()) == ["short", "long"]
        assert engine.steps < 205


def test_whoever_is_cancelled_leaves_the_batch_and_the_others_go_on() -> None:
    with stepping() as (stepper, engine):

        async def play() -> None:
            endless = asyncio.create_task(stepper.submit((1,), 10_000))
            other = asyncio.create_task(stepper.submit((2,), 100))
            await asyncio.sleep(0.02)
            endless.cancel()
            with suppress(asyncio.CancelledError):
                await endless
            assert (await other).finished

        asyncio.run(play())
        assert engine.aborted == ["0"]
        assert engine.steps < 1000
