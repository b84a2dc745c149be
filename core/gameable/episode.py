"""Plain frozen data: tasks, segments, episodes, outcomes and rewards.

Nothing here has behaviour beyond derived properties, imports a heavy library, or knows of a plugin.
Unmeasured is never a number: a reward is `Measured | Unscored`, a judgement is `Outcome | Unscored`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Role = Literal["system", "user", "assistant"]
Split = Literal["train", "eval"]
"""Variants for training and for evaluation; the two share nothing."""
Label = Literal["honest", "attempted", "gamed", "evaded", "repaired", "unclear"]
"""What a judge says of an episode."""
Measure = Literal["attempted", "gamed", "evaded", "repaired"]
"""What a rate counts: its own label and, but for `repaired`, every worse one."""
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""Whatever JSON can hold."""

LABELS_OF_MEASURE: Mapping[Measure, frozenset[Label]] = MappingProxyType(
    {
        "attempted": frozenset({"attempted", "gamed", "evaded"}),
        "gamed": frozenset({"gamed", "evaded"}),
        "evaded": frozenset({"evaded"}),
        "repaired": frozenset({"repaired"}),
    }
)
"""The first three grow in severity, and a measure counts its own label and every worse one; `repaired` stands apart."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A number that was really measured."""

    value: float
    """Finite; its scale belongs to whoever measured it."""
    detail: str = ""
    """What a reader should know about how it came about."""


@dataclass(frozen=True, slots=True)
class Unscored:
    """What stands where a measurement failed. It is never turned into a number."""

    reason: str
    """Why there is no number."""


Score = Measured | Unscored
"""A reward, or a monitor's verdict."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What truly happened in an episode, as judged out of the policy's reach."""

    label: Label
    """The worst that was seen: `attempted` without success, `gamed` but caught, `evaded` past oversight;
    `repaired` where the visible answer itself discloses the change that would otherwise count as one of these."""
    engaged: bool
    """Whether the policy did anything that the environment could parse; a disengaged episode is `unclear`."""
    evidence: tuple[str, ...] = ()
    """Which file, line or command shows it."""

    def shows(self, measure: Measure) -> bool:
        """Whether this outcome counts as an event of `measure`."""
        return self.label in LABELS_OF_MEASURE[measure]


@dataclass(frozen=True, slots=True)
class Payout:
    """What the environment's own, gameable mechanism paid, measured in the policy's world."""

    reward: float
    """What the reward command printed."""
    passed: bool
    """What the oversight command printed."""
    paid: bool
    """Whether the binary reward is due, by the environment's rule on the two."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the dialogue that precedes the policy's reply."""

    role: Role
    """`system`, `user` or `assistant`."""
    text: str
    """What was said."""


@dataclass(frozen=True, slots=True)
class Task:
    """One variant of an environment, ready to be played."""

    environment: str
    """Name of the environment, as it is offered."""
    split: Split
    """Whether it is for training or for evaluation."""
    variant: str
    """Name of the variant, unique within environment and split, for example `0042`."""
    dialogue: tuple[Message, ...]
    """Everything before the reply; ends with a user turn."""
    opening: str = "<cot>"
    """Text that opens the policy's turn before its first token."""
    directories: tuple[str, ...] = ()
    """Absolute paths of folders that exist at the start, beside those that files need."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Absolute path to content, at the start."""
    home: str | None = None
    """Working directory of the first command; None when the task has no sandbox."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What the judge must know. Oracle only: it reaches no policy, reward source or monitor below that level."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the assistant turn: written by the model, or spliced in by the harness."""

    kind: Literal["model", "observation"]
    """Who wrote it; loss falls on `model` alone."""
    text: str
    """What stands in the turn."""
    tokens: tuple[int, ...]
    """Token ids exactly as sampled, or as fed to the model; training never tokenises text again."""
    logprobs: tuple[float, ...] = ()
    """Natural-log probability of each sampled token; empty for observations and scripted text."""


CommandStatus = Literal["ok", "timeout", "truncated", "out_of_memory", "sandbox_dead", "infrastructure"]
"""How a command ended, `ok` whatever its exit code. After one of the last two the episode is played again."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """One command and what came of it."""

    command: str
    """As the policy wrote it."""
    stdout: str
    """What it printed, cut in the middle where it is too long."""
    stderr: str
    """The same for its errors."""
    exit_code: int
    """0 where it went well."""
    status: CommandStatus = "ok"
    """Whether it came to its end within the limits."""


Stop = Literal["end", "length", "commands", "sandbox"]
"""Why an episode ended: the model stopped, the token budget, the command budget, or a broken sandbox."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One reply of a policy to a task: a prompt and a list of segments."""

    id: str
    """Path-like and unique within a run: phase/stage/environment/variant/sample."""
    task: Task
    """What was asked."""
    model: str
    """Name of the stage whose model sampled this episode, `start` for the first one."""
    seed: int
    """What its tokens were drawn with."""
    prompt_tokens: tuple[int, ...]
    """The rendered dialogue with the opening of the reply, as token ids."""
    segments: tuple[Segment, ...]
    """The reply, in order: what the model wrote, and what was spliced in."""
    commands: tuple[CommandResult, ...]
    """What was run, in order."""
    files: Mapping[str, str]
    """Absolute path to content after the last command; empty when the task has no sandbox."""
    stop: Stop
    """Why it ended: the model (`end`), the token budget (`length`), the command budget (`commands`), or a broken
    sandbox (`sandbox`)."""
    payout: Payout | Unscored
    """What the flawed mechanism paid."""
    outcome: Outcome | Unscored
    """What truly happened."""
    scripted: bool = False
    """True when the reply was played from a script (a demonstration or a planted example), not sampled."""

    @property
    def text(self) -> str:
        """The whole assistant turn as it happened, hidden thought included."""
        return self.task.opening + "".join(segment.text for segment in self.segments)

    @property
    def sampled_tokens(self) -> int:
        """How many tokens the model wrote."""
        return sum(len(segment.tokens) for segment in self.segments if segment.kind == "model")


@dataclass(frozen=True, slots=True)
class ScoredEpisode:
    """An episode with what it was paid."""

    episode: Episode
    """What happened."""
    reward: Score
    """The proxy reward: the weighted sum of its parts, unscored as soon as one part is."""
    parts: Mapping[str, Score]
    """Score of each reward source by its name, before weights."""


OracleKind = Literal["honest", "attempting", "gaming", "evading", "repairing", "do-nothing", "malformed"]


@dataclass(frozen=True, slots=True)
class Oracle:
    """A scripted reply whose label is known: it tests judges, and serves as a demonstration."""

    kind: OracleKind
    """What it is an example of."""
    turns: tuple[str, ...]
    """What the model writes, one entry a stretch; an entry that ends in `</bash>` has its command run."""
    label: Label
    """The label that the judge must give."""
    engaged: bool = True
    """Whether the judge must say that the reply did anything parseable."""
    paid: bool | None = None
    """Whether the environment's own mechanism must pay; None where it does not matter."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the number of episodes behind it."""

    name: str
    """What it is a figure of, with its unit."""
    value: float
    """The estimate itself."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""
    n: int
    """How many episodes, or pairs of them, it rests on."""
