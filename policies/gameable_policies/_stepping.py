"""Continuous batching: requests join and leave an engine's running batch between any two of its steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request on its way into the engine."""

    id: str
    tokens: Sequence[int]
    params: Any


@dataclass(eq=False, slots=True)
class Stepper:
    """Steps an engine in a thread of its own for as long as anybody waits; nobody else may touch the engine."""

    engine: Any
    """vLLM's `LLMEngine`."""
    _inbox: list[_Asked] = field(default_factory=list)
    _dropped: list[str] = field(default_factory=list)
    _futures: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    _driver: asyncio.Task[None] | None = None
    _numbers: count[int] = field(default_factory=count)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    async def submit(self, tokens: Sequence[int], params: Any) -> Any:
        """Return the finished output of one request; a caller that is cancelled takes its request out of the batch."""
        loop = asyncio.get_running_loop()
        asked = _Asked(str(next(self._numbers)), tokens, params)
        future = self._futures[asked.id] = loop.create_future()
        self._inbox.append(asked)
        if self._driver is None or self._driver.done() or self._driver.get_loop() is not loop:
            self._driver = loop.create_task(self._drive())
        try:
            return await future
        finally:
            if self._futures.pop(asked.id, None):
                self._dropped.append(asked.id)

    def call(self, function: Callable[[], T]) -> T:
        """Run something else in the engine's thread, when every request that nobody waits for is out of the batch."""
        return self._thread.submit(self._alone, function).result()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    async def _drive(self) -> None:
        """Step until nobody waits."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)  # what is asked in one turn of the loop begins in one step
        while self._futures:
            asked, self._inbox = [each for each in self._inbox if each.id in self._futures], []
            try:
                finished = await loop.run_in_executor(self._thread, self._step, asked)
            except Exception as error:  # noqa: BLE001  whatever went wrong belongs to those who asked
                self._fail(error)
                return
            for output in finished:
                if (future := self._futures.pop(output.request_id, None)) and not future.done():
                    future.set_result(output)

    def _step(self, asked: Sequence[_Asked]) -> list[Any]:
        """Step until a request is finished, or one has come or gone: waking the other thread takes time."""
        self._forget()
        for each in asked:
            self.engine.add_request(each.id, {"prompt_token_ids": list(each.tokens)}, each.params)
        finished: list[Any] = []
        while not finished and self.engine.has_unfinished_requests():
            finished = [output for output in self.engine.step() if output.finished]
            if self._inbox or self._dropped:
                break
        return finished

    def _alone(self, function: Callable[[], T]) -> T:
        self._forget()
        return function()

    def _forget(self) -> None:
        """Take what nobody waits for any more out of the batch."""
        dropped, self._dropped = self._dropped, []
        if dropped:
            self.engine.abort_request(dropped)

    def _fail(self, error: Exception) -> None:
        self._dropped += self._futures
        for future in self._futures.values():
            if not future.done():
                future.set_exception(error)
        self._futures.clear()
