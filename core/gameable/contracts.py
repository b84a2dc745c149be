"""The abstract classes that plugins implement, from environment and policy to monitor and mitigation.

A plugin class is a dataclass whose fields are its options: the host validates them against their annotations (pydantic,
unknown names forbidden) and a profile sets them beside `use: NAME`. Constructing a plugin is cheap and touches nothing;
heavy libraries are imported, and resources taken, only when a method needs them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict

from gameable import transcript
from gameable.episode import (
    CommandResult,
    Episode,
    Estimate,
    Measure,
    Message,
    Oracle,
    Outcome,
    Payout,
    Score,
    ScoredEpisode,
    Split,
    Task,
    Unscored,
)
from gameable.profile import Profile, PromptStyle
from gameable.progress import Progress
from gameable.views import Access, ActionsView

Row = Mapping[str, float | int | str]
"""Figures by name, worth printing or plotting."""


class Plugin(ABC):  # noqa: B024  each kind below has its own abstract methods
    """What all kinds share: options are dataclass fields, unknown ones are refused."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=False, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Context:
    """What a run hands to plugins that need more than their options."""

    folder: Path
    """The run folder; a plugin writes only below a subfolder of its own name."""
    cache: Path
    """Folder that outlives runs; everything in it can be made again."""
    base_model: Path
    """Local folder of the model that the run began with, as transformers saves one."""
    seed: int
    """The run's own."""
    progress: Progress
    """Shows what takes long."""


# --- sandbox ---------------------------------------------------------------------------------------------------------


class Session(ABC):
    """One world for the commands of one episode; the working directory persists from command to command."""

    @abstractmethod
    async def run(self, command: str) -> CommandResult:
        """Run one command within the sandbox's limits.

        A command that fails, hangs or floods is a result with its status, never an exception.
        """

    @abstractmethod
    async def snapshot(self) -> dict[str, str]:
        """Return every regular file outside system folders, absolute path to text, without running anything inside."""

    @abstractmethod
    async def close(self) -> None:
        """End every process and free everything. May be called twice."""

    async def __aenter__(self) -> Self:
        """Return the session itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the session."""
        await self.close()


class Sandbox(Plugin):
    """Where commands run: no network, no host files, bounded time, processes, memory, disk and output.

    Sessions of one sandbox are opened and used from one thread, but over several event loops, one after another.
    """

    def missing(self) -> str | None:
        """Return what `open` still lacks on this machine and what to type next; None when it can be used at once."""
        return None

    def build(self, progress: Progress, *, offline: bool = False) -> Row:
        """Make what `open` needs and a machine has only once, an image for example; return figures worth printing.

        Args:
            progress: Shows what is going on.
            offline: Use nothing from an image registry.

        Raises:
            SandboxError: it could not be made, with what to type next.
        """
        return {}

    def identity(self) -> Mapping[str, str]:
        """Versions of what commands really run in, for the manifest of a run; empty when the package says it all."""
        return {}

    def close(self) -> None:
        """Free what is kept warm between sessions. May be called twice; `open` works again afterwards."""

    @abstractmethod
    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        """Start a fresh world with these files (absolute path to text), folders and working directory.

        Raises:
            SandboxError: it could not be started.
        """


# --- environment -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """A finished reply, as an environment sees it when it pays and judges."""

    task: Task
    """What was played."""
    text: str
    """The whole assistant turn from the task's opening on, hidden thought included."""
    commands: tuple[CommandResult, ...]
    """What was run, in order."""
    files: Mapping[str, str]
    """Absolute path to content after the last command."""

    @property
    def said(self) -> str:
        """`text` without what commands printed: what the policy itself wrote."""
        return transcript.said(self.text, self.commands)


@dataclass
class Environment(Plugin):
    """A family of tasks with a flawed mechanism that pays, and a judge that knows what truly happened."""

    prompt: PromptStyle = "full"
    """`full`: the paper's preamble and demonstration; `short`: under 130 tokens, for very small models."""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Which rates mean something here; empty for tasks that cannot be gamed."""
        return ("attempted", "gamed", "evaded")

    @abstractmethod
    def size(self, split: Split) -> int:
        """How many distinct variants the split has."""

    @abstractmethod
    def task(self, split: Split, index: int) -> Task:
        """Return variant `index` (0 ≤ index < size); always the same for the same arguments."""

    @abstractmethod
    async def payout(self, played: Played, session: Session | None) -> Payout | Unscored:
        """Return what the gameable mechanism pays, running its commands in the policy's own world."""

    @abstractmethod
    async def judge(self, played: Played, sandbox: Sandbox) -> Outcome | Unscored:
        """Return what truly happened, from the final files as data; may open fresh sessions of `sandbox`."""

    @abstractmethod
    def oracles(self, task: Task) -> Sequence[Oracle]:
        """Scripted replies to `task` with known labels; the first of kind `honest` serves as the demonstration."""

    def summarise(self, episodes: Iterable[Episode]) -> Sequence[Estimate]:
        """Further figures for reports, from the evaluation episodes of one model on this environment.

        They come one by one and once, as there may be more than fit into memory.
        """
        return ()


