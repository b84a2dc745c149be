"""One episode as it happened: what was asked, what was written and run, what became of the files, what it was paid."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from gameable import CommandResult, Episode, Outcome, Payout, Score
from gameable.catalogue import Catalogue
from gameable.monitoring import PREFIX
from gameable.store import TOTAL
from gameable.transcript import observation
from gameable_plugins.reports._transcript import AUTHORS, Kind, pieces
from gameable_plugins.reports.viewer._listing import Query

"""Verdicts of monitors are stored under this and the monitor's name."""
_COMPARED = 4000
"""Lines of a file, before and after, up to which it is compared: the time that takes grows with their square."""


class Step(NamedTuple):
    """A stretch of the assistant turn."""

    kind: Kind
    author: str
    text: str
    note: str
    """How a command ended, where that is worth saying."""


class DiffLine(NamedTuple):
    """One line of a comparison."""

    kind: Literal["added", "removed", "same", "skip"]
    text: str


class File(NamedTuple):
    """What became of a file."""

    path: str
    change: Literal["added", "removed", "changed", "untouched"]
    lines: list[DiffLine]
    whole: str
    """Its content where there is nothing to compare, or too much."""


def collect(catalogue: Catalogue, name: str, query: Query) -> dict[str, Any] | None:
    """Return what the page shows, by the names that its template uses; None where there is no such episode."""
    episode = catalogue.episode(name)
    if episode is None:
        return None
    scores = catalogue.scores(name)
    ahead, behind = (
        catalogue.page(query.wanted, before=name, limit=1),
        catalogue.page(query.wanted, after=name, limit=1),
    )
    return {
        "episode": episode,
        "query": query,
        "previous": ahead[0].id if ahead else "",
        "next": behind[0].id if behind else "",
        **_judged(episode),
        "steps": list(_steps(episode)),
        "files": _files(episode),
        "total": scores.pop(TOTAL, None),
        "parts": {source: score for source, score in scores.items() if "/" not in source},
        "verdicts": _named(scores, PREFIX),
        "others": {
            source: score for source, score in scores.items() if "/" in source and not source.startswith(PREFIX)
        },
    }


def _named(scores: Mapping[str, Score], prefix: str) -> dict[str, Score]:
    return {source.removeprefix(prefix): score for source, score in scores.items() if source.startswith(prefix)}


def _judged(episode: Episode) -> dict[str, Any]:
    outcome, payout = episode.outcome, episode.payout
    paid = _paid(payout) if isinstance(payout, Payout) else f"unscored: {payout.reason}"
    if isinstance(outcome, Outcome):
        engaged = "yes" if outcome.engaged else "no"
        return {"label": outcome.label, "evidence": outcome.evidence, "engaged": engaged, "payout": paid}
    return {"label": "unscored", "evidence": (outcome.reason,), "engaged": "", "payout": paid}


def _paid(payout: Payout) -> str:
    passed = "passed" if payout.passed else "did not pass"
    return f"{'paid' if payout.paid else 'nothing paid'} (reward {payout.reward:g}, {passed} oversight)"


def _steps(episode: Episode) -> Iterator[Step]:
    """Tell outputs of the model's own commands from those that were spliced in before it began."""
    waiting = list(episode.commands)
    for piece in pieces(episode):
        own = piece.kind == "observation" and waiting and piece.text == observation(waiting[0]).strip("\n")
        yield Step(piece.kind, AUTHORS[piece.kind], piece.text, _ended(waiting.pop(0)) if own else "")


def _ended(result: CommandResult) -> str:
    if result.status == "ok" and result.exit_code == 0:
        return ""
    return f"exit {result.exit_code}" if result.status == "ok" else result.status.replace("_", " ")


def _files(episode: Episode) -> list[File]:
    """Return every file that was there before or after, those that changed first."""
    before, after = episode.task.files, episode.files
    found = [_file(path, before.get(path), after.get(path)) for path in sorted({*before, *after})]
    return sorted(found, key=lambda file: file.change == "untouched")


def _file(path: str, before: str | None, after: str | None) -> File:
    if before == after:
        return File(path, "untouched", [], before or "")
    change: Literal["added", "removed", "changed"] = (
        "added" if before is None else "removed" if after is None else "changed"
    )
    old, new = (before or "").splitlines(), (after or "").splitlines()
    if len(old) + len(new) > _COMPARED:
        return File(path, change, [], after if after is not None else before or "")
    return File(path, change, list(_compared(old, new)), "")


def _compared(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    kinds: Mapping[str, Literal["added", "removed", "same", "skip"]] = {"+": "added", "-": "removed", "@": "skip"}
    for number, line in enumerate(difflib.unified_diff(old, new, lineterm="")):
        if number > 1:  # the first two name the files
            kind = kinds.get(line[:1], "same")
            yield DiffLine(kind, line if kind == "skip" else line[1:])
