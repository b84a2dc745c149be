from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import watchers
from rich.console import Console
from watchers import Listening, begun, plugins, profile

from gameable import Access, Measured, PluginError, ProfileError, ScoredEpisode, Trained, Unscored, Update
from gameable.assembly import assemble
from gameable.cost import Cost
from gameable.describe import plan
from gameable.profile import Profile
from gameable.profile_reading import load
from gameable.store import Store
from toys import PROFILE


def finished(folder: Path, chosen: Profile, progress: Listening | None = None) -> Store:
    run = begun(folder, chosen, progress)
    run.run()
    return run.store


def milestone(store: Store, name: str) -> dict[str, Any]:
    found: dict[str, Any] | None = store.milestone(name)
    assert found is not None
    return found


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[ScoredEpisode]:
    """What the optimizer got in the stage."""
    got: list[ScoredEpisode] = []

    def update(_self: object, update: Update) -> Trained:
        if update.destination.name.startswith("1-heat"):
            got.extend(update.episodes)
        return Trained(len(update.episodes), 0, (), None)

    monkeypatch.setattr("toys.Counting.update", update)
    return got


def hot(scored: ScoredEpisode) -> bool:
    return any("90" in result.command for result in scored.episode.commands)


# --- what may be seen ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("granted", ["actions", "visible", "transcript", "files"])
def test_a_monitor_that_asks_for_more_than_is_granted_is_refused(granted: Any) -> None:
    with pytest.raises(ProfileError, match=rf"'everything'.*'oracle'.*'{granted}'.*access: oracle"):
        assemble(profile("everything", access=granted), plugins())


@pytest.mark.parametrize(
    ("monitor", "needs"),
    [({"use": "ground-truth"}, "oracle"), ({"use": "integrity"}, "files"), ({"use": "rules"}, "actions")],
)
def test_a_bundled_monitor_needs_the_level_that_it_declares(monitor: Mapping[str, Any], needs: Any) -> None:
    assemble(profile(monitor, access=needs), plugins())
    levels: list[Access] = ["actions", "visible", "transcript", "files", "oracle"]
    for less in levels[: levels.index(needs)]:
        with pytest.raises(ProfileError, match=needs):
            assemble(profile(monitor, access=less), plugins())


def test_an_ensemble_asks_for_what_its_members_need() -> None:
    members = {"use": "ensemble", "monitors": ["rules", "ground-truth"]}
    with pytest.raises(ProfileError, match="'ensemble' looks at episodes at the level 'oracle'"):
        assemble(profile(members), plugins())
    assemble(profile({"use": "ensemble", "monitors": ["rules", "integrity"]}), plugins())


def test_a_refused_monitor_leaves_no_run_folder(tmp_path: Path) -> None:
    with pytest.raises(ProfileError):
        begun(tmp_path / "run", profile("everything"))
    assert not (tmp_path / "run").exists()


# --- the profile's section -------------------------------------------------------------------------------------------


def test_a_monitor_may_be_written_as_its_name_and_audits_then() -> None:
    (watch,) = assemble(profile("hot"), plugins()).watches
    assert (watch.name, watch.mode, watch.source) == ("hot", "audit", "monitor/hot")


def test_two_of_one_kind_need_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="two monitors are called hot"):
        profile("hot", {"use": "hot", "blind": True})
    named = profile("hot", {"use": "hot", "name": "blind-one", "blind": True})
    assert [watch.name for watch in assemble(named, plugins()).watches] == ["hot", "blind-one"]


def test_a_wrong_option_of_a_monitor_is_one_clear_error() -> None:
    with pytest.raises(PluginError, match=r"monitor 'hot'.*did you mean 'blind'"):
        assemble(profile({"use": "hot", "blnd": True}), plugins())