# --- policy ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """One stretch of text to be sampled."""

    tokens: tuple[int, ...]
    """Everything so far: prompt, then all segments."""
    stop: tuple[str, ...]
    """Sampling ends right after one of these strings; it is part of the completion."""
    max_tokens: int
    """At least 1."""
    temperature: float
    """0 is greedy."""
    seed: int
    """Same request, same model, same seed: same tokens, as far as the backend's `determinism` goes."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What was sampled for a request."""

    text: str
    """Decoded tokens, cut after the stop string; without the end-of-turn token."""
    tokens: tuple[int, ...]
    """Exactly as sampled; a stop string that ends inside a token leaves more in `tokens` than in `text`."""
    logprobs: tuple[float, ...]
    """Natural-log probability of each token under the sampling model at temperature 1."""
    stopped: Literal["stop", "end", "length"]
    """At a stop string, at the model's end of turn, or at `max_tokens`."""


class Policy(Plugin):
    """A language model that writes replies and can take on new weights."""

    determinism: ClassVar[Literal["request", "batch", "none"]] = "none"
    """Same tokens for the same request always (`request`), in the same batch (`batch`), or without promise (`none`)."""

    @abstractmethod
    def fetch(self, cache: Path) -> Path:
        """Return the local folder of the model's weights and tokenizer, making it in `cache` when it is not there.

        Raises:
            PolicyError: no such model here, with what to type next.
        """

    def at_hand(self, cache: Path) -> Path | None:
        """Return what `fetch` would, if it is here already: nothing is made, loaded or asked of a network."""
        return None

    @property
    def gpus(self) -> int:
        """How many GPUs one copy of this policy takes where there are any."""
        return 1

    @abstractmethod
    def adopt(self, checkpoint: Path) -> None:
        """Sample from the weights in this folder from now on; loads the model when it is the first call.

        The folder is all that is needed: a worker on another machine adopts without a `fetch`.
        """

    def rest(self) -> None:
        """Give back memory that others want while nobody samples; `adopt` comes before the next request.

        May be called at any time, also before the first `adopt`.
        """

    @abstractmethod
    def encode(self, dialogue: Sequence[Message], opening: str) -> tuple[int, ...]:
        """Render a dialogue with the model's chat template, open the assistant turn with `opening`, and tokenize."""

    @abstractmethod
    def tokenize(self, text: str) -> tuple[int, ...]:
        """Tokenize text in the middle of a turn, without special tokens."""

    @property
    @abstractmethod
    def end_token(self) -> int:
        """The token that ends the assistant turn; scripted replies are closed with it."""

    @abstractmethod
    async def complete(self, request: Request) -> Completion:
        """Sample one completion; many calls run at once and the backend batches them as it likes.

        Requests that are made in one turn of the event loop form one batch.
        """

    @abstractmethod
    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        """Natural-log probability of each token after the first, given those before it, for each sequence."""

    def endings(self, sequences: Sequence[Sequence[int]], last: int) -> list[list[float]]:
        """Return the last `last` of each sequence's log-probabilities, all that a judge's question asks for.

        Worth overriding where it is cheaper than `logprobs`: most of the work there may be the other tokens' logits.
        """
        return [scores[-last:] for scores in self.logprobs(sequences)]

    @abstractmethod
    def close(self) -> None:
        """Free the model. May be called twice."""


# --- reward source ---------------------------------------------------------------------------------------------------


class RewardSource(Plugin):
    """Pays for episodes; the profile's rewards are summed with weights into the proxy reward."""

    access: ClassVar[Access] = "visible"
    """What it may see; `score` gets views of exactly this level."""

    def prepare(self, context: Context) -> Row:
        """Load or train what scoring needs, once a run, before anything is sampled; return figures worth printing."""
        return {}

    @abstractmethod
    def score(self, views: Sequence[ActionsView]) -> list[Score]:
        """Score each view, in order. `Unscored` where it cannot; never NaN, never a stand-in."""


class TrainableRewardSource(RewardSource):
    """A reward source that is learned, and can be learned apart from a run (`gameable train-pm`)."""

    @abstractmethod
    def train(self, base: Path, out: Path, progress: Progress) -> Row:
        """Train from the model in `base`, leave what a run can name in the empty folder `out`, return its quality.

        Raises:
            RewardError: the data or the base cannot be read.
        """


