"""Code blocks in the README and docs: commands parse, profiles load, Python runs. Hooks and tutorial have their own."""

from __future__ import annotations

import asyncio
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from documents import DOCUMENTS, ROOT, Block, blocks
from installing import SAMPLES

from gameable import EnvironmentOffer, PluginError
from gameable.assembly import assemble
from gameable.cli import app
from gameable.discovery import PluginFile
from gameable.hook_checks import HOOKS
from gameable.inheritance import merged
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.profile_reading import load, read
from gameable_plugins.rewards._pairs import load_pairs

ELSEWHERE = {ROOT / "docs" / "how-to" / "hooks.md", ROOT / "docs" / "tutorials" / "environment.md"}
BLOCKS = [block for file in DOCUMENTS if file not in ELSEWHERE for block in blocks(file)]
SHELL = [block for block in BLOCKS if block.language in {"", "console", "sh"}]
PLACEHOLDER = re.compile(r"[A-Z]+|\./.*|my-.*|new-plugin|editable-tests|.*\.(yaml|py)")


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {block.language for block in BLOCKS} <= {"", "console", "sh", "python", "yaml", "toml", "jsonl"}


# --- commands --------------------------------------------------------------------------------------------------------

GAMEABLE = sorted(
    {
        re.sub(r"^.*?\bgameable ", "gameable ", command)
        for block in SHELL
        for command in block.commands
        if re.match(r"^([A-Z_]+=\S+ )*gameable ", command)
    }
)


def parsed(command: str) -> tuple[str, dict[str, Any]]:
    """Parse a command line as the real one would; return the command's name and what it was given."""
    arguments = shlex.split(command.partition(" > ")[0], comments=True)[1:]
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands"):
        found = found.commands[arguments.pop(0)]
    return found.name, found.make_context(found.name, arguments).params


def test_a_command_with_an_option_that_is_not_there_is_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        parsed("gameable run quickstart --fast")


@pytest.mark.parametrize("command", GAMEABLE)
def test_a_command_exists_with_these_options(command: str) -> None:
    assert parsed(command)


@pytest.mark.parametrize("command", [each for each in GAMEABLE if each.startswith("gameable run ")])
def test_a_run_names_a_profile_that_takes_these_settings(command: str) -> None:
    _, given = parsed(command)
    if PLACEHOLDER.fullmatch(given["profile"]) or given["finished"]:  # --from: see tests/docs/test_mitigations_page.py
        return
    profile = read(given["profile"], [each for each in given["overrides"] or () if "…" not in each])
    try:
        assert assemble(profile, Plugins())
    except PluginError as error:
        assert re.search(r"'new-plugin|my-", str(error)), error  # noqa: PT017  a plugin that the reader is to write


@pytest.mark.parametrize("command", [each for each in GAMEABLE if each.startswith("gameable check ")])
def test_a_check_names_an_environment_that_takes_these_options(command: str) -> None:
    _, given = parsed(command)
    if not PLACEHOLDER.fullmatch(given["environment"]):
        assert Plugins().find(EnvironmentOffer, given["environment"])


def test_every_extra_and_every_target_of_make_that_is_named_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for file in DOCUMENTS:
        text = file.read_text()
        named = {
            extra for names in re.findall(r"(?:gameable|-e [\"']?\.)\[([\w,-]+)\]", text) for extra in names.split(",")
        }
        assert named <= set(project["optional-dependencies"]) | {"test"}, file
        commands = [command for block in blocks(file) for command in block.commands]
        assert {command.split()[1] for command in commands if command.startswith("make ")} <= targets, file


# --- profiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", of_language("yaml"), ids=str)
def test_yaml_is_a_profile_or_a_part_of_one(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = yaml.safe_load(block.text)
    if "mitigations" in data:
        return  # laid over a finished run: see tests/docs/test_mitigations_page.py
    if data.get("extends") == "the-one-above.yaml":
        (above,) = (each for each in of_language("yaml") if each.file == block.file and "defaults:\n" in each.text)
        bare = read("quickstart").model_dump(exclude={"stages"})
        Path("the-one-above.yaml").write_text(yaml.safe_dump(merged(bare, yaml.safe_load(above.text))))
    base = {} if "extends" in data else read("quickstart").model_dump(exclude={"stages"} if "stages" in data else set())
    profile = load(yaml.safe_dump(merged(base, data)))
    assert isinstance(profile, Profile)
    for name in data.get("environments", {}):
        reference = profile.reference(name)
        assert Plugins().environment(reference.use, {"prompt": profile.prompt, **reference.options})


# --- the rest --------------------------------------------------------------------------------------------------------


def test_lines_of_json_are_preference_pairs(tmp_path: Path) -> None:
    (block,) = of_language("jsonl")
    (tmp_path / "pairs.jsonl").write_text(block.text)
    assert load_pairs(tmp_path / "pairs.jsonl")


def test_toml_registers_an_entry_point() -> None:
    for block in of_language("toml"):
        assert tomllib.loads(block.text)["project"]["entry-points"]["gameable"]


@pytest.mark.parametrize("block", of_language("python"), ids=str)
def test_python_runs(block: Block) -> None:
    """With the names that the text around it speaks of: the reader's own environment."""
    if any(f"def {hook}(" in block.text for hook in HOOKS):
        file = PluginFile("/here/shown_in_the_docs.py", block.text)
        Plugins(files=[file]).check_loaded([file.path])
        return
    text = (SAMPLES / "good_environment" / "sample_good_environment.py").read_text()
    environment = PluginFile("/here/readers_own.py", text.replace("sample_good_environment", "readers_own")).load()
    names = {"asyncio": asyncio, "pytest": pytest, "MyEnvironment": vars(environment)["CoinCount"]}
    exec(compile(block.text, str(block), "exec"), names)  # noqa: S102  our own documentation
