"""Gathers requests that are made at about the same time into batches for a worker thread.

Requests made in one turn of the event loop form one batch, and so do those that arrive while a batch is running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

Run = Callable[[Sequence[Q], Callable[[int], bool]], Sequence[A | None]]
"""Answers requests in order. It runs in a worker thread, may ask by index whether a request is still wanted, and may
answer None to one that is not."""


@dataclass(eq=False, slots=True)
class Batcher(Generic[Q, A]):
    """One batch at a time. A caller that is cancelled gives up its own request and nobody else's."""

    run: Run[Q, A]
    _waiting: list[tuple[Q, asyncio.Future[A]]] = field(default_factory=list)
    _worker: asyncio.Task[None] | None = None
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))
    """Always the same one: each thread that computes keeps worker threads and buffers of its own."""

    async def submit(self, request: Q) -> A:
        """Answer one request, together with others."""
        loop = asyncio.get_running_loop()
        if self._worker is None or self._worker.done() or self._worker.get_loop() is not loop:
            self._waiting.clear()
            self._worker = loop.create_task(self._work())
        future: asyncio.Future[A] = loop.create_future()
        self._waiting.append((request, future))
        return await future

    async def _work(self) -> None:
        """Run batches until nobody waits."""
        await self._settle()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._answer(batch)
            finally:
                for _, future in batch:
                    future.cancel()
            await self._settle()

    async def _settle(self) -> None:
        """Wait until a pass of the event loop brings no further request."""
        seen = -1
        while seen != len(self._waiting):
            seen = len(self._waiting)
            await asyncio.sleep(0)

    async def _answer(self, batch: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        futures = [future for _, future in batch]
        try:
            requests = [request for request, _ in batch]
            answers = await asyncio.get_running_loop().run_in_executor(
                self._thread, self.run, requests, lambda index: not futures[index].done()
            )
        except Exception as error:  # noqa: BLE001  whatever went wrong belongs to those who asked
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in zip(futures, answers, strict=True):
            if answer is not None and not future.done():
                future.set_result(answer)
