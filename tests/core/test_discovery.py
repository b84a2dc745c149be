"""Single files as plugins, and what is told of those that will not do."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from installing import SAMPLES, Shell

from gameable import EnvironmentOffer, PluginError, Silent, seeds
from gameable.assembly import plugins_of
from gameable.discovery import PluginFile, read_file
from gameable.plugins import Plugins
from gameable.profile_reading import load, read
from gameable.store import Store
from toys import PROFILE

ENVIRONMENT = SAMPLES / "good_environment" / "sample_good_environment.py"
COINS = {
    "name": "coins",
    "policy": {"use": "scripted", "script": "coin_count:plays"},
    "rewards": [{"use": "gaming-bonus"}],
    "stages": [],
    "evaluation": {"environments": ["coin-count"], "variants": 4},
}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder with a plugin in one file, and a profile that uses it."""
    text = ENVIRONMENT.read_text().replace("sample_good_environment", "coin_count")
    (tmp_path / "coin_count.py").write_text(text)
    (tmp_path / "coins.yaml").write_text(yaml.safe_dump(COINS))
    return Shell(tmp_path)


def test_a_file_is_listed_with_a_hash_for_its_version(shell: Shell) -> None:
    rows = json.loads(shell.gameable("plugins", "--plugin", "coin_count.py", "--json").stdout)
    (row,) = [row for row in rows if row["name"] == "coin-count"]
    assert row["status"] == "ok"
    assert row["distribution"] == str(shell.folder / "coin_count.py")
    assert len(row["version"]) == 12


def test_a_file_is_admitted_like_an_installed_plugin(shell: Shell) -> None:
    answer = shell.gameable("check", "coin-count", "--plugin", "coin_count.py", "--variants", "1")
    assert answer.returncode == 0, answer.stdout
    assert "coin-count is admitted" in answer.stdout


def test_a_run_remembers_the_file_even_when_it_is_gone(shell: Shell) -> None:
    whole = shell.gameable("run", "coins.yaml", "--plugin", "coin_count.py", "--out", "out")
    assert whole.returncode == 0, whole.stderr
    shown = shell.gameable("matrix", "out", "--json").stdout
    (shell.folder / "coin_count.py").unlink()
    for left in ("run.db", "run.db-wal", "run.db-shm"):  # nothing was played yet, as far as the folder tells
        (shell.folder / "out" / left).unlink(missing_ok=True)
    answer = shell.gameable("resume", "out")
    assert answer.returncode == 0, answer.stderr
    assert shell.gameable("matrix", "out", "--json").stdout == shown
    assert [cell["n"] for cell in json.loads(shown)] == [4, 4]  # two measures


def test_several_seeds_remember_it_too(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAMEABLE_CACHE", str(shell.folder / "cache"))
    profile = read(str(shell.folder / "coins.yaml"), ["seeds=2"], [read_file(shell.folder / "coin_count.py")])
    out = shell.folder / "out"
    assert list(seeds.start(profile, plugins_of(profile), out, Silent())) == [out / "seed-0", out / "seed-1"]
    (shell.folder / "coin_count.py").unlink()
    shutil.rmtree(out / "seed-1")
    del sys.modules["coin_count"]
    assert list(seeds.resume(out, Silent())) == [out / "seed-0", out / "seed-1"]
    with Store.open(out / "seed-1", write=False) as store:
        assert store.milestone("run/finished") is not None


def test_a_file_that_does_not_load_stops_a_run_and_is_a_row_of_the_list(shell: Shell) -> None:
    (shell.folder / "broken.py").write_text("import sys\nsys.exit('no thanks')\n")
    run = shell.gameable("run", "coins.yaml", "--plugin", "broken.py")
    assert run.returncode == 2
    assert "broken.py cannot be imported: SystemExit: no thanks. Mend " in run.stderr
    listed = shell.gameable("plugins", "--plugin", "broken.py", "--json")
    (row,) = [row for row in json.loads(listed.stdout) if row["name"] == "broken"]
    assert (listed.returncode, row["status"]) == (0, "failed")


def test_a_file_that_is_not_there_is_told_with_where_we_looked(shell: Shell) -> None:
    answer = shell.gameable("plugins", "--plugin", "nowhere.py")
    assert answer.returncode == 2
    assert answer.stderr == (
        f"error: cannot read the plugin nowhere.py: No such file or directory. Looked in {shell.folder}.\n"
    )


def test_only_python_files_are_taken() -> None:
    with pytest.raises(PluginError, match=r"--plugin takes a Python file such as ./my_env.py, not toy.yaml"):
        read_file(Path("toy.yaml"))


def test_a_file_called_like_another_module_is_told() -> None:
    (row,) = [row for row in Plugins(files=[PluginFile("/here/yaml.py", "")]).rows() if row.status == "failed"]
    assert row.error.startswith("there is another module named yaml (")
    assert row.error.endswith("rename /here/yaml.py. Mend /here/yaml.py.")


def test_a_file_that_no_module_can_be_called_like_is_told() -> None:
    (row,) = [row for row in Plugins(files=[PluginFile("/here/my-env.py", "")]).rows() if row.status == "failed"]
    assert row.error.startswith("a plugin file is named like a Python module, my_env.py for example, not ")


def test_a_file_is_imported_once_for_the_same_text_and_again_for_another() -> None:
    text = ENVIRONMENT.read_text().replace("sample_good_environment", "twice_read")
    first = PluginFile("/here/twice_read.py", text)
    loaded = first.load()
    assert first.load() is loaded
    other = PluginFile("/here/twice_read.py", text.replace("coin-count", "other-count"))
    assert other.load() is not loaded
    assert "other-count" in Plugins(files=[other]).names(EnvironmentOffer)


def test_a_profile_of_a_run_without_files_has_none() -> None:
    assert load(yaml.safe_dump(dict(PROFILE))).plugins.files == []
