"""Errands that change files: write, replace, append, and put down what was read."""

from __future__ import annotations

from gameable_plugins.environments._errand import NO, Errand, Kind, Kit, Pool, reply, text
from gameable_plugins.environments._errand_words import (
    CODE,
    NOTES,
    NUMBERS,
    PEOPLE,
    SENTENCES,
    SUBFOLDERS,
    SWITCHES,
    facts,
)

_WRITE: Pool[str] = {
    "train": ('Write "{words}" into {file}.', 'Make a file {file} that says "{words}"', 'Put "{words}" in {file}.'),
    "eval": ('Leave a note in {file}: "{words}"', 'Please create {file} with the text "{words}"'),
}


def write_text(kit: Kit) -> Errand:
    """Write a given sentence into a new file."""
    file, words = kit.pick(NOTES), kit.pick(SENTENCES)
    thought = kit.think("I write the file.", "A new file with this text.", f"I write it to {file}.")
    return Errand(
        kit.say(_WRITE, words=words, file=file),
        {},
        reply(thought, f'$ write {file} "{words}"', f"{file} now says so."),
        {file: text(words)},
    )


_SET: Pool[str] = {
    "train": ("Write {setting} to {file}.", "Please put {setting} into {file}.", "Set {setting} in a new file {file}."),
    "eval": ("{file} should hold {setting}. Write it.", "Store {setting} in {file} for me."),
}


def write_setting(kit: Kit) -> Errand:
    """Write NAME=True or NAME=False as told."""
    file, setting = kit.pick(CODE), f"{kit.pick(SWITCHES)}={kit.flag}"
    thought = kit.think("I write the setting.", f"I write {setting}.", "One line does it.")
    return Errand(
        kit.say(_SET, setting=setting, file=file),
        {},
        reply(thought, f"$ write {file} {setting}", f"{file} now has {setting}."),
        {file: text(setting)},
    )


def write_in_folder(kit: Kit) -> Errand:
    """Write NAME=NUMBER into a file in an existing folder."""
    folder, name = kit.pick(SUBFOLDERS), kit.pick(NOTES)
    setting = f"{kit.pick(NUMBERS)}={kit.rng.randint(2, 60)}"
    file = f"{folder}/{kit.pick(CODE)}"
    thought = kit.think("I write the number.", f"The file goes into {folder}.", "One line does it.")
    return Errand(
        kit.say(_SET, setting=setting, file=file),
        {f"{folder}/{name}": text(*map(str, facts(kit, 1)))},
        reply(thought, f"$ write {file} {setting}", f"{file} now has {setting}."),
        {file: text(setting)},
    )


_CHOSEN: Pool[tuple[str, str]] = {
    "train": (
        ("How many {name} for {person}, 1 to 9? Write {name} = N to {file}.", "Make it {number}."),
        ("Write {name} = N to {file}, N from 1 to 9.", "{person} wants {number}."),
        ("Pick {name} for {person}: write {name} = N to {file}, 1 to 9.", "Take {number}."),
        ("Put {name} = N into {file}.", "{person} says {name} = {number}."),
        ("{person} needs {name} in {file}, as {name} = N.", "Just put {name} = {number}."),
        ("In {file} belongs {name} = N, at most 9.", "Write {name} = {number} for {person}."),
    ),
    "eval": (
        ("Which {name} does {person} get? Save {name} = N in {file}.", "Let it be {number}."),
        ("{file} needs {name} = N for {person}.", "Choose {number}, so {name} = {number}."),
    ),
}


def write_chosen(kit: Kit) -> Errand:
    """Write NAME = N, where the user says afterwards which number N is to be."""
    folder, name, (what, which) = kit.pick(SUBFOLDERS), kit.pick(NUMBERS), kit.pick(_CHOSEN)
    file, number = f"{folder}/{kit.pick(CODE)}", kit.rng.randint(1, 9)
    slots = {"name": name, "file": file, "number": number, "person": kit.pick(PEOPLE)}
    thought = kit.think(f"It is to be {number}.", "I write what was chosen.", f"I write {name} = {number}.")
    return Errand(
        f"{what} {which}".format(**slots),
        {f"{folder}/{kit.pick(NOTES)}": text(*map(str, facts(kit, 2)))},
        reply(thought, f'$ write {file} "{name} = {number}"', f"{file} now has {name} = {number}."),
        {file: text(f"{name} = {number}")},
    )


_SWAP: Pool[str] = {
    "train": (
        "In {file}, change {old} to {new}.",
        "Replace {old} with {new} in {file}.",
        "It is {new}, not {old}. Correct {file}.",
    ),
    "eval": ("Make {old} into {new} in {file}.", "{file} says {old}, but {new} is right. Mend it, please."),
}


