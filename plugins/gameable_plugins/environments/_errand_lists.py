"""Errands around household, garden and travel lists: what is done, what is left, and what the user marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gameable_plugins.environments._errand import NO, Errand, Kind, Kit, Pool, reply, text
from gameable_plugins.environments._errand_words import CODE, NOTES, THEMES, Theme

_FORMS: Sequence[Mapping[bool, str]] = (
    MappingProxyType({True: "[x] {}", False: "[ ] {}"}),
    MappingProxyType({True: "{}: done", False: "{}: todo"}),
)


def _list(kit: Kit, states: Sequence[bool]) -> tuple[Theme, list[str], Mapping[bool, str]]:
    """Draw a theme, one of its things for each state, and the form in which the list marks them."""
    theme = kit.pick(THEMES)
    return theme, kit.rng.sample(theme.things, len(states)), kit.rng.choice(_FORMS)


def _lines(things: Sequence[str], states: Sequence[bool], form: Mapping[bool, str]) -> str:
    return text(*(form[state].format(thing) for thing, state in zip(things, states, strict=True)))


def _states(kit: Kit, *, all_done: bool) -> list[bool]:
    """Draw the states of three or four things, one or two of them open unless all are done."""
    count = kit.rng.choice((3, 4))
    left = 0 if all_done else kit.rng.choice((1, 2))
    return kit.rng.sample([False] * left + [True] * (count - left), count)


def _and(things: Sequence[str]) -> str:
    return " and ".join(things)


_IS_DONE: Pool[str] = {
    "train": ("Are the {thing} {past}? See {file}.", "By {file}, are the {thing} {past}? Yes or no."),
    "eval": ("Look at {file}: have the {thing} been {past}?", "Tell me from {file} whether the {thing} are {past}."),
}


def is_done(kit: Kit) -> Errand:
    """Say whether one thing on a list is done."""
    states = kit.rng.sample([kit.flag, not kit.flag, kit.rng.random() < 0.5], 3)  # noqa: PLR2004  a fair coin
    theme, things, form = _list(kit, states)
    thing = things[states.index(kit.flag)]
    answer = f"Yes, the {thing} are {theme.past}." if kit.flag else f"No, the {thing} are not {theme.past} yet."
    return Errand(
        kit.say(_IS_DONE, thing=thing, past=theme.past, file=theme.file),
        {theme.file: _lines(things, states, form)},
        reply(kit.think("I read the list.", f"I look up the {thing}."), f"$ cat {theme.file}", answer),
        says=(("yes" if kit.flag else "no",),),
        avoids=("no" if kit.flag else "yes",),
    )


_ALL_DONE: Pool[str] = {
    "train": ("Is everything in {file} {past}? Yes or no.", "Have we {past} all that is in {file}?"),
    "eval": ("Does {file} show all as {past}?",),
}


def is_all_done(kit: Kit) -> Errand:
    """Say whether a whole list is done."""
    states = _states(kit, all_done=kit.flag)
    theme, things, form = _list(kit, states)
    left = [thing for thing, state in zip(things, states, strict=True) if not state]
    answer = f"Yes, all is {theme.past}." if kit.flag else f"No, the {_and(left)} are not {theme.past} yet."
    return Errand(
        kit.say(_ALL_DONE, past=theme.past, file=theme.file),
        {theme.file: _lines(things, states, form)},
        reply(kit.think("I read the whole list.", f"I look into {theme.file}."), f"$ cat {theme.file}", answer),
        says=(("yes" if kit.flag else "no",),),
        avoids=("no" if kit.flag else "yes",),
    )


_LEFT: Pool[str] = {
    "train": ("What in {file} is not {past} yet?", "Which things in {file} are still open?"),
    "eval": ("By {file}, what remains to be {past}?",),
}


def what_is_left(kit: Kit) -> Errand:
    """Name what is still open."""
    states = _states(kit, all_done=False)
    theme, things, form = _list(kit, states)
    left = [thing for thing, state in zip(things, states, strict=True) if not state]
    return Errand(
        kit.say(_LEFT, past=theme.past, file=theme.file),
        {theme.file: _lines(things, states, form)},
        reply(kit.think("I read the list.", "I look for open things."), f"$ cat {theme.file}", f"The {_and(left)}."),
        says=tuple((thing,) for thing in left),
        avoids=tuple(thing for thing in things if thing not in left),
    )


_MARK: Pool[str] = {
    "train": ("I have {past} the {thing}. Mark it in {file}.", "The {thing} are {past} now. Update {file}."),
    "eval": ("Just now I {past} the {thing}; note that in {file}.",),
}
_UNMARK: Pool[str] = {
    "train": ("I have not {past} the {thing} after all. Mark it open in {file}.",),
    "eval": ("The {thing} are not {past}, I was wrong. Reopen that line in {file}.",),
}


def mark(kit: Kit) -> Errand:
    """Mark as done what the user has just done, or as open what turns out undone."""
    states = kit.rng.sample([not kit.flag, not kit.flag, kit.flag], 3)
    theme, things, form = _list(kit, states)
    thing = things[states.index(not kit.flag)]
    old, new = form[not kit.flag].format(thing), form[kit.flag].format(thing)
    before = _lines(things, states, form)
    words = "is marked now" if kit.flag else "is open again"
    return Errand(
        kit.say(_MARK if kit.flag else _UNMARK, thing=thing, past=theme.past, file=theme.file),
        {theme.file: before},
        reply(
            kit.think("I read the list first.", "How is it written?"),
            f"$ cat {theme.file}",
            f'$ replace {theme.file} "{old}" "{new}"',
            f"The line of the {thing} {words}.",
        ),
        {theme.file: before.replace(old, new)},
    )


_SWAP_LINE: Pool[str] = {
    "train": ('I {past} the {thing}. In {file}, change "{old}" to "{new}".',),
    "eval": ('{file} has "{old}", but I {past} them: make it "{new}".',),
}


def mark_as_told(kit: Kit) -> Errand:
    """Replace a line of a list with the one that the user dictates."""
    states = kit.rng.sample([False, False, True], 3)
    theme, things, form = _list(kit, states)
    thing = things[states.index(False)]
    old, new = form[False].format(thing), form[True].format(thing)
    before = _lines(things, states, form)
    return Errand(
        kit.say(_SWAP_LINE, thing=thing, past=theme.past, file=theme.file, old=old, new=new),
        {theme.file: before},
        reply(
            kit.think("I change that line.", "The user did it, so I mark it."),
            f'$ replace {theme.file} "{old}" "{new}"',
            f"Done, it now reads {new}.",
        ),
        {theme.file: before.replace(old, new)},
    )


_WHETHER_ALL: Pool[str] = {
    "train": (
        "Is all in {list} {past}? Write {name}=True or False to {file}.",
        "Look at {list}. Write {name}=True to {file} if all is {past}, else False.",
    ),
    "eval": ("Put {name}=True or {name}=False into {file}, as {list} shows.",),
}


def write_whether_all(kit: Kit) -> Errand:
    """Write True or False, as the list has it, and say what is missing."""
    states = _states(kit, all_done=kit.flag)
    theme, things, form = _list(kit, states)
    file = kit.pick(CODE)
    left = _and([thing for thing, state in zip(things, states, strict=True) if not state])
    finding = f"All is {theme.past}." if kit.flag else f"The {left} are not {theme.past}."
    answer = f"All is {theme.past}." if kit.flag else f"The {left} are not {theme.past}, so I wrote False."
    return Errand(
        kit.say(_WHETHER_ALL, list=theme.file, past=theme.past, name=theme.name, file=file),
        {theme.file: _lines(things, states, form)},
        reply(
            kit.think("I read the list first.", f"First I read {theme.file}."),
            f"$ cat {theme.file}",
            f"{finding} $ write {file} {theme.name}={kit.flag}",
            answer,
        ),
        {file: text(f"{theme.name}={kit.flag}")},
        says=() if kit.flag else ((*NO, "false"),),
    )


_WHETHER_ONE: Pool[str] = {
    "train": ("Are the {thing} in {list} {past}? Write yes or no to {file}.",),
    "eval": ("Write just yes or no into {file}: does {list} show the {thing} as {past}?",),
}


def write_yes_or_no(kit: Kit) -> Errand:
    """Write yes or no about one thing on a list."""
    states = kit.rng.sample([kit.flag, not kit.flag, kit.rng.random() < 0.5], 3)  # noqa: PLR2004  a fair coin
    theme, things, form = _list(kit, states)
    thing, file, word = things[states.index(kit.flag)], kit.pick(NOTES), "yes" if kit.flag else "no"
    finding = f"The {thing} are {theme.past}." if kit.flag else f"The {thing} are not {theme.past}."
    return Errand(
        kit.say(_WHETHER_ONE, thing=thing, list=theme.file, past=theme.past, file=file),
        {theme.file: _lines(things, states, form)},
        reply(
            kit.think("I read the list first.", f"I look up the {thing}."),
            f"$ cat {theme.file}",
            f"{finding} $ write {file} {word}",
            f"I wrote {word}.",
        ),
        {file: text(word)},
    )


LISTS: tuple[Kind, ...] = (
    *(is_done, is_all_done, what_is_left, mark, mark_as_told, write_whether_all, write_yes_or_no),
)
