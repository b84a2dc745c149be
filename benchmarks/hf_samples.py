"""Sixty-four samples of one prompt: the HF backend against what transformers offers by itself.

    python benchmarks/hf_samples.py [--quick] [--json FILE]

All sample from the same distribution, at most as many new tokens, and end at the model's end of turn; what counts are
tokens up to there. The backend computes the prompt once for all samples and lets finished rows go.
"""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass
from typing import Any

from gameable import Request
from gameable.runs import cache_folder
from gameable_policies.hf import HuggingFace
from measure import Arm, Figure, Timer, command, medians, telling
from playing import MODEL, environment, plays, precisely, precision, prepared


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is sampled."""

    samples: int
    singles: int
    """How many of the samples are made one call each; that is slow, and tokens a second tell all."""
    tokens: int
    repetitions: int


def measure(*, quick: bool) -> list[Figure]:
    """Measure both rows."""
    sizes = Sizes(8, 1, 6, 1) if quick else Sizes(64, 4, 32, 3)
    policy = HuggingFace(MODEL, dtype=precision())
    prepared(policy)
    task = plays(environment("reward-tampering"), 1)[0].task
    prompt = policy.encode(task.dialogue, task.opening)
    ours, bare = _ours(policy, prompt, sizes), _Bare(policy, prompt, sizes.tokens)
    together = telling("generate, 64 sequences", lambda: bare.rate(sizes.samples))
    alone = telling("generate, one by one", lambda: statistics.mean(bare.rate(1) for _ in range(sizes.singles)))
    ours()  # the first pass warms up
    rounds = [(ours(), together(), alone()) for _ in range(sizes.repetitions)]
    at_once, one_by_one = ([(each[0], each[arm]) for each in rounds] for arm in (1, 2))
    policy.close()
    about = f"{sizes.samples} samples of at most {sizes.tokens} tokens after {len(prompt)}, {precisely()}."
    return [
        Figure("hf-64-samples", at_once, f"{medians(at_once)} tok/s; {about}"),
        Figure("hf-one-by-one", one_by_one, f"{medians(one_by_one)} tok/s; {about}"),
    ]


def _ours(policy: HuggingFace, prompt: tuple[int, ...], sizes: Sizes) -> Arm:
    requests = [Request(prompt, (), sizes.tokens, 1.0, seed) for seed in range(sizes.samples)]

    async def sample() -> int:
        completions = await asyncio.gather(*(policy.complete(request) for request in requests))
        return sum(len(completion.tokens) for completion in completions)

    def rate() -> float:
        prepared(policy)  # forgets the prompt
        with Timer() as timer:
            tokens = asyncio.run(sample())
        return tokens / timer.seconds

    return telling("gameable", rate)


class _Bare:
    """The same model, as transformers loads and samples it."""

    def __init__(self, policy: HuggingFace, prompt: tuple[int, ...], tokens: int) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self._model: Any = AutoModelForCausalLM.from_pretrained(policy.fetch(cache_folder()), dtype=precision()).eval()
        self._prompt = torch.tensor([prompt])
        self._end, self._tokens = policy.end_token, tokens

    def rate(self, samples: int) -> float:
        """Sample so many at once; return tokens a second, each row counted up to its end."""
        with Timer() as timer:
            rows = self._model.generate(
                self._prompt,
                num_return_sequences=samples,
                max_new_tokens=self._tokens,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                eos_token_id=self._end,
                pad_token_id=self._end,
            )[:, self._prompt.shape[1] :]
        ended = (rows == self._end).cumsum(dim=1)
        return int((ended - (rows == self._end).long() == 0).sum()) / timer.seconds


if __name__ == "__main__":
    command(measure)