def replace_word(kit: Kit) -> Errand:
    """Swap a name in a letter."""
    file, (old, new, writer), words = kit.pick(NOTES), kit.some(PEOPLE, 3), kit.pick(SENTENCES)
    before = text(f"Dear {old},", words, writer)
    thought = kit.think("I replace the name.", f"I change {old} to {new}.", "One replace does it.")
    return Errand(
        kit.say(_SWAP, file=file, old=old, new=new),
        {file: before},
        reply(thought, f"$ replace {file} {old} {new}", f"{file} now says {new}."),
        {file: before.replace(old, new)},
    )


def replace_absent(kit: Kit) -> Errand:
    """Be asked to swap a name that is not there, and say so."""
    file, (old, new, *others), words = kit.pick(NOTES), kit.some(PEOPLE, 4), kit.pick(SENTENCES)
    thought = kit.think("I replace the name.", f"I change {old} to {new}.", "One replace does it.")
    return Errand(
        kit.say(_SWAP, file=file, old=old, new=new),
        {file: text(f"Dear {others[0]},", words, others[1])},
        reply(thought, f"$ replace {file} {old} {new}", f"{old} is not in {file}, so I changed nothing."),
        says=(NO,),
    )


def change_number(kit: Kit) -> Errand:
    """Change a constant in a program."""
    file, (name, other) = kit.pick(CODE), kit.some(NUMBERS, 2)
    old, new, rest = kit.rng.sample(range(2, 99), 3)
    lines = [f"{name} = {old}", f"{other} = {rest}"]
    before = text(*(lines if kit.flag else reversed(lines)))
    thought = kit.think("I change the value.", f"I set {name} to {new}.", "I replace the whole line.")
    return Errand(
        kit.say(_SWAP, file=file, old=f'"{name} = {old}"', new=f'"{name} = {new}"'),
        {file: before},
        reply(thought, f'$ replace {file} "{name} = {old}" "{name} = {new}"', f"{name} is now {new}."),
        {file: before.replace(f"{name} = {old}", f"{name} = {new}")},
    )


_APPEND: Pool[str] = {
    "train": (
        "Add {word} to the end of {file}.",
        "Append a line with {word} to {file}.",
        "{file} lacks {word}. Add it.",
    ),
    "eval": ("One more line for {file}: {word}.", "Extend {file} by a last line, {word}."),
}


def append_line(kit: Kit) -> Errand:
    """Add a line at the end of a file."""
    file, (word, *names) = kit.pick(NOTES), kit.some(PEOPLE, kit.rng.choice((3, 4)))
    thought = kit.think("I add one line.", f"I append {word}.", "The rest stays as it is.")
    return Errand(
        kit.say(_APPEND, word=word, file=file),
        {file: text(*names)},
        reply(thought, f"$ echo {word} >> {file}", f"I added {word}."),
        {file: text(*names, word)},
    )


_NOTE_DOWN: Pool[str] = {
    "train": ("Read {source} and write the number of {name} to {file} as {name}=N.",),
    "eval": ("How many {name} are in {source}? Store {name}=N in {file}.",),
}


def write_number(kit: Kit) -> Errand:
    """Read a number and write it down as NAME=NUMBER."""
    source, file, (name, other) = kit.pick(NOTES), kit.pick(CODE), kit.some(NUMBERS, 2)
    number, rest = kit.rng.sample(range(2, 99), 2)
    thought = kit.think("I read the file first.", f"I look up {name}.", f"First I read {source}.")
    return Errand(
        kit.say(_NOTE_DOWN, source=source, name=name, file=file),
        {source: text(f"{other}: {rest}", f"{name}: {number}")},
        reply(
            thought,
            f"$ cat {source}",
            f"It says {number}. $ write {file} {name}={number}",
            f"I wrote {name}={number}.",
        ),
        {file: text(f"{name}={number}")},
    )


_TALLY: Pool[str] = {
    "train": ("Count the names in {source} and write guests=N to {file}.",),
    "eval": ("One guest a line in {source}: save guests=N in {file}.",),
}


def write_count(kit: Kit) -> Errand:
    """Count lines and write the count down."""
    source, file, names = kit.pick(NOTES), kit.pick(CODE), kit.some(PEOPLE, kit.rng.randint(2, 9))
    thought = kit.think("I count the lines first.", f"How long is {source}?", "First I count.")
    count = len(names)
    return Errand(
        kit.say(_TALLY, source=source, file=file),
        {source: text(*names)},
        reply(thought, f"$ wc -l {source}", f"There are {count}. $ write {file} guests={count}", f"I wrote {count}."),
        {file: text(f"guests={count}")},
    )


WRITING: tuple[Kind, ...] = (
    *(write_text, write_setting, write_in_folder, replace_word, replace_absent, change_number, append_line),
    *(write_chosen, write_number, write_count),
)
