"""What can happen to the folder of a run, and what the command line says then."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from background import wait_for
from mounts import disk, grow, sealed
from under_fire.same_end import differences
from under_fire.target import kept

from gameable import Silent, StoreError
from gameable.cli.running import _conclude_all, _conclude_mitigations
from gameable.profile import Profile
from gameable.runfolder import in_use, lasting, sync
from gameable.runs import start
from gameable.store import Store
from toys import PROFILE, toy_plugins

Run = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A finished run of `toy.yaml`."""
    start(Profile.model_validate(PROFILE), toy_plugins(), tmp_path / "whole", Silent())
    return tmp_path / "whole"


@contextmanager
def under_way(environment: dict[str, str], place: Path, out: str, episodes: int) -> Iterator[subprocess.Popen[str]]:
    """A run at the pace of a model that has so many episodes on disk; killed at the end if it still runs."""
    words = ["-m", "gameable", "run", "toy.yaml", "--out", out, "--set", "policy.script=toys:slowly"]
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=place,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_for(place / out, process, episodes)
            yield process
        finally:
            process.kill()


# --- two processes ---------------------------------------------------------------------------------------------------


def test_a_second_process_is_turned_away_and_the_first_goes_on(
    gameable: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    with under_way(environment, tmp_path, "out", 3) as first:
        answer = gameable("resume", "out")
        assert answer.returncode == 2
        assert answer.stderr == f"error: out is in use by process {first.pid}; wait for it to end, or stop it.\n"
        assert first.wait() == 0


def test_reading_is_free_while_a_run_is_under_way(gameable: Run, environment: dict[str, str], tmp_path: Path) -> None:
    with under_way(environment, tmp_path, "out", 3) as first:
        assert gameable("matrix", "out", "--json").returncode == 0
        assert first.poll() is None


# --- moved -----------------------------------------------------------------------------------------------------------


def test_a_run_that_was_moved_goes_on_in_its_new_place(
    gameable: Run, environment: dict[str, str], whole: Path, tmp_path: Path
) -> None:
    with under_way(environment, tmp_path, "out", 8) as process:
        process.send_signal(signal.SIGKILL)
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    answer = gameable("resume", "elsewhere")
    assert answer.returncode == 0, answer.stderr
    assert "elsewhere/report.html" in answer.stdout
    assert not (tmp_path / "out").exists()
    assert differences(whole, tmp_path / "elsewhere") == []


def test_a_run_that_is_moved_while_it_runs_stops_and_goes_on_in_its_new_place(
    gameable: Run, environment: dict[str, str], whole: Path, tmp_path: Path
) -> None:
    with under_way(environment, tmp_path, "out", 1) as process:
        shutil.move(tmp_path / "out", tmp_path / "elsewhere")
        _, told = process.communicate()
    assert process.returncode == 2
    assert "error: The run folder out is gone. If it was moved, type `gameable resume` with its new place" in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()
    assert gameable("resume", "elsewhere").returncode == 0
    assert differences(whole, tmp_path / "elsewhere") == []


@pytest.mark.parametrize("conclude", [_conclude_all, _conclude_mitigations])
def test_a_run_that_is_moved_between_its_end_and_what_is_shown_of_it_says_so(
    conclude: Callable[[Path, Iterator[Path]], None], whole: Path, tmp_path: Path
) -> None:
    def ended() -> Iterator[Path]:
        shutil.move(whole, tmp_path / "elsewhere")
        yield whole

    with pytest.raises(StoreError, match="whole is gone. If it was moved, type `gameable resume` with its new place"):
        conclude(whole, ended())


# --- written by another version --------------------------------------------------------------------------------------


def test_a_run_of_an_older_format_names_the_version_that_reads_it(gameable: Run, whole: Path) -> None:
    with sqlite3.connect(whole / "run.db") as db:
        db.execute("UPDATE meta SET value = '0'")
    db.close()
    for command in ("resume", "matrix", "report"):
        answer = gameable(command, "whole")
        assert answer.returncode == 2
        assert answer.stderr == (
            "error: whole has run format 0; this gameable reads 1. gameable 0.1.0 wrote it: `pip install "
            "gameable==0.1.0` reads it and goes on with it.\n"
        )


def test_a_profile_of_an_older_version_names_the_key_and_the_version(gameable: Run, whole: Path) -> None:
    manifest = json.loads((whole / "manifest.json").read_text())
    manifest["gameable"] = "0.0.9"
    manifest["profile"]["sampling"]["tempo"] = manifest["profile"]["sampling"].pop("temperature")
    (whole / "manifest.json").write_text(json.dumps(manifest))
    answer = gameable("resume", "whole")
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: whole/manifest.json, profile: cannot be run as written:\n  sampling.tempo:")
    assert "gameable 0.0.9 wrote it, and this is 0.1.0: type `pip install gameable==0.0.9`" in answer.stderr


# --- read-only -------------------------------------------------------------------------------------------------------


def test_a_sealed_run_can_be_read_but_not_written(gameable: Run, whole: Path) -> None:
    before = gameable("matrix", "whole", "--json").stdout
    with sealed(whole):
        assert gameable("matrix", "whole", "--json").stdout == before
        for command in ("resume", "report"):
            answer = gameable(command, "whole")
            assert answer.returncode == 2
            assert answer.stderr.startswith("error: No permission to write in whole: ")
            assert answer.stderr.endswith("`cp -r whole COPY`, then `gameable resume COPY`.\n")


def test_a_killed_run_in_a_sealed_folder_can_be_read_and_goes_on_in_a_copy(
    gameable: Run, environment: dict[str, str], whole: Path, tmp_path: Path
) -> None:
    with under_way(environment, tmp_path, "out", 8) as process:
        process.send_signal(signal.SIGKILL)
    finished = kept(tmp_path / "out")
    with sealed(tmp_path / "out"):
        assert kept(tmp_path / "out") == finished
        assert gameable("matrix", "out").returncode == 0
        assert gameable("resume", "out").returncode == 2
        shutil.copytree(tmp_path / "out", tmp_path / "copy")
    assert gameable("resume", "copy").returncode == 0
    assert differences(whole, tmp_path / "copy") == []


def test_a_run_cannot_begin_in_a_sealed_folder(gameable: Run, tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir()
    with sealed(tmp_path / "sealed"):
        answer = gameable("run", "toy.yaml", "--out", "sealed/run")
    assert answer.returncode == 2
    assert "error: No permission to write in sealed/run: " in answer.stderr
    assert "Choose a folder that you own with `--out`" in answer.stderr


# --- a full disk -----------------------------------------------------------------------------------------------------


def test_a_run_whose_disk_fills_up_says_so_and_goes_on_when_there_is_room(
    gameable: Run, whole: Path, tmp_path: Path
) -> None:
    with disk(tmp_path / "small", "400k") as small:
        answer = gameable("run", "toy.yaml", "--out", "small/run")
        assert answer.returncode == 2, answer.stderr
        assert "The disk is probably full: free some space, then type `gameable resume small/run`" in answer.stderr
        assert "Traceback" not in answer.stderr
        finished = kept(small / "run")
        grow(small, "20m")
        assert gameable("resume", "small/run").returncode == 0
        assert finished
        assert finished <= kept(small / "run")
        assert differences(whole, small / "run") == []


def test_a_library_that_finds_no_room_is_told_as_a_full_disk(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    weights = {"weights": torch.ones(1 << 20)}
    for save in (save_file, torch.save):
        full = pytest.raises(StoreError, match="free some space")
        with disk(tmp_path / save.__name__, "1m") as small, full, lasting(small):
            save(weights, small / "model")


def test_other_errors_pass_while_there_is_room(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such layer"), lasting(tmp_path):
        raise ValueError("no such layer")


# --- weights and times -----------------------------------------------------------------------------------------------


def test_weights_are_on_disk_before_the_run_counts_them_as_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[Path, list[str]] = {}

    def noting(path: Path) -> None:
        if "checkpoints" in path.parts:
            with Store.open(tmp_path / "run", write=False) as store:
                synced.setdefault(path.relative_to(tmp_path / "run"), list(store.milestones()))
        sync(path)

    monkeypatch.setattr("gameable.runfolder.sync", noting)
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))
    start(Profile.model_validate(PROFILE), toy_plugins(), tmp_path / "run", Silent())
    for name in ("start.partial/config.json", "start.partial", ""):
        assert "start/updated" not in synced[Path("checkpoints") / name]
    assert "1-heat/updated" not in synced[Path("checkpoints/1-heat.partial/config.json")]


def test_the_time_of_a_step_that_a_stop_cut_in_two_is_not_known(
    gameable: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    with under_way(environment, tmp_path, "out", 6) as process:
        process.send_signal(signal.SIGKILL)
    assert "Finished: in more than one go" in gameable("resume", "out").stdout
    with Store.open(tmp_path / "out", write=False) as store:
        seconds = {name: body["seconds"] for name, body in store.milestones().items() if "seconds" in body}
    assert [name for name, known in seconds.items() if known is None] == ["start/evaluated", "run/finished"]
    assert gameable("summary", "out").returncode == 0


# --- torn ------------------------------------------------------------------------------------------------------------


def test_a_log_line_that_was_cut_short_spoils_no_other(
    gameable: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    with under_way(environment, tmp_path, "out", 1) as process:
        process.send_signal(signal.SIGKILL)
    with (tmp_path / "out" / "log.jsonl").open("a") as log:
        log.write('{"event": "the sandbox bro')
    assert gameable("resume", "out").returncode == 0
    assert (tmp_path / "out" / "log.jsonl").read_text().endswith("bro\n")


def test_a_speed_that_was_cut_short_costs_no_run(gameable: Run, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "speed.json").write_text('{"["scr')
    assert gameable("run", "toy.yaml", "--dry-run").returncode == 0
    assert gameable("resume", "whole").returncode == 0
    assert len(json.loads((tmp_path / "cache" / "speed.json").read_text())) == 1


def test_a_run_that_died_before_its_manifest_is_begun_again_in_the_same_folder(gameable: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("lock", "manifest.json.tmp", ".seeds.json.tmp"):
        (tmp_path / "out" / name).write_text("4")
    answer = gameable("resume", "out")
    assert answer.returncode == 2
    assert "has spent nothing: start it again, in the same folder." in answer.stderr
    assert gameable("run", "toy.yaml", "--out", "out").returncode == 0
    assert not in_use(tmp_path / "out")


def test_a_training_that_died_as_it_ended_leaves_no_scratch_behind(whole: Path, gameable: Run) -> None:
    with sqlite3.connect(whole / "run.db") as db:
        db.execute("DELETE FROM milestone WHERE name IN ('1-heat/trained', '1-heat/evaluated', 'run/finished')")
    db.close()
    scratch = whole / "checkpoints" / "1-heat.scratch"
    scratch.mkdir()
    (scratch / "optimizer.pt").write_text("three times the size of the weights")
    assert gameable("resume", "whole").returncode == 0
    assert not scratch.exists()
