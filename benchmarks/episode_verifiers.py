"""What an episode costs outside the model: gameable against PrimeIntellect's verifiers.

    python benchmarks/episode_verifiers.py [--quick] [--json FILE]

As in `episode_inspect.py`. Compared is the last version whose environments run in the caller's process (0.1.14): newer
ones start a program for each rollout and talk to it over HTTP, which takes far longer.
"""

from __future__ import annotations

from measure import Figure, command, in_turn, medians
from overhead import Overhead


def measure(*, quick: bool) -> list[Figure]:
    """Measure the one row."""
    overhead, repetitions = (Overhead(32, 8), 1) if quick else (Overhead(1000, 200), 3)
    pairs = in_turn(overhead.elsewhere("verifiers==0.1.14", "verifiers_episodes.py"), overhead.ours(), repetitions)
    note = f"{medians(pairs)} ms an episode; {overhead.theirs} and {overhead.count} episodes a pass, no sandbox there."
    return [Figure("episode-verifiers", pairs, note)]


if __name__ == "__main__":
    command(measure)
