"""What an episode costs outside the model: gameable against inspect-ai.

    python benchmarks/episode_inspect.py [--quick] [--json FILE]

A scripted policy here and inspect-ai's mock model there say the same, run the same three commands and are scored by the
same two; every episode is stored. Both play 64 at once. Start and imports are not counted.
"""

from __future__ import annotations

from measure import Figure, command, in_turn
from overhead import Overhead

LIBRARY = "inspect-ai==0.3.285"


def measure(*, quick: bool) -> list[Figure]:
    """Measure the one row."""
    overhead, repetitions = (Overhead(32, 8), 1) if quick else (Overhead(1000, 128), 3)
    pairs = in_turn(overhead.theirs(LIBRARY, "inspect_episodes.py"), overhead.ours(), repetitions)
    return [Figure("episode-inspect", pairs, overhead.about(pairs, LIBRARY))]


if __name__ == "__main__":
    command(measure)
