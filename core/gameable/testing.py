"""What a plugin author tests with: scripted plays, an admission kit for environments, a contract for sandboxes.

Nothing here needs a model or a test framework. An environment is admitted when nothing is wrong with it::

    assert asyncio.run(check_environment(MyEnvironment(), embedded_sandbox())) == []

A sandbox keeps its contract when every check returns without an `AssertionError`::

    @pytest.mark.parametrize("name", sandbox_checks())
    def test_it_keeps_the_sandbox_contract(name):
        asyncio.run(sandbox_checks()[name](MySandbox(seconds=1)))
"""

from __future__ import annotations

from gameable.admission import (
    CHECKS,
    Admission,
    Problem,
    Trial,
    Verdict,
    Verdicts,
    admit,
    check_environment,
)
from gameable.embedded import embedded_sandbox
from gameable.sandbox_attacks import ATTACKS, Attack
from gameable.sandbox_contract import SandboxCheck, sandbox_checks
from gameable.sandbox_leaks import LEAKS, Leak, find_leaks, plant_leaks, play_leaks
from gameable.scripted import OraclePlay, play_oracle

__all__ = [
    "ATTACKS",
    "CHECKS",
    "LEAKS",
    "Admission",
    "Attack",
    "Leak",
    "OraclePlay",
    "Problem",
    "SandboxCheck",
    "Trial",
    "Verdict",
    "Verdicts",
    "admit",
    "check_environment",
    "embedded_sandbox",
    "find_leaks",
    "plant_leaks",
    "play_leaks",
    "play_oracle",
    "sandbox_checks",
]
