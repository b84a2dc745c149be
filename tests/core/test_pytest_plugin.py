from __future__ import annotations

from pathlib import Path

import pytest

from gameable.testing import CHECKS

pytest_plugins = "pytester"

TESTS = Path(__file__).parent.parent
NAMES = [check.__name__ for check in CHECKS if check.__name__ != "sandboxes_agree"]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of its own, with the toys installed as a distribution."""
    info = pytester.mkdir("site") / "toys-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gameable]\ntoys = toys:plugin\n")
    monkeypatch.syspath_prepend(str(info.parent))
    monkeypatch.syspath_prepend(str(TESTS))
    return pytester


def run(suite: pytest.Pytester, marks: str, *arguments: str) -> pytest.RunResult:
    """Run one test with these marks; the plugin is named here, so that it need not be installed."""
    suite.makepyfile(f"import pytest\n{marks}\ndef test_it(admission_check): ...\n")
    by_name = ("-p", "no:gameable", "-p", "gameable.pytest_plugin", "-p", "no:cacheprovider")
    return suite.runpytest_inprocess(*by_name, "--strict-markers", "-v", *arguments)


def test_there_is_a_test_a_check_and_a_sound_environment_passes_all(suite: pytest.Pytester) -> None:
    result = run(suite, '@pytest.mark.gameable_environment("opinions", variants=2)')
    result.assert_outcomes(passed=len(NAMES))
    result.stdout.fnmatch_lines([f"*::test_it?{name}? PASSED*" for name in NAMES])


def test_a_check_that_fails_tells_its_problems(suite: pytest.Pytester) -> None:
    result = run(suite, '@pytest.mark.gameable_environment("thermometer", variants=1, name="bucket")')
    assert result.parseoutcomes()["failed"] >= 2
    assert "errors" not in result.parseoutcomes()
    result.stdout.fnmatch_lines(
        [
            "*A task says where it comes from*",
            "*tasks_are_plain: train 0000: it says that it belongs to 'bucket', not 'thermometer'",
        ]
    )


def test_one_check_can_be_chosen_by_name(suite: pytest.Pytester) -> None:
    mark = '@pytest.mark.gameable_environment("thermometer", variants=1)'
    run(suite, mark, "-k", "judging_repeats").assert_outcomes(passed=1, deselected=len(NAMES) - 1)


def test_several_marks_admit_several_environments(suite: pytest.Pytester) -> None:
    marked = ('"fair-ratings", variants=1', '"opinions", prompt="short"')
    marks = "\n".join(f"@pytest.mark.gameable_environment({each})" for each in marked)
    result = run(suite, marks, "-k", "judging_repeats")
    result.stdout.fnmatch_lines(["*opinions-short-judging_repeats*", "*fair-ratings-judging_repeats*"])
    result.assert_outcomes(passed=2, deselected=2 * len(NAMES) - 2)


def test_an_unknown_environment_fails_with_what_is_known(suite: pytest.Pytester) -> None:
    result = run(suite, '@pytest.mark.gameable_environment("opinion")', "-k", "judging_repeats")
    result.stdout.fnmatch_lines(["*environment 'opinion' not found. Did you mean 'opinions'?*"])


def test_a_fixture_without_a_mark_says_what_to_write(suite: pytest.Pytester) -> None:
    result = run(suite, "")
    result.stdout.fnmatch_lines(['*must say of which environment: @pytest.mark.gameable_environment("NAME")*'])


def test_the_environment_is_played_once_for_all_checks(suite: pytest.Pytester) -> None:
    suite.makeconftest(
        "import gameable.check_command as command\n"
        "inner = command.check\n"
        "def counted(*args, **kwargs):\n"
        "    with open('played', 'a') as file: file.write('x')\n"
        "    return inner(*args, **kwargs)\n"
        "command.check = counted\n"
    )
    run(suite, '@pytest.mark.gameable_environment("opinions")').assert_outcomes(passed=len(NAMES))
    assert (suite.path / "played").read_text() == "x"
