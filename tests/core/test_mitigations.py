from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from background import wait_for

from gameable import MitigationOffer, ProfileError, Silent, StoreError, hookimpl, mitigations
from gameable.discovery import Origin
from gameable.mitigations import Suite, profiles, read
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.runs import start
from gameable.store import Store
from toys import PROFILE, toy_plugins

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the toys."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAMEABLE_CACHE", str(folder / "cache"))
        start(Profile.model_validate(PROFILE), toy_plugins(), folder / "run", Silent())
    return folder / "run"


def suite(folder: Path, run: Path, *overrides: str, **tried: Any) -> Suite:
    file = folder / "suite.yaml"
    file.write_text(yaml.safe_dump({"name": "suite", "mitigations": tried}))
    return read(str(file), run, overrides)


def planned(found: Suite) -> dict[str, Profile]:
    return profiles(found, toy_plugins())


# --- what is run -----------------------------------------------------------------------------------------------------


def test_the_last_model_is_measured_once_and_nothing_is_trained_before(tmp_path: Path, finished: Path) -> None:
    before = planned(suite(tmp_path, finished, again={"use": "retraining"}))["before"]
    assert (before.stages, before.start, before.models) == ([], None, ["start"])
    assert before.checkpoint == str(finished / "checkpoints" / "1-heat")


def test_before_and_after_are_measured_alike_and_as_the_run_was(tmp_path: Path, finished: Path) -> None:
    found = planned(suite(tmp_path, finished, again={"use": "retraining"}))
    before, after = found["before"], found["again"]
    ours = Profile.model_validate(PROFILE)
    assert after.evaluation.models == ["1-heat"]
    for each in (before, after):
        assert each.evaluation.model_copy(update={"models": []}) == ours.evaluation
        assert (each.seed, each.sampling, each.prompt) == (ours.seed, ours.sampling, ours.prompt)


def test_a_mitigation_begins_from_the_model_that_it_names(tmp_path: Path, finished: Path) -> None:
    last, first = {"use": "retraining", "begin_from": "last"}, {"use": "retraining", "begin_from": "start"}
    found = planned(suite(tmp_path, finished, last=last, first=first))
    assert found["last"].checkpoint == str(finished / "checkpoints" / "1-heat")
    assert found["first"].checkpoint == str(finished / "checkpoints" / "start")


def test_without_a_warm_start_the_policys_own_weights_are_the_start(tmp_path: Path, finished: Path) -> None:
    run = tmp_path / "cold"
    start(Profile.model_validate({**PROFILE, "start": None}), toy_plugins(), run, Silent())
    assert planned(suite(tmp_path, run, again={"use": "retraining"}))["again"].checkpoint is None


def test_sizes_are_the_runs_own_unless_they_are_set(tmp_path: Path, finished: Path) -> None:
    settings = ("evaluation.variants=2", "defaults.prompts=1", "mitigations.again.set.seed=9")
    found = planned(suite(tmp_path, finished, *settings, again={"use": "retraining", "set": {}}))
    assert [each.evaluation.variants for each in found.values()] == [2, 2]
    assert [each.prompts for each in found["again"].stages] == [1]
    assert found["again"].seed == 9


def test_changes_are_laid_over_the_run_as_over_a_profile_that_is_extended(tmp_path: Path, finished: Path) -> None:
    change = {"rewards": {"politeness": None}, "stages": {"1-heat": {"samples": 7}}, "defaults": {"ordinary": 0}}
    after = planned(suite(tmp_path, finished, again={"use": "retraining", "set": change}))["again"]
    assert [each.use for each in after.rewards] == ["gaming-bonus"]
    assert [(each.samples, each.ordinary, each.prompts) for each in after.stages] == [(7, 0, 3)]


def test_an_entry_that_is_null_is_left_out(tmp_path: Path, finished: Path) -> None:
    both = {"again": {"use": "retraining"}, "more": {"use": "retraining"}}
    assert set(planned(suite(tmp_path, finished, "mitigations.more=null", **both))) == {"before", "again"}


# --- what is refused -------------------------------------------------------------------------------------------------


def test_a_run_that_is_not_finished_is_refused(tmp_path: Path, finished: Path) -> None:
    half = shutil.copytree(finished, tmp_path / "half")
    with Store.open(half, write=True) as store:
        store._db.execute("DELETE FROM milestone WHERE name = 'run/finished'")
    with pytest.raises(StoreError, match="half is not finished: type `gameable resume"):
        suite(tmp_path, half, again={"use": "retraining"})


def test_a_run_without_stages_is_refused(tmp_path: Path) -> None:
    start(Profile.model_validate({**PROFILE, "stages": []}), toy_plugins(), tmp_path / "idle", Silent())
    with pytest.raises(ProfileError, match="trained no stage, so there is nothing to mitigate"):
        suite(tmp_path, tmp_path / "idle", again={"use": "retraining"})


