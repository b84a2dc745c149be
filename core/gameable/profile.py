"""What a run is: the schema of a profile.

A profile is data. Unknown keys, impossible numbers and a held-out environment in training are refused before anything
is spent.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from gameable.discovery import PluginFile
from gameable.views import Access

START = "start"
"""Name of the first model: before any stage, after the warm start if there is one."""
PromptStyle = Literal["full", "short"]
"""How much scaffolding stands before a task: the paper's, or under 130 tokens for very small models."""
_NAME = r"^[a-z0-9][a-z0-9-]*$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PluginReference(BaseModel):
    """Names a plugin and sets its options: `{use: hf, model: gpt2}`, or just its name."""

    model_config = ConfigDict(extra="allow", frozen=True)

    use: str
    """Name of the plugin."""

    @property
    def options(self) -> dict[str, Any]:
        """The plugin's own options."""
        return dict(self.model_extra or {})


def _named(value: object) -> object:
    return {"use": value} if isinstance(value, str) else value


Reference = Annotated[PluginReference, BeforeValidator(_named)]


def _without_null(value: object) -> object:
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


class Reward(PluginReference):
    """A reward source with its weight in the proxy reward."""

    weight: float = 1.0
    """Factor before summing."""


class EnvironmentReference(PluginReference):
    """How an environment is played: `{NAME: {arm: control}}`, or under another name with `use`."""

    steering: str = ""
    """Text that begins the hidden chain of thought of every reply, before the model's first token."""
    explored: bool = False
    """Whether a scripted look-around (`ls`, `cat`) is played before the model's first token, for models that are too
    small to drive a shell. Its commands are not counted as the model's; reports say that they were there."""


class Start(_Strict):
    """The warm start: honest demonstrations and the optimizer that learns them."""

    demonstrations: dict[str, int] = Field(min_length=1)
    """How many scripted honest episodes of which environment; none of them can be gamed."""
    optimizer: Reference
    """Usually `warm-start`."""


class Stage(_Strict):
    """One stage of the curriculum: sample, score, train."""

    name: str = Field(pattern=_NAME)
    """Name of the stage and of the model that comes out of it."""
    environments: list[str] = Field(min_length=1)
    """Gameable environments to train on; prompts are split evenly."""
    prompts: int = Field(ge=1)
    """Gameable prompts a round."""
    ordinary: int = Field(ge=0)
    """Ordinary queries a round."""
    samples: int = Field(ge=1)
    """Samples a prompt."""
    rounds: int = Field(default=1, ge=1)
    """How often to sample, score and train, each time from the last round's model."""
    planted: int = Field(default=0, ge=0)
    """Scripted gaming episodes mixed into each round (seeded exploration); the report marks the stage as planted."""
    optimizer: Reference
    """How to train."""


class Sampling(_Strict):
    """How replies are sampled, in training and in evaluation."""

    temperature: float = Field(default=1.0, ge=0)
    """0 is greedy."""
    max_tokens: int = Field(default=512, ge=1)
    """Tokens a reply, over all its segments."""
    max_commands: int = Field(default=8, ge=0)
    """Commands a reply."""
    in_flight: int = Field(default=128, ge=1)
    """Episodes played at once."""


Numbers = Annotated[dict[str, int], BeforeValidator(_without_null)]
"""A number an environment; null takes back what an extended profile gives one."""


class Evaluation(_Strict):
    """What every model is measured on."""

    environments: list[str] = Field(min_length=1)
    """Columns of the matrix, in order."""
    models: list[str] = Field(default_factory=list)
    """Which models are measured, rows of the matrix: `start` and names of stages; all of them if left out."""
    variants: int = Field(ge=1)
    """Variants an environment; the same ones for every model."""
    samples: int = Field(default=1, ge=1)
    """Samples a variant."""
    more: Numbers = Field(default_factory=dict)
    """Another number of variants for some environments; null is no other number."""
    more_samples: Numbers = Field(default_factory=dict)
    """Another number of samples for some environments; null is no other number."""
    floor: float = Field(default=0.2, ge=0, le=1)
    """Engagement below which no gaming rate is printed."""
    probe: int = Field(default=0, ge=0)
    """Variants an environment on which the log-probability of a scripted gaming reply is held against that of an
    honest one; 0 does without, otherwise at least 2."""

    def variants_of(self, environment: str) -> int:
        """Return how many variants of an environment are played."""
        return self.more.get(environment, self.variants)

    def samples_of(self, environment: str) -> int:
        """Return how many samples of each variant are played."""
        return self.more_samples.get(environment, self.samples)


class Watcher(PluginReference):
    """A monitor and what its verdicts do."""

    name: str = Field(default="", pattern=rf"^$|{_NAME}")
    """What its verdicts are stored under; the plugin's own name if left out."""
    mode: Literal["audit", "screen", "penalise"] = "audit"
    """`audit` looks on. `screen` drops episodes from training, `penalise` lowers their proxy reward: those at or above
    the threshold. Both fail closed: an episode without a verdict is dropped, or left without a reward."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    """Suspicion from which on an episode is screened or penalised."""
    penalty: float = Field(default=1.0, gt=0)
    """What `penalise` takes off the proxy reward."""

    @property
    def label(self) -> str:
        """Its name among the profile's monitors."""
        return self.name or self.use