@pytest.mark.parametrize("wrong", [{"threshold": 1.5}, {"penalty": 0}, {"mode": "forbid"}])
def test_impossible_settings_are_refused(wrong: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        profile({"use": "hot", **wrong})


def test_an_unknown_key_of_the_section_is_told_with_what_is_known() -> None:
    with pytest.raises(ProfileError, match=r"oversight\.acces: unknown key; did you mean 'access'"):
        load("name: toy\npolicy: scripted\nrewards: [politeness]\nstages: []\n"
             "evaluation: {environments: [thermometer], variants: 1}\noversight: {acces: files}\n")  # fmt: skip


# --- in a run --------------------------------------------------------------------------------------------------------


def test_an_audit_looks_at_what_was_sampled_and_at_every_evaluation(tmp_path: Path, given: list[ScoredEpisode]) -> None:
    with finished(tmp_path / "run", profile("hot")) as store:
        looked = {name for name, scores in store.scores("") if "monitor/hot" in scores}
        assert looked == store.episode_ids("train/") | store.episode_ids("evaluate/")
        assert {"start/audited", "1-heat/audited", "1-heat/overseen"} <= set(store.milestones())
    assert len(given) == 20


def test_a_run_without_monitors_has_no_milestone_of_theirs(tmp_path: Path) -> None:
    with finished(tmp_path / "run", profile()) as store:
        assert not [name for name in store.milestones() if name.endswith(("overseen", "audited"))]


def test_a_screen_keeps_suspects_from_training_and_says_how_many(tmp_path: Path, given: list[ScoredEpisode]) -> None:
    said = Listening()
    with finished(tmp_path / "run", profile({"use": "hot", "mode": "screen"}), said) as store:
        counts = milestone(store, "1-heat/overseen")
        suspects = sum(map(hot, store.scored("train/1-heat/")))
    assert suspects
    assert not any(map(hot, given))
    assert len(given) == 20 - suspects == counts["kept"]
    assert counts["monitors"]["hot"]["screened"] == suspects
    told = f"1-heat: hot screened {suspects} of 20 episodes: {suspects} suspected, 0 without a verdict."
    assert told in said.lines


def test_a_screen_that_cannot_see_lets_nothing_through_and_the_run_goes_on(tmp_path: Path) -> None:
    said = Listening()
    with finished(tmp_path / "run", profile({"use": "hot", "mode": "screen", "blind": True}), said) as store:
        trained = milestone(store, "1-heat/trained")
        assert store.milestone("1-heat/evaluated") is not None
    assert (trained["kept"], trained["canary"]) == (0, {"gap": None})
    assert "Monitors screened every episode" in trained["note"]
    assert any("a higher threshold" in line for line in said.lines)
    made = tmp_path / "run" / "checkpoints" / "1-heat"
    assert [path.name for path in made.iterdir()] == ["config.json"]


def test_a_penalty_lowers_what_training_sees_and_not_what_is_stored(tmp_path: Path, given: list[ScoredEpisode]) -> None:
    with finished(tmp_path / "run", profile({"use": "hot", "mode": "penalise", "penalty": 4.0})) as store:
        stored = {each.episode.id: each.reward for each in store.scored("train/1-heat/")}
        counts = milestone(store, "1-heat/overseen")["monitors"]["hot"]
    assert len(given) == 20
    for each in given:
        before = stored[each.episode.id]
        assert isinstance(before, Measured)
        assert isinstance(each.reward, Measured)
        assert before.value - each.reward.value == (4.0 if hot(each) else 0.0)
    assert counts["penalised"] == sum(map(hot, given))


@pytest.mark.parametrize("broken", [{"blind": True}, {"doubled": True, "threshold": 0.9}])
def test_a_penalty_without_a_verdict_leaves_no_reward(
    tmp_path: Path, given: list[ScoredEpisode], broken: Mapping[str, Any]
) -> None:
    finished(tmp_path / "run", profile({"use": "hot", "mode": "penalise", **broken})).close()
    lost = [each for each in given if isinstance(each.reward, Unscored)]
    assert len(lost) == (20 if "blind" in broken else sum(map(hot, given)))
    assert lost


def test_verdicts_are_no_parts_of_the_reward(tmp_path: Path) -> None:
    with finished(tmp_path / "run", profile("hot")) as store:
        assert {source for each in store.scored("train/") for source in each.parts} == {"politeness", "gaming-bonus"}


def test_what_watches_is_noted_with_its_options_and_its_mode(tmp_path: Path) -> None:
    with finished(tmp_path / "run", profile({"use": "hot", "name": "mine", "mode": "screen", "blind": True})) as store:
        noted = milestone(store, "monitors/mine")
    assert noted == {
        "use": "hot",
        "options": {"blind": True},
        "classes": ["watchers:Hot"],
        "mode": "screen",
        "threshold": 0.5,
        "penalty": 1.0,
    }


def test_what_looking_cost_is_kept(tmp_path: Path) -> None:
    with finished(tmp_path / "run", profile("counting-monitor")) as store:
        audited = milestone(store, "start/audited")["monitors"]["counting-monitor"]
    assert (audited["inspected"], audited["tokens"]) == (16, 7 * 16)
    assert audited["seconds"] >= 0


def test_a_stopped_run_asks_for_no_verdict_twice_and_ends_alike(tmp_path: Path, given: list[ScoredEpisode]) -> None:
    watchers.INSPECTED.clear()
    stages = [{**PROFILE["stages"][0], "samples": 20}]
    watcher = {"use": "counting-monitor", "mode": "screen"}
    stopped = begun(tmp_path / "run", profile(watcher, stages=stages))
    stopped.parts.watches[0].monitor.patience = 60  # type: ignore[attr-defined]  # of a counting monitor, as `watcher` is
    with stopped.store, pytest.raises(KeyboardInterrupt):
        stopped.run()
    done = list(watchers.INSPECTED)
    resumed = begun(tmp_path / "run", profile(watcher, stages=stages), new=False)
    with resumed.store as store:
        resumed.run()
        assert sorted(watchers.INSPECTED) == sorted(store.episode_ids("train/") | store.episode_ids("evaluate/"))
    assert 16 < len(done) < len(watchers.INSPECTED)
    assert given
    assert not any(map(hot, given))


def test_a_run_resumed_after_its_screen_trains_on_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def fails(_self: object, update: Update) -> Trained:
        if update.destination.name.startswith("1-heat"):
            sizes.append(len(update.episodes))
            if len(sizes) == 1:
                raise RuntimeError
        return Trained(1, 0, (), None)

    monkeypatch.setattr("toys.Counting.update", fails)
    chosen = profile({"use": "hot", "mode": "screen"})
    first = begun(tmp_path / "run", chosen)
    with first.store, pytest.raises(RuntimeError):
        first.run()
    second = begun(tmp_path / "run", chosen, new=False)
    with second.store:
        second.run()
    assert len(sizes) == 2
    assert sizes[0] == sizes[1] < 20


def test_the_plan_says_who_watches() -> None:
    shown = Console(width=200, file=StringIO())
    cost = Cost({}, "guessed", None, None)
    plan(profile({"use": "hot", "mode": "screen"}, "rules", access="files"), cost, Path(), shown)
    assert isinstance(shown.file, StringIO)
    assert "Monitors: hot (screen), rules (audit); they see files at most." in shown.file.getvalue()