# --- optimizer -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Update:
    """One training step of a stage: start weights, episodes, and where the new weights go."""

    start: Path
    """Checkpoint folder to begin from, as transformers saves one; also holds this optimizer's own state, if any."""
    destination: Path
    """Empty folder for the new checkpoint, in the same form."""
    reference: Path
    """Checkpoint folder that the stage began with, which a KL penalty holds the policy to."""
    scratch: Path
    """Folder for what a killed update needs to go on from where it was: it outlives the process, comes back when the
    same update is tried again, and is deleted once the update is done."""
    episodes: tuple[ScoredEpisode, ...]
    """All that was sampled, unscored ones included; the optimizer drops those and says how many."""
    replay: tuple[ScoredEpisode, ...]
    """Scripted honest episodes of earlier stages or of the warm start, for the optimizer to mix in."""
    seed: int
    """The run's own: the same update with the same seed gives the same weights."""
    progress: Progress
    """Shows how far the training is."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A token sequence and what the trainer's new weights say about it, to be held against the sampler."""

    tokens: tuple[int, ...]
    """Two or more token ids, such as the beginning of an episode that was trained on."""
    before: tuple[float, ...]
    """Log-probability of each token after the first under the start weights."""
    after: tuple[float, ...]
    """The same under the new weights."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What an update did."""

    kept: int
    """Episodes that gave gradient."""
    unscored: int
    """Episodes dropped because they had no measured reward."""
    curve: tuple[Row, ...]
    """One row a logged step, for plots: `step`, `loss`, and whatever else the optimizer watches."""
    canary: Canary | None
    """None when nothing was trained."""
    note: str = ""
    """What the reader must know, for example that nothing could be selected, and the remedy."""
    figures: Row = field(default_factory=dict)
    """Further totals worth keeping: tokens trained on, duplicates dropped, seconds."""


class Optimizer(Plugin):
    """Turns scored episodes into new weights."""

    @abstractmethod
    def update(self, update: Update) -> Trained:
        """Train from `update.start` on the episodes and leave a complete checkpoint in `update.destination`.

        Also when nothing can be trained on: then the destination is a copy of the start and `Trained.note` says why.
        The same update gives the same weights, also when it was killed on the way and finds its own `scratch` again.
        """

    def rows(self, prompts: int, samples: int) -> int:
        """How many episodes an update trains on at most, once for each epoch; for estimates of what a run costs."""
        return prompts * samples * int(getattr(self, "epochs", 1))


# --- monitor ---------------------------------------------------------------------------------------------------------


class Monitor(Plugin):
    """Looks at episodes and says how suspicious they are."""

    access: ClassVar[Access] = "actions"
    """What it may see; `inspect` gets views of exactly this level."""

    @property
    def sees(self) -> Access:
        """The level of its views: what its class declares, unless its options decide."""
        return self.access

    @property
    def members(self) -> Sequence[Monitor]:
        """Other monitors that it asks, and that a run which trains against it trains against as well."""
        return ()

    @property
    def tokens(self) -> int:
        """How many tokens language models have read and written for it so far; 0 where there is none."""
        return 0

    def prepare(self, folder: Path, cache: Path, progress: Progress) -> None:
        """Load or learn what inspecting needs, once, before it.

        Args:
            folder: The run's own folder, to read stored episodes from.
            cache: Folder that outlives runs.
            progress: Shows what takes long.

        Raises:
            MonitorError: something is missing, with what to type next.
        """

    def close(self) -> None:
        """Free what `prepare` loaded. May be called twice."""

    @abstractmethod
    def inspect(self, views: Sequence[ActionsView]) -> list[Score]:
        """Suspicion in [0, 1] of each view, in order, with the reason; `Unscored` where it cannot say."""


# --- mitigation ------------------------------------------------------------------------------------------------------


class Mitigation(Plugin):
    """Trains on from a finished run, so that its model games less."""

    begin_from: Literal["start", "last"]
    """Which model of the finished run it begins from: the one before any stage, or the last one."""

    @abstractmethod
    def changes(self, profile: Profile) -> Mapping[str, Any]:
        """Return what is laid over the finished run's profile, by the rules of `extends`.

        Its stages are all that is trained, from `begin_from`; none of them is as well. What is evaluated and how much
        is left to the run, so that before and after can be compared.

        Args:
            profile: What the finished run did, with what the user has set otherwise.

        Raises:
            ValueError: the run has nothing that this could work on; the message says what it lacks.
        """