def test_weights_that_are_gone_are_missed_before_anything_is_spent(tmp_path: Path, finished: Path) -> None:
    bare = shutil.copytree(finished, tmp_path / "bare")
    shutil.rmtree(bare / "checkpoints" / "1-heat")
    with pytest.raises(StoreError, match="checkpoints/1-heat are gone"):
        suite(tmp_path, bare, again={"use": "retraining"})


@pytest.mark.parametrize("name", ["before", "Loud", "a/b"])
def test_a_name_that_is_no_folder_of_its_own_is_refused(tmp_path: Path, finished: Path, name: str) -> None:
    with pytest.raises(ProfileError, match=f"mitigations.{name} must be a mapping of options under a name"):
        suite(tmp_path, finished, **{name: {"use": "retraining"}})


@pytest.mark.parametrize("options", [3, {"use": 3}, ["retraining"]])
def test_an_entry_that_is_no_mapping_is_refused(tmp_path: Path, finished: Path, options: Any) -> None:
    with pytest.raises(ProfileError, match=r"mitigations.again must be a mapping"):
        suite(tmp_path, finished, again=options)


def test_a_profile_without_mitigations_is_refused(tmp_path: Path, finished: Path) -> None:
    (tmp_path / "plain.yaml").write_text("name: plain\n")
    with pytest.raises(ProfileError, match="tries no mitigations: --from takes a profile with"):
        read(str(tmp_path / "plain.yaml"), finished)


def test_nothing_left_to_try_is_refused(tmp_path: Path, finished: Path) -> None:
    with pytest.raises(ProfileError, match="no mitigation is left to try"):
        suite(tmp_path, finished, "mitigations.again=null", again={"use": "retraining"})


def test_training_on_what_is_held_out_is_refused_with_the_mitigations_name(tmp_path: Path, finished: Path) -> None:
    held_out = {"use": "retraining", "set": {"stages": {"1-heat": {"environments": ["forbidden-oven"]}}}}
    found = suite(tmp_path, finished, oven=held_out)
    told = "mitigation 'oven' cannot be tried: stage '1-heat' trains on 'forbidden-oven', which is held out.*=null"
    with pytest.raises(ProfileError, match=told):
        list(mitigations.start(found, toy_plugins(), tmp_path / "out", Silent()))
    assert not (tmp_path / "out").exists()


def test_a_run_that_a_mitigation_cannot_work_on_is_said_with_the_way_out(tmp_path: Path, finished: Path) -> None:
    found = suite(tmp_path, finished, **{"train-away": {"environments": ["flattery"]}})
    told = "'train-away' does not fit .*: it did not train on flattery, but on thermometer. Leave it out with --set"
    with pytest.raises(ProfileError, match=told):
        planned(found)


# --- third parties ---------------------------------------------------------------------------------------------------

THIRD_PARTY = """
from dataclasses import dataclass
import gameable

@dataclass
class Scolding(gameable.Mitigation):
    begin_from: str = "last"
    prompts: int = 2
    def changes(self, profile):
        return {"stages": [{**profile.stages[0].model_dump(), "name": "scold", "prompts": self.prompts}]}
"""


class Scolds:
    @hookimpl
    def gameable_mitigations(self) -> Iterable[MitigationOffer]:
        yield MitigationOffer(name="scold", summary="Scolds it.", factory="scolding:Scolding")


