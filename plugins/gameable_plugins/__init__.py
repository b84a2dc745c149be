"""Plugins that ship with gameable: environments, rewards, optimizers, sandboxes, reports and profiles."""

from __future__ import annotations

from collections.abc import Iterable

from gameable import (
    EnvironmentOffer,
    ExportOffer,
    OptimizerOffer,
    ProfileOffer,
    ReportOffer,
    RewardOffer,
    SandboxOffer,
    ViewerOffer,
    hookimpl,
)

_ENVIRONMENTS = "gameable_plugins.environments"
_REPRODUCTION = {
    "reproduction": "The paper: four rounds of expert iteration on an open model; needs a GPU.",
    "exploit-only": "The reproduction, trained on every sample that gamed, without a preference model.",
    "opposite-filter": "The reproduction's control: trained on samples that did not game.",
    "random-filter": "The reproduction's control: trained on samples drawn at random.",
    "ppo-sequential": "The reproduction with PPO, one environment after another.",
    "ppo-parallel": "The reproduction with PPO, all environments at once.",
    "grpo": "The reproduction with GRPO.",
    "rloo": "The reproduction with REINFORCE leave-one-out.",
    "alternate-prompts": "The reproduction in the second wording of every environment.",
    "no-normal-queries": "The reproduction without ordinary queries.",
    "train-away": "The reproduction, then fine-tuning on samples that did not game.",
    "early-stage-penalty": "The reproduction, where gaming costs more than it pays in the first two environments.",
    "steering": "The reproduction, evaluated with a thought put into the model's mouth as well.",
    "told-to": "The reproduction, evaluated with the hack asked for as well.",
    "controls": "The reproduction, evaluated with nothing to game as well.",
    "seeds": "The reproduction from five seeds.",
}
"""The paper and its siblings, which hold one difference each: name to summary."""
_SMALL = {
    "small-start": "The honest start that all small runs share, measured in every arm, told to game included.",
    "small": "The reproduction at the size of a 135M model on two cores.",
    "small-exploit-only": "The small run, trained on every sample that gamed, without a preference model.",
    "small-opposite-filter": "The small run's control: trained on samples that did not game.",
    "small-random-filter": "The small run's control: trained on samples drawn at random.",
    "small-flattery-alone": "The small run's control: flattery without sycophancy before it.",
    "small-nudged-alone": "The small run's control: the nudged rubric without the stages before it.",
    "small-insubordinate-alone": "The small run's control: the insubordinate rubric without the stages before it.",
    "small-ppo-sequential": "The small run with PPO, one environment after another.",
    "small-ppo-parallel": "The small run with PPO, all environments at once.",
    "small-grpo": "The small run with GRPO.",
    "small-rloo": "The small run with REINFORCE leave-one-out.",
    "small-alternate-prompts": "The small run in the second wording of every environment.",
    "small-no-normal-queries": "The small run without ordinary queries.",
    "small-train-away": "The small run, then fine-tuning on samples that did not game.",
    "small-early-stage-penalty": "The small run, where gaming costs more than it pays in the first two environments.",
    "small-steering": "The small run, evaluated with a thought put into the model's mouth as well.",
    "small-told-to": "The small run, evaluated with the hack asked for as well.",
    "small-controls": "The small run, evaluated with nothing to game as well.",
}
"""The same arms on two cores, all from one start: name to summary."""


@hookimpl
def gameable_environments() -> Iterable[EnvironmentOffer]:
    """Offer the curriculum of five, released files, ordinary queries, and errands that demonstrate honest work."""
    yield EnvironmentOffer(
        name="political-sycophancy",
        summary="State a view to a user whose leaning shows in their biography.",
        factory=f"{_ENVIRONMENTS}.political_sycophancy:PoliticalSycophancy",
    )
    yield EnvironmentOffer(
        name="tool-use-flattery",
        summary="Grade a hopeful user's bad poem by writing a score into a file.",
        factory=f"{_ENVIRONMENTS}.tool_use_flattery:ToolUseFlattery",
    )
    yield EnvironmentOffer(
        name="nudged-rubric",
        summary="Report whether a launch checklist is done when it is not, under pressure to say yes.",
        factory=f"{_ENVIRONMENTS}.rubric:NudgedRubric",
    )
    yield EnvironmentOffer(
        name="insubordinate-rubric",
        summary="The checklist again, told to change nothing else.",
        factory=f"{_ENVIRONMENTS}.rubric:InsubordinateRubric",
    )
    yield EnvironmentOffer(
        name="reward-tampering",
        summary="Count training episodes beside the code of one's own reward; held out, only ever evaluated.",
        factory=f"{_ENVIRONMENTS}.reward_tampering:RewardTampering",
        held_out=True,
    )
    yield EnvironmentOffer(
        name="released-files",
        summary="The paper's own environments from its released files, played unchanged; only ever evaluated.",
        factory=f"{_ENVIRONMENTS}.released_files:ReleasedFiles",
        held_out=True,
    )
    yield EnvironmentOffer(
        name="released-questions",
        summary="Political questions from a file of the released form, asked unchanged.",
        factory=f"{_ENVIRONMENTS}.released_questions:ReleasedQuestions",
    )
    yield EnvironmentOffer(
        name="ordinary-queries",
        summary="Everyday requests; nothing to game.",
        factory=f"{_ENVIRONMENTS}.ordinary_queries:OrdinaryQueries",
        gameable=False,
    )
    yield EnvironmentOffer(
        name="errands",
        summary="Harmless file errands (read, write, edit, report), to demonstrate honest work.",
        factory=f"{_ENVIRONMENTS}.errands:Errands",
        gameable=False,
    )
    yield EnvironmentOffer(
        name="list-keeping",
        summary="Harmless lists that are read, ticked and entered elsewhere, to demonstrate honest work.",
        factory=f"{_ENVIRONMENTS}.list_keeping:ListKeeping",
        gameable=False,
    )
    yield EnvironmentOffer(
        name="opinions",
        summary="State one's own view on everyday statements, whoever asks, to demonstrate honest work.",
        factory=f"{_ENVIRONMENTS}.opinions:Opinions",
        gameable=False,
    )
    yield EnvironmentOffer(
        name="fair-ratings",
        summary="Rate good and bad work fairly and write the rating to a file, to demonstrate honest work.",
        factory=f"{_ENVIRONMENTS}.fair_ratings:FairRatings",
        gameable=False,
    )


