"""A transformers model in this process, on CPU or GPU: batched sampling, weights taken over in place."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from gameable import Completion, PolicyError, Request
from gameable_policies import _weights
from gameable_policies._batching import Batcher
from gameable_policies._chat import ChatPolicy

if TYPE_CHECKING:
    from gameable_policies._generation import Generator


@dataclass
class HuggingFace(ChatPolicy):
    """A causal language model with full attention, as transformers loads it.

    Requests made in one turn of the event loop are sampled together. Sampling depends on the batch only by rounding: in
    bfloat16 that can change a token, so the promise is for equal batches.
    """

    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """`auto` is bfloat16 where the hardware computes in it, float32 elsewhere."""
    device: str = "auto"
    """`auto` is the first GPU, or the CPU where there is none; or any name that torch knows."""
    batch_size: int = 128
    """Most rows decoded at once."""

    determinism: ClassVar[Literal["request", "batch", "none"]] = "batch"

    # Private state is typed Any, because pydantic reads these annotations and has no schema for such classes.
    _generator: Any = field(init=False, repr=False, default=None)
    _batcher: Any = field(init=False, repr=False, default=None)
    _lock: Any = field(init=False, repr=False, default_factory=threading.Lock)

    def fetch(self, cache: Path) -> Path:
        """Return the model's local folder, and read its tokenizer."""
        _spare_cores()
        return super().fetch(cache)

    def adopt(self, checkpoint: Path) -> None:
        """Sample from these weights from now on.

        Raises:
            PolicyError: they are not of this model, or it has a kind of attention that this backend lacks.
        """
        _spare_cores()
        with self._lock:
            if self._generator is None:
                self._generator = self._load(checkpoint)
            else:
                _weights.take_over(self._generator.model, checkpoint)
                self._generator.memory.clear()

    def rest(self) -> None:
        """Forget keys and values, and give back what torch keeps of a GPU for later."""
        import torch

        with self._lock:
            if self._generator is not None:
                self._generator.memory.clear()
                torch.cuda.empty_cache()

    async def complete(self, request: Request) -> Completion:
        """Sample one completion, in a batch with the other requests of the moment."""
        if self._batcher is None:
            self._batcher = Batcher(self._complete)
        completion: Completion = await self._batcher.submit(request)
        return completion

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        """Score sequences in batches of like length."""
        with self._lock:
            return self._loaded().logprobs(sequences)

    def endings(self, sequences: Sequence[Sequence[int]], last: int) -> list[list[float]]:
        """Score the ends of sequences, without the logits of what comes before."""
        with self._lock:
            return self._loaded().logprobs(sequences, last)

    def close(self) -> None:
        """Free model and memory; `adopt` would load again."""
        with self._lock:
            self._generator = None

    def _complete(self, requests: Sequence[Request], wanted: Any) -> list[Completion | None]:
        with self._lock:
            return self._loaded().complete(requests, wanted)

    def _loaded(self) -> Generator:
        if self._generator is None:
            raise PolicyError(f"The model {self.model} is not loaded: adopt a checkpoint first.")
        generator: Generator = self._generator
        return generator

    def _load(self, checkpoint: Path) -> Generator:
        """Load model and tokenizer."""
        from gameable_policies._generation import Generator
        from gameable_policies._reading import Reader

        self._read(checkpoint)
        model = _weights.load(checkpoint, self.dtype, self.device)
        eos = model.generation_config.eos_token_id
        ends = frozenset({self.end_token, *(eos if isinstance(eos, list) else [eos] * (eos is not None))})
        return Generator(model, Reader(self._tokenizer, ends), self.batch_size)


def _spare_cores() -> None:
    """Let torch's threads spin only briefly before they sleep, unless the user has chosen otherwise.

    Threads that never stop spinning cost ten times and more as soon as anything else wants a core; threads that sleep
    at once (`OMP_WAIT_POLICY=PASSIVE`) sampled and trained a sixth to a third slower than these on two idle cores.
    OpenMP reads this when torch is first imported, so it is set before.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "20000")
