"""What a run will cost, before anything is spent: tokens by kind, and GPU-hours from a simple model.

A token costs 2 FLOPs a parameter where the model reads or writes it and 6 where it is trained on (Kaplan et al. 2020,
section 2.1). Hours follow from the peak of one GPU and the share of it that each kind of work reaches, which is assumed
and not measured: `USE` has a range of it. Nothing is downloaded and no model is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import ceil
from pathlib import Path
from types import MappingProxyType

from gameable.assembly import Parts
from gameable.contracts import Environment, TrainableRewardSource
from gameable.episode import Split, Task
from gameable.plan import shares
from gameable.profile import START, Profile, Stage
from gameable.sizes import Size, size_of

PEAK = 312e12
"""FLOPs a second of the GPU that hours are given for: NVIDIA A100, bfloat16, dense (data sheet)."""
WRITTEN = 0.5
"""Share of the tokens that a reply may have which it is expected to have."""
USE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"prefill": (0.2, 0.5), "sampled": (0.01, 0.1), "trained": (0.2, 0.45), "scored": (0.2, 0.5)}
)
"""Share of the peak that each kind of work reaches, from plain to well-tuned software. Sampling is bound by memory."""
_FLOPS: Mapping[str, int] = MappingProxyType({"prefill": 2, "sampled": 2, "trained": 6, "scored": 2})
KINDS = tuple(_FLOPS)
"""Kinds of work, as `Tokens` names them."""
_RENDERED = 8
"""Tasks of an environment whose length is measured."""
_CHARACTERS = 4
"""Characters a token where no tokenizer is at hand."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Numbers of tokens."""

    prefill: int = 0
    """Read by the policy: prompts and what commands printed."""
    sampled: int = 0
    """Written by the policy."""
    trained: int = 0
    """Of the rows that an optimizer trains on, context included, once for each epoch."""
    scored: int = 0
    """Read by reward models."""

    def __add__(self, other: Tokens) -> Tokens:
        """Add each kind."""
        return Tokens(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def times(self, factor: int) -> Tokens:
        """Multiply each kind."""
        return Tokens(*(getattr(self, each.name) * factor for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is expected, and what can be at most."""

    expected: Tokens = Tokens()
    most: Tokens = Tokens()

    def __add__(self, other: Bounds) -> Bounds:
        """Add both."""
        return Bounds(self.expected + other.expected, self.most + other.most)

    def times(self, factor: int) -> Bounds:
        """Multiply both."""
        return Bounds(self.expected.times(factor), self.most.times(factor))

    def of(self, kind: str) -> tuple[int, int]:
        """Return both numbers of one kind."""
        return getattr(self.expected, kind), getattr(self.most, kind)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a profile will cost, all seeds together."""

    steps: Mapping[str, Bounds]
    """By step: `start`, the stages, `evaluation`."""
    lengths: str
    """How lengths of prompts were measured."""
    policy: Size | None
    """None where nobody knows."""
    judge: Size | None
    """The reward model; None where there is none, or nobody knows its size."""

    @property
    def total(self) -> Bounds:
        """All steps together."""
        return sum(self.steps.values(), Bounds())

    @property
    def gpu_hours(self) -> tuple[float, float] | None:
        """Hours on one GPU: expected tokens at the best use, most tokens at the worst; None without a size."""
        if self.policy is None or (self.judge is None and self.total.most.scored):
            return None
        return self._hours(self.total.expected, best=True), self._hours(self.total.most, best=False)

    def dollars(self, price: float) -> tuple[float, float] | None:
        """What those hours cost at `price` dollars each."""
        return (self.gpu_hours[0] * price, self.gpu_hours[1] * price) if self.gpu_hours else None

    def _hours(self, tokens: Tokens, *, best: bool) -> float:
        seconds = 0.0
        for kind, flops in _FLOPS.items():
            size = self.judge if kind == "scored" else self.policy
            parameters = size.parameters if size else 0.0
            seconds += flops * parameters * getattr(tokens, kind) / (PEAK * USE[kind][best])
        return seconds / 3600


@dataclass(frozen=True, slots=True)
class _Length:
    """Tokens of an average task."""

    prompt: int
    asked: int
    """Of the last message, which reward models see."""
    files: int
    """Of all its files; a policy that looks around is expected to read them once."""


def estimate(profile: Profile, parts: Parts, cache: Path) -> Cost:
    """Return what a profile will cost."""
    folder = parts.policy.at_hand(cache)
    if folder:
        parts.policy.fetch(cache)  # reads the tokenizer; there is nothing to make or to download
    model = _Model(profile, parts, exact=folder is not None)
    steps = {START: model.start()} if profile.start and profile.checkpoint is None else {}
    steps |= {stage.name: model.stage(stage) for stage in profile.stages}
    steps["evaluation"] = model.evaluation()
    policy = size_of(str(profile.policy.options.get("model", "")), folder)
    return Cost(
        steps={name: bounds.times(profile.seeds) for name, bounds in steps.items()},
        lengths="counted by the model's tokenizer" if folder else f"{_CHARACTERS} characters taken for a token",
        policy=policy,
        judge=_judge(profile, parts, policy),
    )


@dataclass(frozen=True, slots=True)
class _Model:
    profile: Profile
    parts: Parts
    exact: bool

    def start(self) -> Bounds:
        wanted = self.profile.start.demonstrations if self.profile.start else {}
        optimizer = self.parts.optimizers[START]
        return sum((self._demonstrated(name, optimizer.rows(count, 1)) for name, count in wanted.items()), Bounds())

    def _demonstrated(self, name: str, rows: int) -> Bounds:
        return self._trained(self._length(name, "train"), rows)

    def stage(self, stage: Stage) -> Bounds:
        prompts = shares(stage.prompts, stage) | ({self.profile.ordinary: stage.ordinary} if stage.ordinary else {})
        rows = self.parts.optimizers[stage.name].rows(sum(prompts.values()), stage.samples)
        played = Bounds()
        for name, count in prompts.items():
            length = self._length(name, "train")
            trained = ceil(rows * count / sum(prompts.values()))
            played += self._played(length, count, stage.samples) + self._scored(length, count * stage.samples)
            played += self._trained(length, trained)
        return played.times(stage.rounds)

    def evaluation(self) -> Bounds:
        wanted = self.profile.evaluation
        played = Bounds()
        for name in wanted.environments:
            length = self._length(name, "eval")
            played += self._played(length, wanted.variants_of(name), wanted.samples_of(name))
        return played.times(len(self.profile.measured))

    def _played(self, length: _Length, variants: int, samples: int) -> Bounds:
        """Samples of a variant share the reading of its prompt, at best."""
        episodes = variants * samples
        read = episodes * length.files
        return Bounds(
            Tokens(prefill=variants * length.prompt + read, sampled=episodes * self._written),
            Tokens(prefill=episodes * length.prompt + read, sampled=episodes * self.profile.sampling.max_tokens),
        )

    def _scored(self, length: _Length, episodes: int) -> Bounds:
        judges = len(_judges(self.profile, self.parts))
        return Bounds(
            Tokens(scored=judges * episodes * (length.asked + self._written)),
            Tokens(scored=judges * episodes * (length.asked + self.profile.sampling.max_tokens)),
        )

    def _trained(self, length: _Length, rows: int) -> Bounds:
        context = length.prompt + length.files
        return Bounds(
            Tokens(trained=rows * (context + self._written)),
            Tokens(trained=rows * (context + self.profile.sampling.max_tokens)),
        )

    @property
    def _written(self) -> int:
        return int(WRITTEN * self.profile.sampling.max_tokens)

    def _length(self, name: str, split: Split) -> _Length:
        tasks = _first(self.parts.environments[name], split)
        asked = [self._tokens(task.dialogue[-1].text) for task in tasks]
        files = [self._tokens("".join(task.files.values())) for task in tasks]
        return _Length(_mean([self._prompt(task) for task in tasks]), _mean(asked), _mean(files))

    def _prompt(self, task: Task) -> int:
        if self.exact:
            return len(self.parts.policy.encode(task.dialogue, task.opening))
        return self._tokens("".join(message.text for message in task.dialogue) + task.opening)

    def _tokens(self, text: str) -> int:
        return len(self.parts.policy.tokenize(text)) if self.exact else ceil(len(text) / _CHARACTERS)


def _first(environment: Environment, split: Split) -> list[Task]:
    return [environment.task(split, index) for index in range(min(_RENDERED, environment.size(split)))]


def _mean(counts: Sequence[int]) -> int:
    return ceil(sum(counts) / len(counts))


def _judges(profile: Profile, parts: Parts) -> list[str]:
    """Return the model that each reward source reads with, by its name; "" for one made from the policy's."""
    return [
        str(reference.options.get("model", ""))
        for reference, reward in zip(profile.rewards, parts.rewards, strict=True)
        if isinstance(reward.source, TrainableRewardSource) or "model" in reference.options
    ]


def _judge(profile: Profile, parts: Parts, policy: Size | None) -> Size | None:
    """Return the largest reward model; one that is made from the policy's model is taken to be as large."""
    sizes = [size_of(name, None) if name else policy for name in _judges(profile, parts)]
    return max((size for size in sizes if size), key=lambda size: size.parameters, default=None)