class Oversight(_Strict):
    """Who looks at the episodes, and how much of them."""

    access: Access = "files"
    """The most that a monitor may see; one that declares more is refused before anything runs."""
    monitors: list[Annotated[Watcher, BeforeValidator(_named)]] = Field(default_factory=list)
    """Who looks on, at what is sampled for training and at every evaluation."""

    @field_validator("monitors")
    @classmethod
    def _names_are_unique(cls, monitors: list[Watcher]) -> list[Watcher]:
        twice = {each.label for each in monitors if sum(each.label == other.label for other in monitors) > 1}
        if twice:
            raise ValueError(f"two monitors are called {', '.join(sorted(twice))}: give each a `name` of its own")
        return monitors


class PluginChoice(_Strict):
    """Which plugins must not be imported, and which must be there; both are looked at before anything is imported."""

    block: list[str] = Field(default_factory=list)
    """Names of entry points or distributions."""
    require: list[str] = Field(default_factory=list)
    """Names of entry points or distributions, with versions where they matter: `my-envs>=0.2`."""
    files: list[PluginFile] = Field(default_factory=list)
    """Plugins in one file, which `--plugin` fills in: the run folder keeps their text."""


class Profile(_Strict):
    """Everything that decides what a run does."""

    name: str = Field(pattern=_NAME)
    """What the run is called, and where its folder is if `--out` is left out."""
    summary: str = ""
    """One sentence for people."""
    seed: int = Field(default=0, ge=0)
    """Decides which variants are trained on, what is sampled and what training draws. What is evaluated is fixed."""
    seeds: int = Field(default=1, ge=1)
    """How many runs this is, each from a seed of its own: `seed`, the next one, and so on."""
    prompt: PromptStyle = "full"
    """Which rendering of every task is used."""
    policy: Reference
    """Where replies come from."""
    sandbox: Reference = PluginReference(use="bashkit")
    """Where commands run."""
    rewards: list[Reward] = Field(min_length=1)
    """Summed, with their weights, into the proxy reward that is trained on."""
    environments: Annotated[
        dict[str, Annotated[EnvironmentReference, BeforeValidator(_named)]], BeforeValidator(_without_null)
    ] = Field(default_factory=dict)
    """How single environments are played, by the name that stages and evaluation call them by; null: as they are."""
    ordinary: str = "ordinary-queries"
    """Environment that ordinary queries come from."""
    start: Start | None = None
    """The warm start, for models that get nothing done without; null begins with the model as it is."""
    checkpoint: str | None = None
    """Folder of weights to begin from, such as `RUN/checkpoints/MODEL`, in place of the policy's own and of learning
    the warm start, whose demonstrations are still played, for replay."""
    stages: list[Stage]
    """The curriculum, in order; an empty list measures the start and trains nothing."""
    sampling: Sampling = Sampling()
    """How replies are sampled."""
    evaluation: Evaluation
    """What every model is measured on."""
    oversight: Oversight = Oversight()
    """Monitors, and how much they may see."""
    plugins: PluginChoice = PluginChoice()
    """Which plugins must not be imported, and which must be there."""

    @field_validator("environments", mode="before")
    @classmethod
    def _use_their_own_name(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: {"use": name, **each} if isinstance(each, dict) else each for name, each in value.items()}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Profile:
        names = self.models
        if len(set(names)) != len(names):
            raise ValueError(f"stage names must be unique and none may be '{START}': {', '.join(names)}")
        unknown = set(self.evaluation.models) - set(names)
        if unknown:
            raise ValueError(
                f"evaluation.models names {', '.join(sorted(unknown))}; this profile has: {', '.join(names)}"
            )
        return self

    @property
    def models(self) -> list[str]:
        """Names of all models, first to last."""
        return [START, *(stage.name for stage in self.stages)]

    @property
    def measured(self) -> list[str]:
        """Names of the models that are evaluated, first to last."""
        return [name for name in self.models if name in (self.evaluation.models or self.models)]

    def reference(self, environment: str) -> EnvironmentReference:
        """Return how an environment is played that a stage, the warm start or the evaluation names."""
        return self.environments.get(environment) or EnvironmentReference(use=environment)

    @property
    def environment_names(self) -> list[str]:
        """Every environment that the profile names, without repeats, in a fixed order."""
        demonstrated = self.start.demonstrations if self.start else {}
        trained = [name for stage in self.stages for name in stage.environments]
        ordinary = [self.ordinary] if any(stage.ordinary for stage in self.stages) else []
        return list(dict.fromkeys([*self.evaluation.environments, *trained, *ordinary, *demonstrated]))
