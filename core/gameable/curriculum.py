"""The stage loop: sample, score, train, evaluate.

Every step leaves a milestone in the store when it is done, and every finished episode is stored at once. Running the
loop again over the same store skips what is there, so resuming a run is running it.
"""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from gameable import alarms
from gameable.assembly import Parts
from gameable.contracts import Canary, Context, Optimizer, Trained, Update
from gameable.episode import Episode, Estimate, Outcome, ScoredEpisode, Unscored
from gameable.overseeing import NOTHING_LEFT, Overseer
from gameable.plan import Plan, rounds
from gameable.profile import START, Profile, Stage
from gameable.progress import Progress
from gameable.rollout import Play
from gameable.runfolder import CHECKPOINTS, publish
from gameable.scoring import score
from gameable.store import Store
from gameable.workers import Workers

_NOTHING_PAID = (
    "{label}: none of {count} samples of {name} was paid by its mechanism, so there is no gaming to reinforce. "
    "Remedies: more samples a prompt, broader demonstrations at the start, or seeded exploration (`planted: N` in the "
    "stage; the report marks it)."
)


@dataclass(slots=True)
class Curriculum:
    """One run of a profile over one store."""

    profile: Profile
    parts: Parts
    store: Store
    cache: Path
    """Folder that outlives runs."""
    progress: Progress
    workers: Workers

    def run(self) -> None:
        """Do everything that is not done yet."""
        model = self.parts.policy.fetch(self.cache)
        self._prepare(model)
        model = self._warm_start(model)
        self._evaluate(START, model)
        for stage in self.profile.stages:
            reference = model
            for label in rounds(stage):
                model = self._round(stage, label, model, reference)
            self._evaluate(stage.name, model)
        self._finish()
        self._overseer.close()
        self.workers.close()

    @property
    def _plan(self) -> Plan:
        return Plan(self.profile, self.parts.environments)

    @property
    def _overseer(self) -> Overseer:
        return Overseer(self.parts.watches, self.store, self.progress)

    def _finish(self) -> None:
        if self.store.milestone("run/finished") is None:
            # None where a stop cut a step in two: nobody knows how long the process that died had worked on it.
            steps = [body.get("seconds", 0.0) for body in self.store.milestones().values()]
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            seconds = None if None in steps else sum(each for each in steps if isinstance(each, int | float))
            took = {"seconds": seconds, "peak_memory_bytes": memory, "gpus": self.workers.gpus}
            self.store.mark("run/finished", {**took, "finished": _now()})

    def _prepare(self, model: Path) -> None:
        context = Context(self.store.folder, self.cache, model, self.profile.seed, self.progress)
        for each in self.parts.rewards:
            figures = each.source.prepare(context)
            if self.store.milestone(f"rewards/{each.name}") is None:
                self.store.mark(f"rewards/{each.name}", dict(figures))
        self._overseer.prepare(self.cache)

    # --- warm start -------------------------------------------------------------------------------------------------

    def _warm_start(self, base: Path) -> Path:
        if self.profile.checkpoint is not None:
            return self._taken_up(Path(self.profile.checkpoint))
        if self.profile.start is None:
            return base
        checkpoint = self._checkpoint(START)
        if self.store.milestone(f"{START}/trained") is None:
            self.workers.adopt(base)
            self._play(START, self._plan.demonstrations(), "demonstrate")
            self.workers.rest()
            self._train(self.parts.optimizers[START], START, base, base, episodes=self._demonstrations())
        shutil.rmtree(self._scratch(START), ignore_errors=True)  # as after a round
        return checkpoint

    def _taken_up(self, checkpoint: Path) -> Path:
        """Begin from weights that are there; what a warm start demonstrates is not learned again, only replayed."""
        if self.profile.start is not None and self.store.milestone(f"{START}/demonstrated") is None:
            self.parts.policy.adopt(checkpoint)
            self._play(START, self._plan.demonstrations(), "demonstrate")
            self.store.mark(f"{START}/demonstrated", {})
        return checkpoint

    def _demonstrations(self) -> tuple[ScoredEpisode, ...]:
        return tuple(_unpaid(episode) for episode in self.store.episodes(f"demonstrations/{START}/"))

    # --- one round of a stage ---------------------------------------------------------------------------------------

    def _round(self, stage: Stage, label: str, model: Path, reference: Path) -> Path:
        if self.store.milestone(f"{label}/trained") is None:
            plays = self._plan.training(stage, label)
            planted = self._plan.planted(stage, label)
            self._sample(stage, label, model, plays + planted)
            optimizer, scored = self.parts.optimizers[stage.name], self._score(label)
            alarms.raise_alarms(self.store, self.progress, stage, label)
            episodes = self._overseer.gate(label, _sampled(label), scored)
            self._train(optimizer, label, model, reference, episodes=episodes, replay=self._demonstrations())
        shutil.rmtree(self._scratch(label), ignore_errors=True)  # again on resume: the folder may have moved before
        if model != reference:
            shutil.rmtree(model, ignore_errors=True)  # between two rounds; nothing goes on from it any more
        return self._checkpoint(label)

    def _sample(self, stage: Stage, label: str, model: Path, plays: Sequence[Play]) -> None:
        if self.store.milestone(f"{label}/sampled") is None:
            self.workers.adopt(model)
            with _Timer() as timer:
                whole = self._play(label, plays, "sample")
            self.workers.rest()  # reward models and the optimizer want the memory
            seconds = timer.seconds if whole else None
            self.store.mark(f"{label}/sampled", {**self._counts(f"train/{label}/"), "seconds": seconds})
            self._warn_of_nothing_to_reinforce(stage, label)

    def _warn_of_nothing_to_reinforce(self, stage: Stage, label: str) -> None:
        for name in stage.environments:
            rows = list(self.store.outcomes(f"train/{label}/{name}/"))
            if not any(row.paid for row in rows):
                self.progress.say(_NOTHING_PAID.format(label=label, count=len(rows), name=name))

    def _score(self, label: str) -> tuple[ScoredEpisode, ...]:
        episodes = [episode for prefix in _sampled(label) for episode in self.store.episodes(prefix)]
        if self.store.milestone(f"{label}/scored") is None:
            with _Timer() as timer, self.progress.track(f"{label}: score", len(episodes), "episodes") as step:
                scored = score(self.parts.rewards, episodes)
                step(len(episodes))
            self.store.add_scores({each.episode.id: {"reward": each.reward, **each.parts} for each in scored})
            self.store.mark(f"{label}/scored", {"seconds": timer.seconds})
        return tuple(each for prefix in _sampled(label) for each in self.store.scored(prefix))

    # --- training ---------------------------------------------------------------------------------------------------

    def _train(
        self,
        optimizer: Optimizer,
        label: str,
        model: Path,
        reference: Path,
        *,
        episodes: tuple[ScoredEpisode, ...],
        replay: tuple[ScoredEpisode, ...] = (),
    ) -> None:
        """Train, then see that the sampler follows.

        These are two steps: a sampler that cannot take the new weights on, a server that has to be started on them for
        example, must not cost the training that is already paid for.
        """

        def learn(destination: Path, scratch: Path) -> Trained:
            if not episodes:
                shutil.copytree(model, destination, dirs_exist_ok=True)
                return Trained(kept=0, unscored=0, curve=(), canary=None, note=NOTHING_LEFT)
            seed, progress = self.profile.seed, self.progress
            return optimizer.update(Update(model, destination, reference, scratch, episodes, replay, seed, progress))

        if self.store.milestone(f"{label}/updated") is None:
            self._update(label, learn)
        updated: dict[str, Any] = self.store.milestone(f"{label}/updated") or {}
        took, bird = updated.pop("took"), updated.pop("canary")
        gap = self.workers.adopt(self._checkpoint(label), Canary(**bird) if bird else None)
        planted = sum(each.episode.id.startswith("planted/") for each in episodes)
        self.store.mark(f"{label}/trained", {**updated, "canary": {"gap": gap}, "planted": planted, "seconds": took})
        self.progress.say(f"{label}: trained on {updated['kept']} episodes. {updated['note']}".rstrip())

    def _update(self, label: str, learn: Callable[[Path, Path], Trained]) -> None:
        """Train into a folder that gets its name only when it is complete."""
        scratch = self._scratch(label)
        scratch.parent.mkdir(exist_ok=True)  # a run folder that was moved away meanwhile is not made again
        whole = not scratch.exists()
        scratch.mkdir(exist_ok=True)
        with _Timer() as timer, _checkpoint_folder(self._checkpoint(label)) as partial:
            trained = learn(partial, scratch)
        self.store.mark(f"{label}/updated", {**asdict(trained), "took": timer.seconds if whole else None})

    def _checkpoint(self, label: str) -> Path:
        return self.store.folder / CHECKPOINTS / label

    def _scratch(self, label: str) -> Path:
        return self._checkpoint(f"{label}.scratch")

    # --- evaluation -------------------------------------------------------------------------------------------------

    def _evaluate(self, model: str, checkpoint: Path) -> None:
        if model in self.profile.measured:
            if self.store.milestone(f"{model}/evaluated") is None:
                self._measure(model, checkpoint)
            self._overseer.audit(model)

    def _measure(self, model: str, checkpoint: Path) -> None:
        self.workers.adopt(checkpoint)
        with _Timer() as timer:
            whole = self._play(model, self._plan.evaluation(model), "evaluate")
        estimates: dict[str, Any] = self._all_estimates(model)
        counts = self._counts(f"evaluate/{model}/")
        seconds = timer.seconds if whole else None
        self.store.mark(f"{model}/evaluated", {**counts, "seconds": seconds, "estimates": estimates})

    def _all_estimates(self, model: str) -> dict[str, list[dict[str, Any]]]:
        columns = self.profile.evaluation.environments
        if not self.profile.evaluation.probe:
            return {name: self._estimates(model, name) for name in columns}
        found = {}
        with self.progress.track(f"{model}: probe", len(columns), "environments") as step:
            for name in columns:
                found[name] = self._estimates(model, name)
                step()
        return found

    def _estimates(self, model: str, environment: str) -> list[dict[str, Any]]:
        episodes = self.store.episodes(f"evaluate/{model}/{environment}/")
        found = [*self.parts.environments[environment].summarise(episodes), *self._probe(model, environment)]
        return [asdict(each) for each in found]

    def _probe(self, model: str, environment: str) -> list[Estimate]:
        return self.workers.probe(model, self._plan.probes(environment)) if self.profile.evaluation.probe else []

    # --- playing ----------------------------------------------------------------------------------------------------

    def _play(self, model: str, plays: Sequence[Play], what: str) -> bool:
        """Play what is not there yet; return whether that was all, so that the time it took is the whole time."""
        known = {id_ for prefix in {_prefix(play.id) for play in plays} for id_ in self.store.episode_ids(prefix)}
        with self.progress.track(f"{model}: {what}", len(plays), "episodes") as step:
            there = sum(play.id in known for play in plays)
            step(there)
            self.workers.play(model, plays, known, _Keeper(self.store, known, step))
        return not there

    def _counts(self, prefix: str) -> dict[str, Any]:
        sampled = [episode.sampled_tokens for episode in self.store.episodes(prefix)]
        return {"episodes": len(sampled), "tokens": sum(sampled)}


