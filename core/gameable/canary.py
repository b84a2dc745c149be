"""Checks that the policy that samples is the policy that was trained.

Weights that look adopted may not be: an engine can keep a stale copy of one layer and go on writing plausible text.
After every adoption the sampler must agree with the trainer on one sequence, to within rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

from gameable.contracts import Canary, Policy
from gameable.errors import PolicyError

TOLERANCE = 0.15
"""Mean absolute difference of log-probabilities, in nats a token; bfloat16 against float32 was measured at 0.05."""


def check(policy: Policy, canary: Canary) -> float:
    """Hold the sampler against the trainer and return their gap, in nats a token.

    Raises:
        PolicyError: the gap is beyond rounding, or the sampler is nearer to the old weights than to the new ones.
    """
    seen = policy.logprobs([canary.tokens])[0]
    gap, stale = _distance(seen, canary.after), _distance(seen, canary.before)
    moved = _distance(canary.before, canary.after)
    if gap > TOLERANCE or (gap > stale and moved > TOLERANCE / 2):
        raise PolicyError(
            f"the policy did not take on the new weights: its log-probabilities are {gap:.3f} nats a token from the "
            f"trainer's (old weights: {stale:.3f}, tolerance {TOLERANCE}). Nothing more was sampled. "
            "This is a fault in the `adopt` of the policy backend."
        )
    return gap


def _distance(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(abs(a - b) for a, b in zip(left, right, strict=True)) / len(left)
