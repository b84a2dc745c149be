from __future__ import annotations

import json
from collections.abc import Iterable
from io import StringIO

import pytest
from rich.console import Console

from gameable import PluginError, SandboxError, SandboxOffer, hookimpl
from gameable.check_command import as_json, check, default_sandbox, show
from gameable.cli import main
from gameable.discovery import Origin
from gameable.plugins import Plugins
from gameable.testing import CHECKS, Verdicts
from gameable_plugins.sandboxes.bashkit import Bashkit
from toys import toy_plugins

NAMES = [each.__name__ for each in CHECKS]


class SecondSandbox:
    """Offers the embedded sandbox under another name."""

    @hookimpl
    def gameable_sandboxes(self) -> Iterable[SandboxOffer]:
        factory = "gameable_plugins.sandboxes.bashkit:Bashkit"
        yield SandboxOffer(name="second", summary="The same.", factory=factory)


@pytest.fixture
def plugins() -> Plugins:
    found = toy_plugins()
    found.register(SecondSandbox(), Origin("second", "1.0", "second"))
    return found


@pytest.fixture
def healthy(plugins: Plugins) -> Verdicts:
    return check(plugins, "opinions", {}, sandbox=default_sandbox(), variants=2)


@pytest.fixture
def sick(plugins: Plugins) -> Verdicts:
    return check(plugins, "thermometer", {}, sandbox=default_sandbox(), variants=2)


def shown(found: Verdicts) -> list[str]:
    out = StringIO()
    show("toy", "bashkit", found, Console(file=out, width=60))
    return out.getvalue().splitlines()


def test_a_sound_environment_is_admitted_by_every_check(healthy: Verdicts) -> None:
    assert healthy.problems == []
    assert [verdict.check for verdict in healthy.verdicts] == [name for name in NAMES if name != "sandboxes_agree"]


def test_another_sandbox_is_compared_with_the_default_one(plugins: Plugins) -> None:
    found = check(plugins, "opinions", {}, sandbox="second", variants=2)
    assert [verdict.check for verdict in found.verdicts] == NAMES


def test_options_reach_the_environment(plugins: Plugins) -> None:
    found = check(plugins, "thermometer", {"name": "bucket"}, sandbox=default_sandbox(), variants=1)
    assert "it says that it belongs to 'bucket', not 'thermometer'" in {each.message for each in found.problems}


def test_a_line_a_check_and_a_last_one_are_shown(healthy: Verdicts) -> None:
    *checks, last = shown(healthy)
    assert [line.split()[:2] for line in checks] == [["ok", f"{verdict.check}:"] for verdict in healthy.verdicts]
    assert last == "toy is admitted (12 oracles of 4 variants, played in bashkit)."


def test_the_first_problems_of_a_failed_check_are_shown_below_it(sick: Verdicts) -> None:
    lines = shown(sick)
    at = next(number for number, line in enumerate(lines) if line.startswith("failed  malformed_replies_are_data: "))
    assert lines[at + 1].startswith("        train 0000 reply")
    assert lines[-1].startswith("toy is refused: ")


def test_json_has_the_documented_fields(sick: Verdicts) -> None:
    found = json.loads(json.dumps(as_json("thermometer", "bashkit", sick)))
    assert {key: value for key, value in found.items() if key != "checks"} == {
        "environment": "thermometer",
        "sandbox": "bashkit",
        "admitted": False,
        "variants": 4,
        "oracles_played": 8,
    }
    failed = next(row for row in found["checks"] if row["name"] == "malformed_replies_are_data")
    assert (failed["doc"], failed["ok"]) == ("No reply makes the environment raise.", False)
    assert list(failed["problems"][0]) == ["where", "message"]


def test_a_sandbox_that_this_machine_lacks_is_one_clear_error(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bashkit, "missing", lambda self: "it is not built; type `make it`.")
    with pytest.raises(SandboxError, match="^sandbox 'second' cannot be used here: it is not built; type `make it`.$"):
        check(plugins, "opinions", {}, sandbox="second")


def test_an_unknown_environment_is_one_clear_error(plugins: Plugins) -> None:
    with pytest.raises(PluginError, match="environment 'opinion' not found. Did you mean 'opinions'?"):
        check(plugins, "opinion", {}, sandbox=default_sandbox())


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["opinions"], 0),
        (["thermometer"], 1),
        (["forbidden-oven", "--set", "name=thermometer"], 1),
        (["nothing"], 2),
        (["opinions", "--sandbox", "nowhere"], 2),
        (["opinions", "--set", "colour=red"], 2),
        (["opinions", "--set", "colour"], 2),
        (["opinions", "--variants", "0"], 2),
    ],
)
def test_the_exit_status_says_what_came_of_it(
    arguments: list[str], status: int, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gameable.cli.extending.Plugins", lambda files: plugins)
    with pytest.raises(SystemExit) as left:
        main(["check", *arguments])
    assert left.value.code == status


def test_json_goes_to_standard_output_and_progress_does_not(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gameable.cli.extending.Plugins", lambda files: plugins)
    with pytest.raises(SystemExit):
        main(["check", "opinions", "--variants", "3", "--json"])
    captured = capsys.readouterr()
    assert json.loads(captured.out)["variants"] == 6
    assert "Playing: 18/18 oracles" in captured.err
