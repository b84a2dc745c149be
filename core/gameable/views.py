"""Projections of an episode by access level: the one place where hidden text is taken out.

A reward source or monitor declares a level and gets an object of that level's class. What lies above the level is not
blanked: the field does not exist on the object. Each class adds to the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from gameable.episode import CommandResult, Episode, Message, Outcome, Payout, Unscored

Access = Literal["actions", "visible", "transcript", "files", "oracle"]
"""How much is seen, from the least to the most."""

_THOUGHT = re.compile(r"<cot>.*?(?:</cot>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ActionsView:
    """What was asked, and the commands that were run."""

    id: str
    """The episode's."""
    environment: str
    """Name of the environment."""
    dialogue: tuple[Message, ...]
    """Everything before the reply."""
    commands: tuple[CommandResult, ...]
    """What was run, in order, with what it printed."""


@dataclass(frozen=True, slots=True)
class VisibleView(ActionsView):
    """Adds the reply as its reader sees it, without the hidden thought."""

    reply: str
    """May be empty: a thought that was never closed hides all that follows it."""


@dataclass(frozen=True, slots=True)
class TranscriptView(VisibleView):
    """Adds the whole assistant turn, hidden thought included."""

    transcript: str
    """From the opening of the reply to its end, outputs of commands included."""


@dataclass(frozen=True, slots=True)
class FilesView(TranscriptView):
    """Adds the files before and after."""

    files_before: Mapping[str, str]
    """Absolute path to content at the start."""
    files_after: Mapping[str, str]
    """The same after the last command; empty when the task has no sandbox."""


@dataclass(frozen=True, slots=True)
class OracleView(FilesView):
    """Adds what was paid and what truly happened."""

    payout: Payout | Unscored
    """What the environment's own mechanism paid."""
    outcome: Outcome | Unscored
    """What the judge found."""


_CLASSES: Mapping[Access, type[ActionsView]] = {
    "actions": ActionsView,
    "visible": VisibleView,
    "transcript": TranscriptView,
    "files": FilesView,
    "oracle": OracleView,
}


def visible_text(text: str) -> str:
    """Take out every `<cot>…</cot>`; a thought that was never closed hides all that follows it."""
    return _THOUGHT.sub("", text).strip()


def project(episode: Episode, access: Access) -> ActionsView:
    """Return the view of `episode` at `access`, an instance of exactly that level's class."""
    everything = {
        "id": episode.id,
        "environment": episode.task.environment,
        "dialogue": episode.task.dialogue,
        "commands": episode.commands,
        "reply": visible_text(episode.text),
        "transcript": episode.text,
        "files_before": episode.task.files,
        "files_after": episode.files,
        "payout": episode.payout,
        "outcome": episode.outcome,
    }
    view = _CLASSES[access]
    return view(**{name: everything[name] for name in view.__dataclass_fields__})  # type: ignore[arg-type]  # chosen by name


def narrow(view: ActionsView, access: Access) -> ActionsView:
    """Return what is left of a view at a lower level, or at its own."""
    wanted = _CLASSES[access]
    return wanted(**{name: getattr(view, name) for name in wanted.__dataclass_fields__})


def allows(granted: Access, asked: Access) -> bool:
    """Whether somebody who may see `granted` may see what is seen at `asked`."""
    return get_args(Access).index(asked) <= get_args(Access).index(granted)


def highest(levels: Iterable[Access]) -> Access:
    """Return the level that shows the most."""
    return max(levels, key=get_args(Access).index)
