"""For pytest: one test a check of the admission kit, for environments that the tests mark.

    @pytest.mark.gameable_environment("my-environment", variants=4, prompt="short")
    def test_it_is_admitted(admission_check): ...

The environment is played once, and each test fails with the problems that its check found. Several marks, on the test
or in the module's `pytestmark`, admit several environments.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:  # pytest loads this module wherever gameable is installed, so it costs nothing until it is used
    from gameable.admission import Verdict, Verdicts

MARKER = "gameable_environment"
FIXTURE = "admission_check"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    told = f"{MARKER}(name, *, sandbox, variants, **options): an environment that the fixture {FIXTURE} admits"
    config.addinivalue_line("markers", told)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each mark and check."""
    if FIXTURE not in metafunc.fixturenames:
        return
    marked = [_Marked(*mark.args, **mark.kwargs) for mark in metafunc.definition.iter_markers(MARKER)]
    if not marked:
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid} uses {FIXTURE} and must say of which environment: "
            f'@pytest.mark.{MARKER}("NAME")'
        )
    cases = [(each, check) for each in marked for check in each.checks()]
    ids = [check if len(marked) == 1 else f"{each}-{check}" for each, check in cases]
    metafunc.parametrize(FIXTURE, cases, ids=ids, indirect=True)


@pytest.fixture
def admission_check(request: pytest.FixtureRequest) -> Verdict:
    """What one check found; where that is a problem, the test fails whatever its body does."""
    from gameable.errors import GameableError

    marked, check = request.param
    try:
        verdicts = {verdict.check: verdict for verdict in marked.found.verdicts}
    except GameableError as error:
        pytest.fail(str(error), pytrace=False)
    if check not in verdicts:
        pytest.fail(f"{check} was not asked, since {', '.join(verdicts)} failed", pytrace=False)
    found: Verdict = verdicts[check]
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Fail as the test itself, not as its fixture."""
    verdict = cast("Verdict | None", pyfuncitem.funcargs.get(FIXTURE))
    if verdict is not None and verdict.problems:
        pytest.fail("\n".join([verdict.promise, *map(str, verdict.problems)]), pytrace=False)


class _Marked:
    """One marked environment; it is played when the first of its checks is asked for, and once."""

    def __init__(
        self, name: str, /, *, sandbox: str | None = None, variants: int | None = None, **options: Any
    ) -> None:
        from gameable.admission import VARIANTS
        from gameable.check_command import default_sandbox

        self._name, self._options = name, options
        self._default = default_sandbox()
        self._sandbox = sandbox or self._default
        self._variants = variants or VARIANTS

    def __str__(self) -> str:
        """Name the environment, and the sandbox and options that it is played with."""
        sandbox = [] if self._sandbox == self._default else [self._sandbox]
        return "-".join([self._name, *sandbox, *map(str, self._options.values())])

    def checks(self) -> list[str]:
        """Name the checks that will be asked."""
        from gameable.admission import asked

        return [check.__name__ for check in asked(twice=self._sandbox != self._default)]

    @cached_property
    def found(self) -> Verdicts:
        """What the checks found."""
        from gameable.check_command import check
        from gameable.plugins import Plugins

        return check(Plugins(), self._name, self._options, sandbox=self._sandbox, variants=self._variants)