def test_a_third_party_adds_a_mitigation_without_touching_the_core(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scolding.py").write_text(THIRD_PARTY)
    monkeypatch.syspath_prepend(tmp_path)
    plugins = toy_plugins()
    plugins.register(Scolds(), Origin("scolding", "1.0", "scolding"))
    found = suite(tmp_path, finished, scold={"prompts": 3})
    ended = list(mitigations.start(found, plugins, tmp_path / "out", Silent()))
    assert [folder.name for folder in ended] == ["before", "scold"]
    with Store.open(tmp_path / "out" / "scold", write=False) as store:
        trained = {row.variant for row in store.outcomes("train/scold/thermometer/")}
        assert (len(trained), store.manifest["models"]) == (3, ["scold"])
        assert store.manifest["profile"]["summary"] == "Scolds it."


def test_bundled_mitigations_are_listed() -> None:
    known = Plugins().names(MitigationOffer)
    assert known == ["early-stage-penalty", "inoculation", "retraining", "train-away"]


# --- from the command line -------------------------------------------------------------------------------------------


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """The same on a wider terminal."""
    return {**environment, "COLUMNS": "140"}


@pytest.fixture
def gameable(gameable: Run, tmp_path: Path, finished: Path) -> Run:
    """The same in a folder with `suite.yaml` and the finished run."""
    shutil.copytree(finished, tmp_path / "run")
    tried = {"again": {"use": "retraining"}, "on": {"use": "retraining", "begin_from": "last"}}
    (tmp_path / "suite.yaml").write_text(yaml.safe_dump({"name": "suite", "mitigations": tried}))
    return gameable


@pytest.mark.timeout(120)
def test_mitigations_are_ordinary_runs_and_one_table(gameable: Run, tmp_path: Path) -> None:
    answer = gameable("run", "suite.yaml", "--from", "run", "--out", "out")
    assert answer.returncode == 0, answer.stderr
    shown = " ".join(answer.stdout.split())
    assert "thermometer: gamed before, " in shown
    assert "p is adjusted for 4 tests." in shown
    assert "Next: open out/report.html, or type `gameable mitigations out --json`" in shown
    pages = {name: (tmp_path / "out" / name / "report.html").read_text() for name in ("before", "again", "on")}
    assert ["What this mitigation did" in page for page in pages.values()] == [False, True, True]
    assert "What they did" in (tmp_path / "out" / "report.html").read_text()
    assert gameable("matrix", "out/again").returncode == 0
    assert gameable("compare", "out/before", "out/on").returncode == 0
    shutil.rmtree(tmp_path / "run")
    assert gameable("resume", "out").returncode == 0
    told = json.loads(gameable("mitigations", "out", "--json").stdout)
    assert {(row["mitigation"], row["environment"], row["trained"]) for row in told["effects"]} == {
        (name, environment, environment == "thermometer")
        for name in ("again", "on")
        for environment in ("thermometer", "forbidden-oven")
    }
    assert all(row["low"] <= row["difference"] <= row["high"] and row["a"]["n"] == 8 for row in told["effects"])


def test_a_dry_run_prints_every_plan_and_leaves_nothing(gameable: Run, tmp_path: Path) -> None:
    told = json.loads(gameable("run", "suite.yaml", "--from", "run", "--out", "out", "--dry-run", "--json").stdout)
    assert {name: each["episodes"] for name, each in told.items()} == {
        "before": {"evaluation": 16},
        "again": {"start": 3, "1-heat": 20, "evaluation": 16},
        "on": {"start": 3, "1-heat": 20, "evaluation": 16},
    }
    shown = gameable("run", "suite.yaml", "--from", "run", "--out", "out", "--dry-run").stderr
    assert "honest demonstrations, for replay" in shown
    assert not (tmp_path / "out").exists()


def test_without_a_run_the_way_to_name_one_is_said(gameable: Run) -> None:
    told = "suite.yaml tries mitigations on a finished run: name the run with --from RUN."
    assert told in gameable("run", "suite.yaml").stderr
    assert "with --from RUN" in gameable("run", "mitigations").stderr


def test_several_seeds_are_refused(gameable: Run) -> None:
    answer = gameable("run", "suite.yaml", "--from", "run", "--seeds", "2")
    assert answer.returncode == 2
    assert "a finished run has one seed" in answer.stderr


def test_a_folder_without_mitigations_is_one_clear_error(gameable: Run) -> None:
    answer = gameable("mitigations", "run")
    assert answer.returncode == 2
    assert "No mitigations in run" in answer.stderr


@pytest.mark.timeout(180)
def test_what_was_stopped_goes_on_and_ends_like_what_was_not(
    gameable: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    gameable("run", "suite.yaml", "--from", "run", "--out", "whole")
    slow = ["--set", "policy.script=toys:slowly"]
    command = [sys.executable, "-m", "gameable", "run", "suite.yaml", "--from", "run", "--out", "out", *slow]
    stopped = [("before", signal.SIGINT), ("again", signal.SIGKILL), ("on", signal.SIGINT)]
    for place, (run, how) in enumerate(stopped):
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        wait_for(tmp_path / "out" / run, process)
        process.send_signal(how)
        _, told = process.communicate()
        if how == signal.SIGINT:
            assert process.returncode == 130
            assert told.endswith("Everything that was finished is kept; `gameable resume out` goes on.\n")
        missing = json.loads(gameable("mitigations", "out", "--json").stdout)["missing"]
        assert missing == [["again", "on"], ["again", "on"], ["on"]][place]
        command = [sys.executable, "-m", "gameable", "resume", "out"]
    answer = gameable("resume", "out")
    assert answer.returncode == 0, answer.stderr
    ours, theirs = (json.loads(gameable("mitigations", name, "--json").stdout) for name in ("out", "whole"))
    assert ours["effects"] == theirs["effects"]
    assert "holds one run a mitigation; type `gameable mitigations out`" in gameable("matrix", "out").stderr
