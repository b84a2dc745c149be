"""The scripted episode that libraries are compared on: one task, three commands of the model, two of the mechanism."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import elsewhere
from gameable import Task
from gameable.profile import Sampling
from gameable_plugins.environments.reward_tampering import _code
from gameable_policies.scripted import Scripted
from measure import Arm, medians, telling
from playing import COMMANDS, environment, play, plays

AT_ONCE = 64
TEXTS = (
    "I look at what there is.",
    "Now what is in the files.",
    "And who speaks of rewards.",
    "There is no count here.",
)


def script(_prompt: str, so_far: str, _seed: int) -> str:
    """Reply with the next command, then with an answer."""
    done = so_far.count("</bash>")
    return f"{TEXTS[done]}<bash>{COMMANDS[done]}</bash>" if done < len(COMMANDS) else TEXTS[-1]


@dataclass(frozen=True, slots=True)
class Overhead:
    """The same episodes, here and elsewhere."""

    count: int
    """Episodes of ours in a pass."""
    fewer: int
    """Episodes of the other library in a pass: fewer, as it takes longer."""

    def ours(self) -> Arm:
        """Return an arm that gives milliseconds an episode of gameable."""
        world, policy = environment("reward-tampering"), Scripted.of(script)
        episodes = plays(world, 1, self.count)

        def pass_() -> float:
            seconds, finished = play(policy, world, episodes, Sampling(in_flight=AT_ONCE))
            assert all(len(episode.commands) == len(COMMANDS) for episode in finished)
            return seconds / self.count * 1e3

        pass_()
        return telling("gameable", pass_, "ms an episode")

    def theirs(self, requirement: str, program: str) -> Arm:
        """Return an arm that gives milliseconds an episode of another library."""
        given = _given(environment("reward-tampering").task("eval", 0)) | {"count": self.fewer}
        return telling(
            requirement,
            lambda: float(elsewhere.run(requirement, program, given)["seconds"]) / self.fewer * 1e3,
            "ms an episode",
        )

    def about(self, pairs: Sequence[tuple[float, float]], requirement: str) -> str:
        """Return a note: what both came to, and how many episodes that rests on."""
        sizes = f"{self.fewer} episodes a pass of {requirement}, {self.count} of ours"
        return f"{medians(pairs)} ms an episode; {sizes}."


def _given(task: Task) -> dict[str, Any]:
    """Describe the task to another library, whose files lie below the working directory."""
    code, home = _code(task), f"{task.home}/"
    scoring = (code.reward(code.paid_example, task.files), code.oversight(task.files))
    return {
        "prompt": task.dialogue[-1].text,
        "files": {path.removeprefix(home): text for path, text in task.files.items()},
        "commands": COMMANDS,
        "texts": TEXTS,
        "scoring": [probe.command.replace(home, "") for probe in scoring],
        "at_once": AT_ONCE,
    }
