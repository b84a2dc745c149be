"""The wheel, made from the sdist, in an environment that has what the core needs and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from documents import ROOT
from installing import SAMPLES
from packaging.requirements import Requirement

pytestmark = pytest.mark.timeout(240)

COINS = {
    "name": "coins",
    "policy": {"use": "scripted", "script": "coin_count:plays"},
    "rewards": [{"use": "gaming-bonus"}],
    "stages": [],
    "evaluation": {"environments": ["coin-count"], "variants": 4},
}


def built(folder: Path, what: str, source: Path) -> Path:
    """Build a wheel or an sdist as a build front end does, in a process of its own."""
    code = f"import sys; from hatchling.build import build_{what}; print(build_{what}(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)
    return folder / done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    sdist = built(folder, "sdist", ROOT)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return built(folder, "wheel", folder / sdist.name.removesuffix(".tar.gz"))


def needed(name: str, seen: set[str]) -> Iterator[str]:
    """Yield a distribution and all that it needs without extras."""
    if name in seen:
        return
    seen.add(name)
    yield name
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield from needed(requirement.name, seen)


def core_requirements(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        lines = archive.read(name).decode().splitlines()
    told = [Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: ")]
    return [each.name for each in told if each.marker is None or each.marker.evaluate({"extra": ""})]


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and what it needs, taken from here, so that no network is asked."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    seen: set[str] = set()
    for name in (each for core in core_requirements(wheel) for each in needed(core, seen)):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or () if ".." not in file.parts} - {"__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(found.locate_file(top))))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    text = (SAMPLES / "good_environment" / "sample_good_environment.py").read_text()
    (tmp_path / "coin_count.py").write_text(text.replace("sample_good_environment", "coin_count"))
    (tmp_path / "coins.yaml").write_text(yaml.safe_dump(COINS))
    return tmp_path


def gameable(bare: Path, work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    variables: Mapping[str, str] = {name: text for name, text in os.environ.items() if name not in hidden}
    command = [str(bare / "bin" / "gameable"), *arguments]
    cache = {"GAMEABLE_CACHE": str(work / "cache"), "COLUMNS": "200"}
    return subprocess.run(command, cwd=work, env={**variables, **cache}, capture_output=True, text=True, check=False)


def test_the_wheel_holds_type_information_profiles_and_templates(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packages = ("gameable", "gameable_plugins", "gameable_policies", "gameable_oversight")
    assert {f"{each}/py.typed" for each in packages} <= names
    assert "gameable_plugins/profiles/quickstart.yaml" in names
    assert "gameable/templates/environment/pyproject.toml" in names
    assert {name.split("/")[0] for name in names} == {*packages, "gameable-0.1.0.dist-info"}


def test_the_core_needs_no_heavy_library(wheel: Path) -> None:
    seen: set[str] = set()
    every = {each for core in core_requirements(wheel) for each in needed(core, seen)}
    assert not every & {"torch", "transformers", "trl", "vllm", "datasets", "matplotlib", "jinja2", "Jinja2", "docker"}


def test_plugins_are_listed(bare: Path, work: Path) -> None:
    answer = gameable(bare, work, "plugins", "--json")
    assert answer.returncode == 0, answer.stderr
    assert {row["status"] for row in json.loads(answer.stdout)} == {"ok"}


def test_a_scripted_profile_runs_and_says_what_a_report_needs(bare: Path, work: Path) -> None:
    answer = gameable(bare, work, "run", "coins.yaml", "--plugin", "coin_count.py", "--out", "out")
    assert answer.returncode == 0, answer.stderr
    assert (
        "No report: The HTML report needs jinja2 and matplotlib: type `pip install 'gameable[view]'`. "
        "Then: gameable report out\n"
    ) in answer.stdout
    assert json.loads(gameable(bare, work, "matrix", "out", "--json").stdout)[0]["n"] == 4


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (["--set", "policy={use: hf, model: ./model}"], "pip install 'gameable[hf]'"),
        (["--set", "sandbox=docker"], 'pip install "gameable[docker]"'),
    ],
)
def test_a_missing_extra_is_one_line_with_what_to_type(bare: Path, work: Path, changes: list[str], line: str) -> None:
    (work / "model").mkdir()
    (work / "model" / "config.json").write_text("{}")
    answer = gameable(bare, work, "run", "coins.yaml", "--plugin", "coin_count.py", *changes)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert line in answer.stderr.splitlines()[-1]
    assert not (work / "runs").exists()


def test_a_new_plugin_can_be_written(bare: Path, work: Path) -> None:
    assert gameable(bare, work, "new", "reward", "kind-words").returncode == 0
    assert (work / "kind-words" / "kind_words.py").is_file()
    shutil.rmtree(work / "kind-words")
