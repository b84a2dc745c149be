"""The two local backends on the same episodes, on this machine.

    python benchmarks/vllm_hf.py [--quick] [--json FILE]

Both play the same evaluation, judged and stored. Replies end where the model ends them, so lengths differ a little and
tokens a second are compared.
"""

from __future__ import annotations

from gameable import PolicyError
from gameable.profile import Sampling
from gameable_policies.hf import HuggingFace
from gameable_policies.vllm import VLLM
from measure import Figure, MissingError, command, in_turn, medians, say, telling
from playing import MODEL, environment, plays, precisely, precision, prepared, speed


def measure(*, quick: bool) -> list[Figure]:
    """Measure the one row."""
    count, tokens, repetitions = (4, 8, 1) if quick else (48, 32, 3)
    world, sampling = environment("political-sycophancy"), Sampling(max_tokens=tokens)
    episodes = plays(world, count)
    vllm, hf = VLLM(MODEL, dtype=precision()), HuggingFace(MODEL, dtype=precision())
    say("starting vLLM")
    try:
        prepared(vllm)
    except PolicyError as error:
        raise MissingError(str(error)) from error
    fast = telling("vllm", lambda: speed(prepared(vllm), world, episodes, sampling))
    plain = telling("hf", lambda: speed(prepared(hf), world, episodes, sampling))
    fast()
    plain()
    pairs = in_turn(fast, plain, repetitions)
    vllm.close()
    hf.close()
    return [Figure("vllm-hf", pairs, f"{medians(pairs)} tok/s; {count} episodes, {precisely()}.")]


if __name__ == "__main__":
    command(measure)
