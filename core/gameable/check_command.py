"""Admits an environment by the name that it is offered under, and says what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any

from rich.console import Console

from gameable.admission import VARIANTS, Verdict, Verdicts, admit
from gameable.contracts import Sandbox
from gameable.errors import SandboxError
from gameable.plugins import Plugins
from gameable.profile import Profile
from gameable.progress import Progress

_SHOWN = 5
"""Problems printed for each check."""


def default_sandbox() -> str:
    """Name the sandbox that a profile uses when it names none."""
    return str(Profile.model_fields["sandbox"].default.use)


def check(
    plugins: Plugins,
    name: str,
    options: Mapping[str, Any],
    *,
    sandbox: str,
    variants: int = VARIANTS,
    progress: Progress | None = None,
) -> Verdicts:
    """Ask every check of an environment; with another sandbox than the default one, the two are compared.

    Raises:
        PluginError: the environment or the sandbox is unknown, or refuses its options.
        SandboxError: the sandbox cannot be used on this machine, with what to type next.
    """
    environment = plugins.environment(name, options)
    with closing(_ready(plugins, sandbox)) as chosen:
        default = default_sandbox()
        if sandbox == default:
            return asyncio.run(admit(environment, chosen, name=name, variants=variants, progress=progress))
        with closing(_ready(plugins, default)) as other:
            asked = admit(environment, chosen, name=name, other=other, variants=variants, progress=progress)
            return asyncio.run(asked)


def _ready(plugins: Plugins, name: str) -> Sandbox:
    sandbox = plugins.sandbox(name, {})
    missing = sandbox.missing()
    if missing is not None:
        raise SandboxError(f"sandbox '{name}' cannot be used here: {missing}")
    return sandbox


def as_json(name: str, sandbox: str, found: Verdicts) -> dict[str, object]:
    """Everything that was found, as plain data."""
    return {
        "environment": name,
        "sandbox": sandbox,
        "admitted": not found.problems,
        "checks": [_row(verdict) for verdict in found.verdicts],
        "variants": found.variants,
        "oracles_played": found.oracles,
    }


def _row(verdict: Verdict) -> dict[str, object]:
    problems = [{key: value for key, value in asdict(each).items() if key != "check"} for each in verdict.problems]
    return {"name": verdict.check, "doc": verdict.promise, "ok": not problems, "problems": problems}


def show(name: str, sandbox: str, found: Verdicts, console: Console) -> None:
    """Print one line a check, with the first few problems of those that failed."""
    for verdict in found.verdicts:
        for line in _lines(verdict):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    failed = sum(bool(verdict.problems) for verdict in found.verdicts)
    result = f"is refused: {failed} of {len(found.verdicts)} checks failed" if failed else "is admitted"
    played = f"{found.oracles} oracles of {found.variants} variants, played in {sandbox}"
    console.print(f"{name} {result} ({played}).", markup=False, highlight=False, soft_wrap=True)


def _lines(verdict: Verdict) -> Iterator[str]:
    yield f"{'failed' if verdict.problems else 'ok':6}  {verdict.check}: {verdict.promise}"
    for problem in verdict.problems[:_SHOWN]:
        yield f"        {problem.where}: {problem.message}"
    if len(verdict.problems) > _SHOWN:
        yield f"        and {len(verdict.problems) - _SHOWN} more"
