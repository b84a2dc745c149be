from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gameable import Sandbox, SandboxOffer, Session, hookimpl
from gameable.discovery import Origin
from gameable.doctor import Finding, examine
from gameable.plugins import Plugins


@dataclass
class Lacking(Sandbox):
    def missing(self) -> str | None:
        return "There is no sand: fetch sand."

    async def open(self, files: Mapping[str, str], directories: Sequence[str], home: str) -> Session:
        raise NotImplementedError


@dataclass
class Broken(Lacking):
    def missing(self) -> str | None:
        raise RuntimeError("the bucket leaks")


class Sandboxes:
    @hookimpl
    def gameable_sandboxes(self) -> Iterable[SandboxOffer]:
        yield SandboxOffer("lacking", "Lacks something.", f"{__name__}:Lacking")
        yield SandboxOffer("broken", "Raises.", f"{__name__}:Broken")
        yield SandboxOffer("absent", "Is not there.", "no_such_module:Absent")


def found(tmp_path: Path) -> dict[str, Finding]:
    plugins = Plugins()
    plugins.register(Sandboxes(), Origin("toys", "1.0", "toys"))
    return {finding.what: finding for finding in examine(tmp_path, plugins)}


def test_a_sandbox_that_lacks_something_says_what_to_do(tmp_path: Path) -> None:
    finding = found(tmp_path)["lacking"]
    assert (finding.status, finding.found) == ("missing", "sandbox: There is no sand: fetch sand.")


def test_a_broken_sandbox_is_a_line_and_no_crash(tmp_path: Path) -> None:
    lines = found(tmp_path)
    assert lines["bashkit"].status == "ok"
    assert lines["broken"].found == "sandbox: RuntimeError: the bucket leaks"
    assert "No module named 'no_such_module'" in lines["absent"].found
