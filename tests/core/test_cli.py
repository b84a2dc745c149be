from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from background import wait_for

from gameable.store import Store
from toys import PROFILE

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TESTS = Path(__file__).parent.parent


def test_help_names_every_command(gameable: Run) -> None:
    shown = gameable("--help").stdout
    for command in ("run", "resume", "matrix", "report", "plugins", "doctor", "sandbox", "train-pm"):
        assert f" {command} " in shown


def test_help_and_plugins_import_no_torch(environment: dict[str, str]) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from gameable.cli import app;"
        "CliRunner().invoke(app, ['--help']); CliRunner().invoke(app, ['plugins']);"
        "print([name for name in ('torch', 'transformers', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert answer.stdout.strip() == "[]"


def test_plugins_lists_an_outside_distribution(gameable: Run) -> None:
    rows = json.loads(gameable("plugins", "--json").stdout)
    (row,) = [row for row in rows if row["name"] == "thermometer"]
    assert row == {
        "kind": "environment",
        "name": "thermometer",
        "summary": "Hot pays.",
        "distribution": "toys",
        "version": "1.0",
        "status": "ok",
        "error": "",
    }


def test_plugins_survives_a_broken_distribution(gameable: Run, tmp_path: Path) -> None:
    entry = tmp_path / "site" / "toys-1.0.dist-info" / "entry_points.txt"
    entry.write_text("[gameable]\ntoys = no_such_module\n")
    answer = gameable("plugins", "--json")
    (row,) = [row for row in json.loads(answer.stdout) if row["status"] == "failed"]
    assert row["error"] == (
        "no_such_module cannot be imported: ModuleNotFoundError: No module named 'no_such_module'. "
        "Mend it, uninstall it (pip uninstall toys) or block it (plugins: {block: [toys]})."
    )
    assert row["distribution"] == "toys"


def test_doctor_says_what_is_here(gameable: Run) -> None:
    found = {row["what"]: row["status"] for row in json.loads(gameable("doctor", "--json").stdout)}
    assert found["python"] == found["bashkit"] == "ok"
    assert set(found) >= {"torch", "vllm", "docker", "gpu", "smollm2-135m-instruct"}


def test_a_sandbox_that_needs_no_building_is_ready(gameable: Run) -> None:
    assert gameable("sandbox", "build", "bashkit").stdout == "Sandbox 'bashkit' is ready.\n"
    assert json.loads(gameable("sandbox", "build", "bashkit", "--json").stdout) == {}


def test_building_a_sandbox_that_nobody_offers_names_the_others(gameable: Run) -> None:
    answer = gameable("sandbox", "build", "dokcer")
    assert answer.returncode == 2
    assert "Did you mean 'docker'?" in answer.stderr


def test_a_dry_run_prints_the_plan_and_leaves_nothing(gameable: Run, tmp_path: Path) -> None:
    answer = gameable("run", "toy.yaml", "--dry-run")
    assert answer.returncode == 0
    assert "1-heat" in answer.stderr
    assert "55 episodes" in answer.stderr
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_prints_tokens_and_why_hours_are_unknown(gameable: Run) -> None:
    shown = gameable("run", "toy.yaml", "--dry-run").stderr
    assert "2k (4k)" in shown  # sampled in stage 1-heat: 20 episodes, 100 tokens expected, 200 allowed
    assert "GPU-hours unknown" in shown


def test_a_dry_run_in_json_has_the_documented_fields(gameable: Run) -> None:
    told = json.loads(gameable("run", "toy.yaml", "--dry-run", "--json", "--seeds", "2").stdout)
    assert list(told) == [
        "profile",
        "seeds",
        "episodes",
        "minutes",
        "gpu_hours",
        "dollars",
        "lengths",
        "policy",
        "judge",
        "tokens",
    ]
    assert told["episodes"] == {"start": 3, "1-heat": 20, "evaluation": 32}
    assert told["minutes"] == {"value": pytest.approx(2 * 55 * 0.8 / 60), "source": "a guess for two CPU cores"}
    assert told["tokens"]["1-heat"]["most"]["sampled"] == 2 * 4000
    assert told["gpu_hours"] is None


def test_several_seeds_are_ordinary_runs_in_one_folder(gameable: Run, tmp_path: Path) -> None:
    answer = gameable("run", "toy.yaml", "--seeds", "2", "--out", "out")
    assert answer.returncode == 0, answer.stderr
    for seed in (3, 4):
        with Store.open(tmp_path / "out" / f"seed-{seed}", write=False) as store:
            assert (store.manifest["profile"]["seed"], store.manifest["profile"]["seeds"]) == (seed, 1)
            assert store.milestone("run/finished") is not None
    assert "Next: open out/report.html, or type `gameable trend out`." in answer.stdout
    assert "2 seeds" in (tmp_path / "out" / "report.html").read_text()
    told = gameable("matrix", "out")
    assert told.returncode == 2
    assert told.stderr == "error: out holds one run a seed; name one of them: out/seed-3, out/seed-4.\n"


