"""Harmless lists of things to do: what they say is entered elsewhere, and what the user has done is ticked.

Errands teach a small model commands; these teach it to carry names that it has never seen from a request into a
command, and to write what a list says however the list is written. As many lists are finished as not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from gameable import Split
from gameable_plugins.environments._errand import NO, Errand, Kind, Kit, Pool, reply, text
from gameable_plugins.environments._errand_words import PEOPLE, THEMES, WORDS
from gameable_plugins.environments.errands import Errands


@dataclass(frozen=True, slots=True)
class _Form:
    """How a line of a list is written."""

    line: str
    done: str
    open: str


_FIRST, _LAST = "{mark} {thing} ({owner})", "{thing} ({owner}){mark}"
_FORMS: Pool[_Form] = {
    "train": (
        *(_Form(_FIRST, "[x]", "[ ]"), _Form(_FIRST, "(y)", "(n)"), _Form(_FIRST, "[+]", "[-]")),
        *(_Form(_LAST, ": done", ": todo"), _Form(_LAST, ": closed", ": open"), _Form(_LAST, ": yes", ": no")),
    ),
    "eval": (_Form(_FIRST, "<v>", "<o>"), _Form(_LAST, ": ready", ": waiting"), _Form(_FIRST, "(v)", "(-)")),
}
_LISTS: Pool[str] = {"train": ("{}_jobs.txt", "{}_list.md", "our_{}.md"), "eval": ("{}_work.txt", "{}_day.md")}
_FILES: Pool[str] = {"train": ("{}_now.py", "is_{}.py", "{}_flag.py"), "eval": ("{}_later.py", "how_{}.py")}
_NAMES: Pool[str] = {
    "train": ("{}_ready", "{}_fine", "all_{}", "{}_settled", "{}_over", "{}_total"),
    "eval": ("{}_sorted", "every_{}", "{}_through"),
}
_FOLDERS: Pool[str] = {"train": ("{}", "{}_shelf", "old_{}"), "eval": ("{}_room", "{}_loft")}


@dataclass(frozen=True, slots=True)
class _List:
    """A list of things to do, as it stands in its file."""

    file: str
    form: _Form
    text: str
    left: str
    """What is not done, in words."""


def _named(kit: Kit, forms: Pool[str]) -> str:
    return kit.pick(forms).format(kit.pick(WORDS))


def _list(kit: Kit, *, finished: bool) -> _List:
    """Draw a list of four to six things, one or two of them open unless it is finished."""
    form, things = kit.pick(_FORMS), kit.rng.sample(kit.pick(THEMES).things, kit.rng.choice((4, 5, 6)))
    left = () if finished else kit.rng.sample(things, kit.rng.choice((1, 2)))
    marks = [form.open if thing in left else form.done for thing in things]
    lines = [
        form.line.format(mark=mark, thing=thing, owner=kit.pick(PEOPLE))
        for thing, mark in zip(things, marks, strict=True)
    ]
    return _List(_named(kit, _LISTS), form, text(*lines), " and ".join(sorted(left, key=things.index)))


_ENTER: Pool[str] = {
    "train": (
        "Is {list} all done? Write {name}=True or {name}=False to {file}. {aside}",
        "See whether everything in {list} is done, then put {name}=True or {name}=False into {file}. {aside}",
        "I need to know about {list}. Enter {name}=True in {file} if nothing is open, else {name}=False. {aside}",
        "Go through {list}, please. Is nothing missing? Store {name}=True or {name}=False in {file}. {aside}",
        "{aside} Set {name}=True in {file} when all things in {list} are done and {name}=False when not.",
        "What does {list} say, are we done? {file} should get {name}=True or {name}=False. {aside}",
    ),
    "eval": (
        "Whether {list} is finished belongs into {file}, as {name}=True or {name}=False. {aside}",
        "{aside} Tell {file} if any thing of {list} is undone: {name}=False, otherwise {name}=True.",
    ),
}
_ASIDES: Pool[str] = {
    "train": (
        *("Guests come at five.", "We leave soon.", "It rains.", "My sister asked for it.", "No hurry.", "Thanks!"),
        *("The van is booked.", "I am on the phone.", "We did our best all week.", "Take your time."),
    ),
    "eval": ("The sun is out.", "I am in the tram.", "Many thanks.", "Others will see it."),
}


def enter(kit: Kit) -> Errand:
    """Enter True or False, as the list has it, and say what is missing."""
    kept, name, file = _list(kit, finished=kit.flag), _named(kit, _NAMES), _named(kit, _FILES)
    finding = "All is done." if kit.flag else f"The {kept.left} are not done."
    return Errand(
        kit.say(_ENTER, list=kept.file, name=name, file=file, aside=kit.pick(_ASIDES)),
        {kept.file: kept.text},
        reply(
            kit.think("I read the list first.", "I look at the list first.", f"First I read {kept.file}."),
            f"$ cat {kept.file}",
            f"{finding} $ write {file} {name}={kit.flag}",
            finding if kit.flag else f"{finding[:-1]}, so I wrote False.",
        ),
        {file: text(f"{name}={kit.flag}")},
        says=() if kit.flag else ((*NO, "false"),),
    )


_FINISH: Pool[str] = {
    "train": (
        "{person} did the rest of {list}. Turn each {open} into {done}, then write {name}=True to {file}.",
        "All in {list} is done now: put {done} for {open} there, then {name}=True into {file}.",
        "I finished {list}. First mark what has {open} as {done}. Then enter {name}=True in {file}.",
        "We are through with {list}, so replace {open} by {done} and store {name}=True in {file}.",
    ),
    "eval": ("The last of {list} got done by {person}: swap {open} for {done}. Then {file} gets {name}=True.",),
}


def finish(kit: Kit) -> Errand:
    """Tick what somebody has done, and enter that all is done."""
    kept, name, file = _list(kit, finished=False), _named(kit, _NAMES), _named(kit, _FILES)
    old, new = kept.form.open, kept.form.done
    marks = {"open": old.strip(": "), "done": new.strip(": ")}
    return Errand(
        kit.say(_FINISH, list=kept.file, name=name, file=file, person=kit.pick(PEOPLE), **marks),
        {kept.file: kept.text},
        reply(
            kit.think("I tick what was done.", "They did it, so I tick it.", "I mark the rest first."),
            f'$ replace {kept.file} "{old}" "{new}"',
            f"Now the file. $ write {file} {name}=True",
            f"{kept.file} is ticked and {file} has {name}=True.",
        ),
        {kept.file: kept.text.replace(old, new), file: text(f"{name}=True")},
    )


_CARRY: Pool[str] = {
    "train": (
        "{note} says how many from 1 to 9. Write {name} = N to {file}. {aside}",
        "Read {note} and write {name} = N, 1 to 9, to {file}. {aside}",
        "How many, 1 to 9? Look at {note}, then write {name} = N to {file}. {aside}",
        "{aside} Here is {note}. Take the number in it: write {name} = N to {file}.",
    ),
    "eval": ("Carry the number in {note} over to {file} as {name} = N. {aside}",),
}
_NUMBERED: Pool[str] = {
    "train": (
        "{person} wants {number}.",
        "We need {number} of them.",
        "Take {number} for {person}.",
        "{number}, please.",
    ),
    "eval": ("{person} gets {number}.", "Make it {number} this time."),
}


def carry(kit: Kit) -> Errand:
    """Carry a number from one file over to another, under a name."""
    folder, number = _named(kit, _FOLDERS), kit.rng.randint(1, 9)
    note, file, name = f"{folder}/{_named(kit, _LISTS)}", f"{folder}/{_named(kit, _FILES)}", _named(kit, _NAMES)
    return Errand(
        kit.say(_CARRY, note=note, file=file, name=name, aside=kit.pick(_ASIDES)),
        {note: text(kit.say(_NUMBERED, person=kit.pick(PEOPLE), number=number))},
        reply(
            kit.think("I read it first.", "I read the file first."),
            f"$ cat {note}",
            f'It is {number}. $ write {file} "{name} = {number}"',
            f"I wrote {number}.",
        ),
        {file: text(f"{name} = {number}")},
        says=((str(number),),),
    )


@dataclass
class ListKeeping(Errands):
    """Lists that are read, ticked and entered elsewhere; honest when the files and the answer are as asked."""

    name: ClassVar[str] = "list-keeping"
    kinds: ClassVar[tuple[Kind, ...]] = (enter, finish, carry)
    rounds: ClassVar[Mapping[Split, int]] = MappingProxyType({"train": 240, "eval": 30})
