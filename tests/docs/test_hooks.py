"""What docs/how-to/hooks.md and the docstrings say of hooks, against the hooks themselves."""

from __future__ import annotations

import asyncio
import inspect
import textwrap
from pathlib import Path

import pytest
from documents import ROOT, Block, blocks
from starlette.testclient import TestClient
from watchers import begun
from watchers import profile as watched

from gameable import Environment, Sandbox, Silent, hookspecs
from gameable.discovery import PluginFile
from gameable.hook_checks import HOOKS, wanted
from gameable.plugins import Plugins
from gameable.testing import check_environment, embedded_sandbox

PYTHON = [block for block in blocks(ROOT / "docs" / "how-to" / "hooks.md") if block.language == "python"]
SIGNATURES = [block for block in PYTHON if block.text.startswith("def ")]
EXAMPLES = [block for block in PYTHON if block not in SIGNATURES]


def load(block: Block) -> Plugins:
    """Load an example as the text tells to, and see that it is a plugin."""
    file = PluginFile("/here/my_plugin.py", block.text)
    plugins = Plugins(files=[file])
    plugins.check_loaded([file.path])
    return plugins


def test_every_hook_is_documented_with_its_exact_signature_in_order() -> None:
    specified = [
        f"def {name}{inspect.signature(hook)}: ...\n".replace("'", "")
        for name, hook in vars(hookspecs).items()
        if name.startswith("gameable_")
    ]
    assert [block.text for block in SIGNATURES] == specified
    assert specified == [f"{wanted(name)}: ...\n" for name in HOOKS]


def test_every_signature_is_followed_by_an_example_of_its_hook() -> None:
    assert len(EXAMPLES) == len(HOOKS)
    for hook, signature, example in zip(HOOKS, SIGNATURES, EXAMPLES, strict=True):
        assert signature.line < example.line
        assert f"@hookimpl\ndef {hook}():" in example.text


@pytest.mark.parametrize("block", EXAMPLES, ids=str)
def test_an_example_is_a_plugin_and_what_it_offers_can_be_made(block: Block, tmp_path: Path) -> None:
    plugins = load(block)
    (row,) = [row for row in plugins.rows() if row.distribution == "/here/my_plugin.py"]
    if row.kind == "profile":
        assert plugins.profile_text(row.name).startswith("name: quickstart")
    elif row.kind == "report":
        (tmp_path / "manifest.json").write_text('{"profile": {"name": "mine"}}')
        assert plugins.report(row.name)(tmp_path).read_text() == "mine\n"
    elif row.kind == "export":
        run = begun(tmp_path / "run", watched())
        with run.store as store:
            run.run()
            (file,) = plugins.export(row.name)(store, tmp_path / "out", Silent())
            assert len(file.read_text().splitlines()) == len(store.episode_ids("evaluate/")) > 0
    elif row.kind == "viewer":
        (tmp_path / "a-run").mkdir()
        assert TestClient(plugins.viewer(row.name)(tmp_path)).get("/").text == "a-run"
    else:
        assert getattr(plugins, row.kind)(row.name, {})


def test_the_environment_of_the_example_is_admitted() -> None:
    environment: Environment = load(EXAMPLES[0]).environment("applause", {})
    assert asyncio.run(check_environment(environment, embedded_sandbox())) == []


def test_the_sandbox_of_the_example_leaves_its_note() -> None:
    (example,) = [block for block in EXAMPLES if "gameable_sandboxes" in block.text]
    sandbox: Sandbox = load(example).sandbox("signed", {})

    async def left() -> dict[str, str]:
        async with await sandbox.open({}, (), "/home/me") as session:
            return await session.snapshot()

    assert asyncio.run(left()) == {"/home/me/MADE_BY": "signed\n"}


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_in_a_docstring_is_a_plugin(hook: str) -> None:
    documented = inspect.getdoc(getattr(hookspecs, hook)) or ""
    example = documented.partition("Example::\n\n")[2].partition("Returns:")[0]
    text = f"import gameable\n\n{textwrap.dedent(example)}"
    assert f"def {hook}()" in text
    file = PluginFile("/here/docstring_example.py", text)
    Plugins(files=[file]).check_loaded([file.path])