def test_resuming_several_seeds_makes_up_for_those_that_are_missing(gameable: Run, tmp_path: Path) -> None:
    gameable("run", "toy.yaml", "--seeds", "2", "--out", "out")
    before = {seed: gameable("matrix", f"out/seed-{seed}", "--json").stdout for seed in (3, 4)}
    shutil.rmtree(tmp_path / "out" / "seed-4")
    assert gameable("resume", "out").returncode == 0
    assert {seed: gameable("matrix", f"out/seed-{seed}", "--json").stdout for seed in (3, 4)} == before
    assert before[3] != before[4]


def test_a_run_prints_matrix_examples_costs_and_the_next_step(gameable: Run, tmp_path: Path) -> None:
    answer = gameable("run", "toy.yaml", "--out", "out")
    assert answer.returncode == 0, answer.stderr
    assert "forbidden-oven" in answer.stdout
    assert "evaluate/1-heat/" in answer.stdout
    assert "peak memory" in answer.stdout
    assert "gameable matrix out --json" in answer.stdout
    assert (tmp_path / "out" / "report.html").exists()


def test_matrix_json_has_the_documented_fields(gameable: Run) -> None:
    gameable("run", "toy.yaml", "--out", "out")
    rows = json.loads(gameable("matrix", "out", "--json").stdout)
    assert len(rows) == 2 * 2 * 4
    fields = ["model", "environment", "measure", "n", "scored", "engaged", "events"]
    fields += ["variants", "rate", "low", "high"]
    assert all(list(row) == fields for row in rows)
    assert all(row["low"] <= row["rate"] <= row["high"] for row in rows)


def test_a_plugin_that_the_profile_blocks_is_never_imported(gameable: Run, tmp_path: Path) -> None:
    tripwire = tmp_path / "site" / "tripwire-1.0.dist-info"
    tripwire.mkdir()
    (tripwire / "METADATA").write_text("Metadata-Version: 2.1\nName: tripwire\nVersion: 1.0\n")
    (tripwire / "entry_points.txt").write_text("[gameable]\ntripwire = tripwire\n")
    (tmp_path / "site" / "tripwire.py").write_text("print('imported')\n")
    assert "imported" in gameable("plugins").stderr
    assert "imported" not in gameable("run", "toy.yaml", "--dry-run", "--set", "plugins.block=[tripwire]").stderr


def test_a_user_error_is_one_message_without_a_traceback(gameable: Run, tmp_path: Path) -> None:
    answer = gameable("run", "toy.yaml", "--set", "stages.0.environments=[forbidden-oven]")
    assert answer.returncode == 2
    assert answer.stderr == "error: stage '1-heat' trains on 'forbidden-oven', which is held out: evaluate it only.\n"
    assert not (tmp_path / "runs").exists()


def test_a_missing_model_is_one_clear_error_before_anything_is_spent(gameable: Run, tmp_path: Path) -> None:
    answer = gameable("run", "toy.yaml", "--set", "policy={use: hf, model: ./nowhere}")
    assert answer.returncode == 2
    assert "nowhere" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_is_no_run_is_one_clear_error(gameable: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for command in ("resume", "matrix", "report"):
        answer = gameable(command, "empty")
        assert answer.returncode == 2
        assert answer.stderr.startswith("error: ")


def test_a_full_disk_is_refused_before_anything_is_spent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gameable import cli
    from toys import toy_plugins

    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(dict(PROFILE)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAMEABLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("gameable.assembly.Plugins", lambda _block, _files: toy_plugins())
    monkeypatch.setattr("gameable.runs.free_space", lambda _folder: 1)
    with pytest.raises(SystemExit, match="2"):
        cli.main(["run", "toy.yaml"])
    assert "choose another place with --out" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_ctrl_c_leaves_with_the_command_that_goes_on(
    gameable: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    slow = ["--set", "policy.script=toys:slowly"]
    command = [sys.executable, "-m", "gameable", "run", "toy.yaml", "--out", "out", *slow]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(tmp_path / "out", process, episodes=5)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130
    assert told.endswith("Stopped. Everything that was finished is kept; `gameable resume out` goes on.\n")
    assert "Traceback" not in told
    assert gameable("resume", "out").returncode == 0


@pytest.mark.timeout(120)
def test_a_run_killed_outright_and_resumed_ends_like_one_that_was_not(
    gameable: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    gameable("run", "toy.yaml", "--out", "whole")
    slow = ["--set", "policy.script=toys:slowly"]
    command = [sys.executable, "-m", "gameable", "run", "toy.yaml", "--out", "killed", *slow]
    for attempt in range(3):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        wait_for(tmp_path / "killed", process, episodes=3 + 4 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        command = [sys.executable, "-m", "gameable", "resume", "killed"]
    answer = gameable("resume", "killed")
    assert answer.returncode == 0, answer.stderr
    assert gameable("matrix", "killed", "--json").stdout == gameable("matrix", "whole", "--json").stdout
    with Store.open(tmp_path / "killed", write=False) as killed, Store.open(tmp_path / "whole", write=False) as whole:
        assert list(killed.episodes()) == list(whole.episodes())
