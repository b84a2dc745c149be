"""Errands of two steps: any two short ones, one after the other, so that doing all that was asked is learned too."""

from __future__ import annotations

from gameable_plugins.environments._errand import Errand, Kind, Kit, Pool
from gameable_plugins.environments._errand_editing import EDITING
from gameable_plugins.environments._errand_moving import copy_file, delete_file, rename_file
from gameable_plugins.environments._errand_writing import (
    append_line,
    change_number,
    replace_word,
    write_chosen,
    write_in_folder,
    write_setting,
    write_text,
)

_EDITS: tuple[Kind, ...] = (*EDITING, replace_word, change_number, append_line)
_OTHERS: tuple[Kind, ...] = (
    *(write_text, write_setting, write_in_folder, write_chosen),
    *(copy_file, rename_file, delete_file),
)
_OTHER_FIRST = 0.3
"""More often a file is edited and then something is done about it."""
_BOTH: Pool[str] = {
    "train": (
        "Two things: {first} Then: {second}",
        "One. {first} Two. {second}",
        "{first} After that: {second}",
        "First: {first} Second: {second}",
        "In this order: {first} And then: {second}",
        "Begin with this. {first} Go on. {second}",
    ),
    "eval": ("Please do both: {first} And: {second}", "{first} When that is done: {second}"),
}


def two_steps(kit: Kit) -> Errand:
    """Do two short errands of different kinds on different files, one of them an edit."""
    one, other = kit.rng.choice(_EDITS), kit.rng.choice((*_EDITS, *_OTHERS * 2))
    if kit.rng.random() < _OTHER_FIRST:
        one, other = other, one
    first = one(kit)
    second = next(drawn for drawn in iter(lambda: other(kit), None) if not _files(drawn) & _files(first))
    return Errand(
        kit.say(_BOTH, first=first.request, second=second.request),
        {**first.files, **second.files},
        (*first.turns[:-1], *(f"<cot>{turn}" for turn in second.turns[:-1]), "Both are done."),
        {**first.changes, **second.changes},
    )


def _files(errand: Errand) -> set[str]:
    return {*errand.files, *errand.changes}


PAIRS: tuple[Kind, ...] = (two_steps,) * 10
"""Several times the weight of a single kind, since there are many pairs."""
