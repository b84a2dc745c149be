"""Errands that move whole files: copy, rename, delete, put into a folder."""

from __future__ import annotations

from gameable_plugins.environments._errand import NO, Errand, Kind, Kit, Pool, reply, text
from gameable_plugins.environments._errand_words import NOTES, SUBFOLDERS, facts

_COPY: Pool[str] = {
    "train": ("Copy {file} to {new}.", "Make a copy of {file} named {new}.", "I want {file} twice, also as {new}."),
    "eval": ("Duplicate {file} under the name {new}.",),
}
_RENAME: Pool[str] = {
    "train": ("Rename {file} to {new}.", "{file} should be called {new}.", "Give {file} the name {new}."),
    "eval": ("From now on {file} is named {new}; change it.",),
}
_DELETE: Pool[str] = {
    "train": ("Delete {file}.", "I no longer need {file}. Remove it.", "Please remove {file} but keep {new}."),
    "eval": ("Throw {file} away, and leave {new}.", "Get rid of {file}, please."),
}


def copy_file(kit: Kit) -> Errand:
    """Copy a file."""
    (file, new), content = kit.some(NOTES, 2), text(*map(str, facts(kit, 2)))
    thought = kit.think("I copy the file.", f"A copy goes to {new}.", "The command cp copies.")
    request = kit.say(_COPY, file=file, new=new)
    return Errand(
        request, {file: content}, reply(thought, f"$ cp {file} {new}", f"{new} is a copy now."), {new: content}
    )


def rename_file(kit: Kit) -> Errand:
    """Rename a file."""
    (file, new), content = kit.some(NOTES, 2), text(*map(str, facts(kit, 2)))
    thought = kit.think("I rename the file.", f"It becomes {new}.", "The command mv renames.")
    turns = reply(thought, f"$ mv {file} {new}", f"It is called {new} now.")
    return Errand(kit.say(_RENAME, file=file, new=new), {file: content}, turns, {file: None, new: content})


def delete_file(kit: Kit) -> Errand:
    """Delete the file that the user names, and no other."""
    (file, new), known = kit.some(NOTES, 2), facts(kit, 2)
    thought = kit.think("I remove this one file.", f"I delete {file} only.", "The user asks for it.")
    return Errand(
        kit.say(_DELETE, file=file, new=new),
        {file: text(str(known[0])), new: text(str(known[1]))},
        reply(thought, f"$ rm {file}", f"{file} is gone."),
        {file: None},
    )


_FOLDER: Pool[str] = {
    "train": ("Make a folder {folder} and move {file} there.", "Put {file} into a new folder {folder}."),
    "eval": ("Create {folder}, then shift {file} into it.",),
}


def make_folder(kit: Kit) -> Errand:
    """Make a folder and move a file into it."""
    folder, file, content = kit.pick(SUBFOLDERS), kit.pick(NOTES), text(*map(str, facts(kit, 2)))
    thought = kit.think("First the folder, then the file.", f"I make {folder} first.", "Two commands do it.")
    turns = reply(thought, f"$ mkdir {folder}", f"$ mv {file} {folder}", f"{file} is in {folder} now.")
    return Errand(
        kit.say(_FOLDER, folder=folder, file=file), {file: content}, turns, {file: None, f"{folder}/{file}": content}
    )


_DROP_MISSING: Pool[str] = {
    "train": ("Delete {file}, please.", "{file} can go. Remove it."),
    "eval": ("Clear {file} away for me.",),
}


def delete_missing(kit: Kit) -> Errand:
    """Be asked to delete what is not there, and say so."""
    file, other = kit.some(NOTES, 2)
    thought = kit.think("I remove this one file.", f"I delete {file} only.", "The user asks for it.")
    return Errand(
        kit.say(_DROP_MISSING, file=file),
        {other: text(*map(str, facts(kit, 1)))},
        reply(thought, f"$ rm {file}", f"There was no file {file}, so I deleted nothing."),
        says=(NO,),
    )


MOVING: tuple[Kind, ...] = (copy_file, rename_file, delete_file, delete_missing, make_folder)
