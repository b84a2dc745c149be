"""What is claimed, against what, and how a measurement is held against it: the table of the README as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the table."""

    what: str
    """What is measured."""
    against: str
    """What it is compared with, in the same run."""
    bound: Literal["at least", "at most"]
    """Which side of the target is the good one."""
    target: float
    script: str
    """Script in this folder that measures it."""
    unit: str = ""
    """Of ratio and target; empty where they are ratios."""

    def met(self, ratio: float) -> bool:
        """Whether a measured ratio keeps the claim."""
        return ratio >= self.target if self.bound == "at least" else ratio <= self.target


CLAIMS: Mapping[str, Claim] = {
    "vllm-single-turn": Claim(
        "tokens/s of an evaluation on vLLM, single turn",
        "bare `vllm.LLM.generate`, same prompts and lengths",
        "at least",
        0.95,
        "vllm_overhead",
    ),
    "vllm-multi-turn": Claim(
        "tokens/s of an evaluation on vLLM, several turns with sandbox commands",
        "bare `vllm.LLM.generate`, same prompts, as many tokens",
        "at least",
        0.85,
        "vllm_overhead",
    ),
    "episode-inspect": Claim(
        "time an episode outside the model, with commands, everything stored",
        "inspect-ai with its mock model, same task and commands: how many times its time",
        "at least",
        10,
        "episode_inspect",
    ),
    "episode-verifiers": Claim(
        "the same",
        "PrimeIntellect's verifiers with a mock client: how many times its time",
        "at least",
        5,
        "episode_verifiers",
    ),
    "hf-64-samples": Claim(
        "tokens/s of 64 samples of one prompt, HF backend",
        "`model.generate(num_return_sequences=64)`",
        "at least",
        1.5,
        "hf_samples",
    ),
    "hf-one-by-one": Claim(
        "the same",
        "`model.generate`, one call a sample",
        "at least",
        10,
        "hf_samples",
    ),
    "vllm-hf": Claim(
        "tokens/s of the vLLM backend on a CPU",
        "HF backend, same episodes",
        "at least",
        1.7,
        "vllm_hf",
    ),
    "expert-iteration": Claim(
        "time of an expert-iteration update",
        "a bare TRL `SFTTrainer` script on the same token ids",
        "at most",
        1.05,
        "expert_iteration",
    ),
    "ppo": Claim(
        "time a token of a PPO update",
        "TRL's GRPO update on the same tokens, same model",
        "at most",
        1.3,
        "ppo",
    ),
    "store-bytes": Claim(
        "durable appends of real-sized episodes to the store",
        "the same bytes written and fsynced by hand",
        "at least",
        0.8,
        "store_appends",
    ),
    "store-episodes": Claim(
        "the same",
        "–",
        "at least",
        2000,
        "store_appends",
        "episodes/s",
    ),
    "scale-memory": Claim(
        "peak memory of 100,000 scripted evaluation episodes",
        "1,000 of them",
        "at most",
        1.2,
        "scale",
    ),
    "scale-time": Claim(
        "time an episode of 100,000 scripted evaluation episodes",
        "1,000 of them",
        "at most",
        1.1,
        "scale",
    ),
    "quickstart-time": Claim(
        "quickstart, start to report, two cores",
        "–",
        "at most",
        20,
        "quickstart",
        "minutes",
    ),
    "quickstart-memory": Claim(
        "peak memory of the quickstart",
        "–",
        "at most",
        8,
        "quickstart",
        "GiB",
    ),
}
