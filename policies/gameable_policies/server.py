"""Any server of the OpenAI completions protocol: vLLM, SGLang, llama.cpp; one address or several."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gameable import Completion, PolicyError, Request
from gameable_policies._background import Background
from gameable_policies._chat import ChatPolicy
from gameable_policies._dialects import PLAIN, Interpreter, scores
from gameable_policies._reading import Reader

_CANNOT = (
    "The server at {address} serves {root} and does not take on other weights ({error}). Start it on {checkpoint} and "
    "type `gameable resume` on the run's folder; or let it reload while it runs: `VLLM_SERVER_DEV_MODE=1 vllm serve … "
    "--worker-extension-cls gameable_policies.vllm_worker.TakeOver`, with this folder mounted on its machine too."
)


@dataclass(eq=False)
class _Place:
    """One server."""

    address: str
    client: Any
    gate: asyncio.Semaphore
    """Lets through as many requests as it shall have at once."""
    name: str = ""
    """How it calls its model."""
    root: str | None = None
    """The folder or Hub name that it says it serves."""
    context: int | None = None
    """Most tokens of prompt and completion together, where it says so."""
    busy: int = 0
    """How many requests wait for it."""


@dataclass
class Server(ChatPolicy):
    """A model behind one or more servers that are already running; requests go to the one with the fewest in flight.

    The key, where a server wants one, is read from `OPENAI_API_KEY`.
    """

    addresses: list[str] = field(default_factory=lambda: ["http://localhost:8000/v1"])
    """Base addresses, each up to and including `/v1`."""
    in_flight: int = 64
    """Most requests at one server at once."""
    timeout: float = 600
    """Seconds that one request may take."""
    retries: int = 4
    """How often a request is repeated when the connection fails or the server is overloaded, ever more slowly."""

    # Private state is typed Any, because pydantic reads these annotations and has no schema for such classes.
    _places: Any = field(init=False, repr=False, default=())
    _background: Any = field(init=False, repr=False, default=None)
    _interpreter: Any = field(init=False, repr=False, default=None)
    _first: Path | None = field(init=False, repr=False, default=None)

    @property
    def gpus(self) -> int:
        """None here: the servers have them."""
        return 0

    def adopt(self, checkpoint: Path) -> None:
        """See that every server samples from these weights, and make it if it can be made.

        Raises:
            PolicyError: a server does not answer, or serves other weights and cannot reload.
        """
        self._read(checkpoint)
        ends = frozenset({self.end_token})
        self._interpreter = Interpreter(self, Reader(self._tokenizer, ends))
        self._first = self._first or checkpoint
        if self._background is None:
            self._connect()
        self._background.call(self._everywhere(checkpoint))

    async def complete(self, request: Request) -> Completion:
        """Sample one completion on the least busy server."""
        return await self._connected().run(self._complete(request))

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        """Score sequences as prompts that the server echoes."""
        found: list[list[float]] = self._connected().call(self._score(sequences))
        return found

    def close(self) -> None:
        """Drop the connections; the servers run on."""
        if self._background is not None:
            for place in self._places:
                self._background.call(place.client.close())
            self._background.close()
            self._background, self._places = None, ()

    # --- connecting and weights ---------------------------------------------------------------------------------------

    def _connect(self) -> None:
        if find_spec("openai") is None:
            raise PolicyError("The policy 'server' needs the package openai: pip install 'gameable[server]'.")
        from openai import AsyncOpenAI

        key = os.environ.get("OPENAI_API_KEY", "none")
        self._places = tuple(
            _Place(
                address,
                AsyncOpenAI(base_url=address, api_key=key, timeout=self.timeout, max_retries=self.retries),
                asyncio.Semaphore(self.in_flight),
            )
            for address in self.addresses
        )
        self._background = Background()

    def _connected(self) -> Background:
        if self._background is None:
            raise PolicyError(f"No server of {self.model} was asked yet: adopt a checkpoint first.")
        background: Background = self._background
        return background

    async def _everywhere(self, checkpoint: Path) -> None:
        await asyncio.gather(*(self._adopt(place, checkpoint) for place in self._places))

    async def _adopt(self, place: _Place, checkpoint: Path) -> None:
        """Let a server reload; one that cannot must serve these weights already."""
        await self._introduce(place)
        try:
            root = place.client.base_url.join("/")
            order = {"method": "take_over", "args": [str(checkpoint)]}
            await place.client.post(str(root.join("collective_rpc")), body=order, cast_to=object)
            await place.client.post(str(root.join("reset_prefix_cache")), body={}, cast_to=object)
        except _errors() as error:
            if not self._serves(place, checkpoint):
                raise PolicyError(
                    _CANNOT.format(address=place.address, root=place.root, error=error, checkpoint=checkpoint)
                ) from error

    async def _introduce(self, place: _Place) -> None:
        """Ask a server what it serves."""
        try:
            listed = (await place.client.models.list()).data
        except _errors() as error:
            raise PolicyError(
                f"No server answers at {place.address} ({error}). Start one, `vllm serve {self.model}` for example, "
                "or name where it runs: --set policy.addresses=http://HOST:PORT/v1"
            ) from error
        first = listed[0].to_dict()
        place.name, place.root = first["id"], first.get("root")
        place.context = first.get("max_model_len") or (first.get("meta") or {}).get("n_ctx")

    def _serves(self, place: _Place, checkpoint: Path) -> bool:
        """Whether a server is on these weights by its own word; one that does not say is on the first."""
        first = checkpoint == self._first
        return place.root == str(checkpoint) or (first and place.root in {self.model, None})

    # --- asking -------------------------------------------------------------------------------------------------------

    async def _complete(self, request: Request) -> Completion:
        place = min(self._places, key=lambda each: each.busy)
        room = request.max_tokens if place.context is None else place.context - len(request.tokens)
        if room < 1:
            return Completion("", (), (), "length")
        choice = await self._ask(
            place,
            prompt=list(request.tokens),
            max_tokens=min(request.max_tokens, room),
            temperature=request.temperature,
            seed=request.seed % 2**31,
            stop=list(request.stop) or None,
            logprobs=1,
        )
        completion: Completion = self._interpreter.completion(request, choice)
        return completion

    async def _score(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        return await asyncio.gather(*map(self._scores, sequences))

    async def _scores(self, tokens: Sequence[int]) -> list[float]:
        if len(tokens) < 2:  # noqa: PLR2004  nothing comes after the first
            return []
        place = min(self._places, key=lambda each: each.busy)
        choice = await self._ask(place, prompt=list(tokens), max_tokens=1, echo=True, logprobs=1)
        return scores(tokens, choice)

    async def _ask(self, place: _Place, **wanted: Any) -> dict[str, Any]:
        """Ask one server, holding back what is more than it shall have in flight."""
        place.busy += 1
        try:
            async with place.gate:
                answer = await place.client.completions.create(model=place.name, **PLAIN, **wanted)
        except _errors() as error:
            raise PolicyError(
                f"The server at {place.address} did not answer, {self.retries + 1} times ({error}). See that it runs, "
                "then `gameable resume` goes on where the run stopped."
            ) from error
        finally:
            place.busy -= 1
        choice: dict[str, Any] = answer.choices[0].to_dict()
        return choice


def _errors() -> tuple[type[Exception], ...]:
    """What the client raises; imported late, because the package is optional."""
    from openai import APIError

    return (APIError,)
