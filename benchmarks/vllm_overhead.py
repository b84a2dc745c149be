"""How much of vLLM's speed is left when gameable plays, judges and stores episodes around it.

    python benchmarks/vllm_overhead.py [--quick] [--json FILE]

Both arms use one engine, which forgets every prefix before each pass, and do the same work: bare vLLM gets each prompt
that gameable asked it to continue, all of a turn in one call, and samples as many tokens. In the arm with commands each
reply is four stretches, with a real command after each of the first three. A model of this size writes no commands by
itself, so the sampled tokens stand and a command is read in their place.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace
from typing import Any

from gameable import Completion, PolicyError, Request
from gameable.profile import Sampling
from gameable_policies.vllm import VLLM
from measure import Figure, MissingError, Timer, command, medians, say, telling
from playing import MODEL, environment, play, plays, precisely, precision, prepared

COMMANDS = ("ls", "wc -l *", "head -n 2 *")
"""What replies run, with little to read for the model."""


@dataclass
class FixedLength(VLLM):
    """Samples exactly as many tokens as it is asked for, so that both arms do the same work."""

    def _params(self, request: Request) -> Any:
        params = super()._params(request)
        params.ignore_eos, params.stop_token_ids = True, []
        return params


@dataclass
class Commanding(FixedLength):
    """Cuts replies into stretches, has all but the last end in a command, and remembers what it was asked."""

    tokens: int = 0
    """Length of a reply."""
    asked: list[list[Request]] = field(init=False, default_factory=list)
    """The requests of each turn."""

    async def complete(self, request: Request) -> Completion:
        """Sample one stretch; the whole reply where no command can be run."""
        stretch = self.tokens // (len(COMMANDS) + 1) if request.stop else self.tokens
        turn = (self.tokens - request.max_tokens) // stretch
        request = replace(request, max_tokens=stretch)
        self.asked += [[] for _ in range(turn + 1 - len(self.asked))]
        self.asked[turn].append(request)
        completion = await super().complete(request)
        if request.stop and turn < len(COMMANDS):
            return replace(completion, text=f"<bash>{COMMANDS[turn]}</bash>", stopped="stop")
        return replace(completion, stopped="end")

    def again(self, *, alike: bool) -> float:
        """Have the bare engine do the same once more; return seconds.

        Args:
            alike: Whether it also gives log-probabilities, draws from a seed a request and looks for `</bash>`.
        """

        def generate() -> None:
            for requests in self.asked:
                prompts = [{"prompt_token_ids": list(request.tokens)} for request in requests]
                params = [self._params(request) if alike else _plain(request) for request in requests]
                self._llm.generate(prompts, params, use_tqdm=False)

        with Timer() as timer:
            self._stepper.call(generate)
        return timer.seconds


def _plain(request: Request) -> Any:
    from vllm import SamplingParams

    return SamplingParams(temperature=request.temperature, max_tokens=request.max_tokens, ignore_eos=True)


def measure(*, quick: bool) -> list[Figure]:
    """Measure both rows with one engine."""
    count, tokens = (4, 8) if quick else (48, 32)
    say("starting vLLM")
    policy = Commanding(MODEL, dtype=precision(), tokens=tokens)
    try:
        prepared(policy)
    except PolicyError as error:
        raise MissingError(str(error)) from error
    # Single turns are short, and single passes of one arm differ by a tenth: more of them.
    arms = {"vllm-single-turn": ("political-sycophancy", 9), "vllm-multi-turn": ("nudged-rubric", 3)}
    figures = [
        _against_bare(name, policy, played, count, 1 if quick else repetitions)
        for name, (played, repetitions) in arms.items()
    ]
    policy.close()
    return figures


def _against_bare(name: str, policy: Commanding, played: str, count: int, repetitions: int) -> Figure:
    """Measure one environment, after a pass of each arm that warms up."""
    world, tokens = environment(played), policy.tokens
    episodes = plays(world, count)

    def ours() -> float:
        policy.asked.clear()
        seconds, finished = play(prepared(policy), world, episodes, Sampling(max_tokens=tokens))
        assert all(episode.sampled_tokens == tokens for episode in finished)
        return count * tokens / seconds

    def bare(*, alike: bool) -> float:
        prepared(policy)
        return count * tokens / policy.again(alike=alike)

    ours()
    bare(alike=False)
    arms = (
        telling(f"{name}: gameable", ours),
        telling(f"{name}: bare vLLM", lambda: bare(alike=False)),
        telling(f"{name}: bare vLLM, sampling alike", lambda: bare(alike=True)),
    )
    rounds = [[arm() for arm in arms] for _ in range(repetitions)]
    alike = statistics.median(played / like for played, _, like in rounds)
    pairs = [(played, plain) for played, plain, _ in rounds]
    note = f"{medians(pairs)} tok/s; {count} episodes of {tokens} tokens, {precisely()}. "
    return Figure(name, pairs, f"{note}{alike:.2f} of bare vLLM with log-probabilities and a seed a request, as ours.")


if __name__ == "__main__":
    command(measure)
