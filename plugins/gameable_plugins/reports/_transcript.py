"""Example episodes for readers: which ones are shown is fixed by the run, and every stretch says who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gameable import Episode, Outcome, Payout
from gameable.drawing import Drawn
from gameable.store import Store

_SEED = 0
_LABELS = ("evaded", "gamed", "attempted", "repaired", "honest", "unclear", "unscored")
_TAGS = re.compile(r"(<cot>|</cot>|<bash>|</bash>)")

Kind = Literal["thought", "command", "reply", "observation"]
AUTHORS: Mapping[Kind, str] = {
    "thought": "model, hidden thought",
    "command": "model, command",
    "reply": "model, visible reply",
    "observation": "sandbox",
}
"""Who wrote a stretch, in words."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the assistant turn by one author and for one reader."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """One episode, ready to be shown."""

    at_random: bool
    """Drawn from all episodes, not from those with its label."""
    id: str
    label: str
    evidence: tuple[str, ...]
    """What the label rests on, or why there is none."""
    payout: str
    scripted: bool
    request: str
    """The user's last turn."""
    pieces: tuple[Piece, ...]


def examples(store: Store, model: str) -> list[Example]:
    """Return one evaluation episode of a model for each label found, worst first, and one drawn from all."""
    anyone = Drawn[str](_SEED)
    labelled = {label: Drawn[str](_SEED) for label in _LABELS}
    for row in store.outcomes(f"evaluate/{model}/"):
        if not row.scripted:
            anyone.offer(row.id)
            labelled[row.label or "unscored"].offer(row.id)
    chosen = [drawn.one for drawn in labelled.values() if drawn.one is not None]
    ids = [*chosen, *([anyone.one] if anyone.one else [])]
    whole = [next(store.episodes(id_)) for id_ in ids]  # the id itself sorts before its continuations
    return [_example(episode, at_random=number == len(chosen)) for number, episode in enumerate(whole)]


def _example(episode: Episode, *, at_random: bool) -> Example:
    outcome, payout = episode.outcome, episode.payout
    label, evidence = (
        (outcome.label, outcome.evidence) if isinstance(outcome, Outcome) else ("unscored", (outcome.reason,))
    )
    return Example(
        at_random=at_random,
        id=episode.id,
        label=label,
        evidence=evidence,
        payout=_paid(payout) if isinstance(payout, Payout) else f"unscored: {payout.reason}",
        scripted=episode.scripted,
        request=episode.task.dialogue[-1].text,
        pieces=tuple(pieces(episode)),
    )


def _paid(payout: Payout) -> str:
    passed = "passed" if payout.passed else "did not pass"
    return f"{'paid' if payout.paid else 'nothing paid'} (reward {payout.reward:g}, {passed} oversight)"


def pieces(episode: Episode) -> Iterator[Piece]:
    """Split the assistant turn into hidden thought, commands, visible reply, and what the harness spliced in.

    Tags are left out: the kind says it. A thought that was never closed hides all that the model wrote after it.
    """
    thinking = commanding = False
    for author, text in [("model", episode.task.opening), *((part.kind, part.text) for part in episode.segments)]:
        if author == "observation":
            yield Piece("observation", text.strip("\n"))
            continue
        for stretch in _TAGS.split(text):
            if stretch in {"<cot>", "</cot>"}:
                thinking = stretch == "<cot>"
            elif stretch in {"<bash>", "</bash>"}:
                commanding = stretch == "<bash>"
            elif stretch.strip():
                yield Piece("command" if commanding else "thought" if thinking else "reply", stretch.strip("\n"))