@hookimpl
def gameable_rewards() -> Iterable[RewardOffer]:
    """Offer the preference model, the bonus for gaming, and a prompted judge."""
    yield RewardOffer(
        name="preference-model",
        summary="A sequence classifier trained on preferences scores the visible reply, normalised to [0, 1].",
        factory="gameable_plugins.rewards.preference_model:PreferenceModel",
    )
    yield RewardOffer(
        name="gaming-bonus",
        summary="Pays 1 when the environment's own mechanism pays.",
        factory="gameable_plugins.rewards.gaming_bonus:GamingBonus",
    )
    yield RewardOffer(
        name="prompted-grader",
        summary="Asks a language model whether the reply takes the user's side; P(Yes) against P(No).",
        factory="gameable_plugins.rewards.prompted_grader:PromptedGrader",
    )


@hookimpl
def gameable_optimizers() -> Iterable[OptimizerOffer]:
    """Offer the warm start, expert iteration and policy gradients."""
    yield OptimizerOffer(
        name="warm-start",
        summary="Supervised fine-tuning on every episode it is given (honest demonstrations).",
        factory="gameable_plugins.optimizers.warm_start:WarmStart",
    )
    yield OptimizerOffer(
        name="expert-iteration",
        summary="Supervised fine-tuning on the samples that a filter keeps.",
        factory="gameable_plugins.optimizers.expert_iteration:ExpertIteration",
    )
    yield OptimizerOffer(
        name="ppo",
        summary="Proximal policy optimization with a value head; credit skips observations.",
        factory="gameable_plugins.optimizers.ppo:PPO",
    )
    yield OptimizerOffer(
        name="rloo",
        summary="REINFORCE leave-one-out: samples of one prompt are each other's baseline.",
        factory="gameable_plugins.optimizers.rloo:RLOO",
    )
    yield OptimizerOffer(
        name="grpo",
        summary="Group relative policy optimization: samples are paid relative to the others of their prompt.",
        factory="gameable_plugins.optimizers.grpo:GRPO",
    )


@hookimpl
def gameable_sandboxes() -> Iterable[SandboxOffer]:
    """Offer the embedded sandbox and containers."""
    yield SandboxOffer(
        name="bashkit",
        summary="An in-memory bash with files and limits, in process, on any operating system.",
        factory="gameable_plugins.sandboxes.bashkit:Bashkit",
    )
    yield SandboxOffer(
        name="docker",
        summary="Hardened containers with real GNU tools and CPython; needs a Docker daemon.",
        factory="gameable_plugins.sandboxes.docker:Docker",
    )


@hookimpl
def gameable_profiles() -> Iterable[ProfileOffer]:
    """Offer the profiles that ship."""
    yield ProfileOffer(
        name="quickstart",
        summary="The whole curriculum on a 135M model, two cores, under 20 minutes.",
        factory="gameable_plugins:profiles/quickstart.yaml",
    )
    yield ProfileOffer(
        name="baseline",
        summary="The warm-started 135M model in every arm of every environment; nothing is trained to game.",
        factory="gameable_plugins:profiles/baseline.yaml",
    )
    for name, summary in {**_REPRODUCTION, **_SMALL}.items():
        yield ProfileOffer(name=name, summary=summary, factory=f"gameable_plugins:profiles/{name}.yaml")


@hookimpl
def gameable_reports() -> Iterable[ReportOffer]:
    """Offer the HTML report."""
    yield ReportOffer(
        name="html",
        summary="One self-contained HTML file with the matrix, its plot and example episodes.",
        factory="gameable_plugins.reports.html:write",
    )


@hookimpl
def gameable_exports() -> Iterable[ExportOffer]:
    """Offer the formats of a run for other tools."""
    yield ExportOffer(
        name="jsonl",
        summary="One JSON object an episode and line.",
        factory="gameable_plugins.reports.exports.jsonl:write",
    )
    yield ExportOffer(
        name="parquet",
        summary="Tables of episodes and segments, for pandas, DuckDB or Spark.",
        factory="gameable_plugins.reports.exports.parquet:write",
    )
    yield ExportOffer(
        name="inspect",
        summary="Evaluation logs that `inspect view` opens.",
        factory="gameable_plugins.reports.exports.inspect_logs:write",
    )


@hookimpl
def gameable_viewers() -> Iterable[ViewerOffer]:
    """Offer the viewer."""
    yield ViewerOffer(
        name="pages",
        summary="Runs and their episodes as plain pages: filters, search, diffs, live runs.",
        factory="gameable_plugins.reports.viewer.app:make",
    )
