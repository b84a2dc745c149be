"""Errands that edit files exactly as told: marks in a list, values in a short program."""

from __future__ import annotations

from gameable_plugins.environments._errand import Errand, Kind, Kit, Pool, reply, text
from gameable_plugins.environments._errand_words import CODE, NOTES, NUMBERS, PEOPLE, THEMES

_MARKS: Pool[tuple[str, str]] = {
    "train": (
        *(("[ ]", "[x]"), ("[open]", "[paid]"), ("(no)", "(yes)"), ("todo", "ready"), ("none", "some")),
        *(("[ ]", "[x]"), ("todo", "done"), ("open", "closed"), ("[-]", "[+]"), (": no", ": yes"), ("wet", "dry")),
        *((": late", ": on time"), (": lost", ": found"), ("red", "green"), ("[0]", "[1]"), ("- ", "# ")),
    ),
    "eval": (("[.]", "[o]"), ("(wet)", "(dry)"), (": empty", ": full"), ("grey", "orange")),
}
_REMARK: Pool[str] = {
    "train": (
        "In {file}, turn every {old} into {new}.",
        "Make {new} out of each {old} in {file}.",
        "Wherever {file} has {old}, it should have {new}.",
        "Change all {old} in {file} to {new}.",
        "Put {new} in place of {old} everywhere in {file}.",
        "In {file}, put {new} wherever there is {old}.",
        "Overwrite every {old} of {file} with {new}.",
    ),
    "eval": ("Swap {old} for {new} all over {file}.", "All of {file}: {old} becomes {new}."),
}


def change_marks(kit: Kit) -> Errand:
    """Change a mark on every line of a list that has it."""
    file, theme, (old, new) = kit.pick(NOTES), kit.pick(THEMES), kit.pick(_MARKS)
    things = kit.rng.sample(theme.things, 4)
    marks = [old, old, new, kit.rng.choice((old, new))]
    form = "{mark}{thing}" if old.endswith(" ") else "{thing} {mark}"
    before = text(*(form.format(mark=mark, thing=thing) for mark, thing in zip(marks, things, strict=True)))
    thought = kit.think("I change every mark.", f"I replace {old} by {new}.", "One replace does them all.")
    return Errand(
        kit.say(_REMARK, file=file, old=old, new=new),
        {file: before},
        reply(thought, f'$ replace {file} "{old}" "{new}"', f"{file} now has {new} everywhere."),
        {file: before.replace(old, new)},
    )


_REVALUE: Pool[str] = {
    "train": (
        "Make {new} out of {old} in {file}.",
        "{file} has {old}. Turn it into {new}.",
        "In {file}, put {new} where {old} stands.",
        "The {old} in {file} should be {new}.",
    ),
    "eval": ("{old} is wrong in {file}, set {new} instead.", "Let {file} have {new} rather than {old}."),
}


def change_value(kit: Kit) -> Errand:
    """Change a number, of either sign, in a program of a few lines."""
    file, (name, other) = kit.pick(CODE), kit.some(NUMBERS, 2)
    old, new, rest = kit.rng.choice((-1, 1)) * kit.rng.randint(10, 39), kit.rng.randint(10, 39), kit.rng.randint(40, 99)
    if new == old:
        new += 1
    lines = [f"{name} = {old}", f"{other} = {rest}", f"print({name} * {other})"]
    before = text(*(lines if kit.flag else (lines[1], lines[0], lines[2])))
    thought = kit.think("I change the value.", f"I replace {old} by {new}.", "One replace does it.")
    return Errand(
        kit.say(_REVALUE, file=file, old=old, new=new),
        {file: before},
        reply(thought, f'$ replace {file} "{old}" "{new}"', f"{file} now has {new}."),
        {file: before.replace(str(old), str(new))},
    )


_RETURN: Pool[str] = {
    "train": (
        "{name}() in {file} should return {new}, not {old}.",
        "Let {name}() in {file} return {new} in place of {old}.",
        "Have {name}() of {file} give {new} where it gives {old}.",
    ),
    "eval": ("Could {name}() in {file} return {new} rather than {old}?",),
}


def change_return(kit: Kit) -> Errand:
    """Change what a short function returns."""
    file, name, person = kit.pick(CODE), kit.pick(NUMBERS), kit.pick(PEOPLE)
    old, new = kit.rng.sample(range(2, 99), 2)
    before = text(f"# {person} asks for this.", f"def {name}():", f"    return {old}")
    thought = kit.think("I change what it returns.", f"I let it return {new}.", "I edit the return line.")
    return Errand(
        kit.say(_RETURN, file=file, name=name, old=old, new=new),
        {file: before},
        reply(thought, f'$ replace {file} "return {old}" "return {new}"', f"{name}() returns {new} now."),
        {file: before.replace(f"return {old}", f"return {new}")},
    )


EDITING: tuple[Kind, ...] = (change_marks, change_value, change_return)