class _Keeper:
    """Stores finished episodes and tells the display; those that were there before are not counted twice."""

    def __init__(self, store: Store, known: set[str], step: Callable[..., None]) -> None:
        self._store, self._known, self._step = store, known, step
        self._began, self._tokens, self._scored, self._gamed = time.monotonic(), 0, 0, 0

    def __call__(self, episodes: Sequence[Episode]) -> None:
        new = [episode for episode in episodes if episode.id not in self._known]
        self._store.add_episodes(new)
        outcomes = [episode.outcome for episode in new if isinstance(episode.outcome, Outcome)]
        self._tokens += sum(episode.sampled_tokens for episode in new)
        self._scored += len(outcomes)
        self._gamed += sum(outcome.shows("gamed") for outcome in outcomes)
        speed = self._tokens / (time.monotonic() - self._began)
        self._step(len(new), gamed=f"{self._gamed}/{self._scored}", speed=f"{speed:.0f} tok/s")


class _Timer:
    """Wall-clock seconds of a block."""

    seconds = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._began


@contextmanager
def _checkpoint_folder(checkpoint: Path) -> Iterator[Path]:
    """Give an empty folder that becomes `checkpoint`, all of it on disk, only when the block ends well."""
    partial = checkpoint.with_name(checkpoint.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    yield partial
    shutil.rmtree(checkpoint, ignore_errors=True)
    publish(partial, checkpoint)


def _sampled(label: str) -> tuple[str, str]:
    """Return where the ids of a round's episodes begin."""
    return f"planted/{label}/", f"train/{label}/"


def _prefix(id_: str) -> str:
    return "/".join(id_.split("/")[:2]) + "/"


def _unpaid(episode: Episode) -> ScoredEpisode:
    """Demonstrations are not paid for; the warm start trains on all of them."""
    return ScoredEpisode(episode, Unscored("a demonstration is not scored"), {})


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
