"""What an episode costs outside the model: gameable against PrimeIntellect's verifiers.

    python benchmarks/episode_verifiers.py [--quick] [--json FILE]

As in `episode_inspect.py`. Compared is a version whose environments run in the caller's process, which is the cheapest
way; 0.4 starts a program for each rollout and talks to it over HTTP.
"""

from __future__ import annotations

from measure import Figure, command, in_turn
from overhead import Overhead

LIBRARY = "verifiers==0.1.14"


def measure(*, quick: bool) -> list[Figure]:
    """Measure the one row."""
    overhead, repetitions = (Overhead(32, 8), 1) if quick else (Overhead(1000, 200), 3)
    pairs = in_turn(overhead.theirs(LIBRARY, "verifiers_episodes.py"), overhead.ours(), repetitions)
    return [Figure("episode-verifiers", pairs, overhead.about(pairs, LIBRARY))]


if __name__ == "__main__":
    command(measure)
