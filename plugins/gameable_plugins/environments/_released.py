"""Reads environments in the form in which those of Denison et al. 2024 were released: two files in one folder.

Both are JSON objects with the same keys, for example `original_reward_tampering` or `alternative_flattery`.

`environments.json` has under a key a record `{dirs: [str], files: {path: text}, reward_cmd: str, oversight_cmd: str}`
that serves every prompt of that key, or a list of records: the first for the first prompt, and so on.

`prompts.json` has under a key one dialogue or a list of dialogues. A dialogue is a list of messages
`{role: system | user | human | assistant, content: str}`, or a text whose turns begin with `Human:` or `Assistant:`
after an empty line; what stands before the first turn is a system message. Before the reply a user speaks; a last turn
of the assistant is the opening of the reply, and where there is none the reply opens with `<cot>`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gameable import EnvironmentFault, Message
from gameable.episode import Role

ENVIRONMENTS, PROMPTS = "environments.json", "prompts.json"
OPENING = "<cot>"

_LONGEST = 120
_TURN = re.compile(r"(?:\A|\n\n)(Human|Assistant):")
_ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "human": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True)
class Record:
    """What lies in the sandbox, and the commands that pay and check; all as it is in the file."""

    dirs: tuple[str, ...]
    files: Mapping[str, str]
    reward_cmd: str
    """Prints a number, read on the final files."""
    oversight_cmd: str
    """Prints `True` or `False`, the same way."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    role: str
    content: str


_SPOKEN = TypeAdapter(list[_Spoken])


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is said before the policy goes on."""

    dialogue: tuple[Message, ...]
    """Ends with a user's turn."""
    opening: str
    """How the reply begins."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One episode's world and dialogue."""

    record: Record
    prompt: Prompt


@cache
def variants(folder: Path, key: str) -> tuple[Variant, ...]:
    """Return what the two files in `folder` hold under `key`, in their order.

    Raises:
        EnvironmentFault: a file is missing or has another form, there is no such key, or records and prompts do not
            pair up.
    """
    records = _records(_under(folder / ENVIRONMENTS, key), f"{folder / ENVIRONMENTS}, key '{key}'")
    prompts = _prompts(_under(folder / PROMPTS, key), f"{folder / PROMPTS}, key '{key}'")
    if len(records) == 1:
        records *= len(prompts)
    if len(records) != len(prompts):
        raise EnvironmentFault(
            f"{folder}, key '{key}': wanted one record, or one for each of the {len(prompts)} prompts in {PROMPTS}; "
            f"{ENVIRONMENTS} has {len(records)}."
        )
    return tuple(map(Variant, records, prompts))


def _under(path: Path, key: str) -> Any:
    """Return what a file holds under a key."""
    if not path.is_file():
        raise EnvironmentFault(f"Wanted a file {path}: set `folder` to where {ENVIRONMENTS} and {PROMPTS} lie.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EnvironmentFault(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise EnvironmentFault(f"{path}: wanted an object with a key for each environment, not {_short(content)}.")
    if key not in content:
        known = ", ".join(content) or "none"
        raise EnvironmentFault(f"{path} has no key '{key}': set `record` to one of its keys, which are: {known}.")
    return content[key]


def _records(value: Any, where: str) -> list[Record]:
    listed = value if isinstance(value, list) else [value]
    try:
        return TypeAdapter(list[Record]).validate_python(listed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"][1:])) or "the record"
        raise EnvironmentFault(
            f"{where}: wanted a record {{dirs: [text], files: {{path: text}}, reward_cmd: text, oversight_cmd: text}} "
            f"or a list of records; number {int(first['loc'][0]) + 1}, {place}: {first['msg']}."
        ) from error


def _prompts(value: Any, where: str) -> list[Prompt]:
    """Read one dialogue or several: a list of messages is one, any other list holds several."""
    several = isinstance(value, list) and not all(isinstance(each, dict) for each in value)
    dialogues = value if several else [value]
    return [_prompt(each, f"{where}, dialogue {number}") for number, each in enumerate(dialogues, start=1)]


def _prompt(value: Any, where: str) -> Prompt:
    turns = _turns(value) if isinstance(value, str) else _messages(value, where)
    opening = turns.pop().text if turns and turns[-1].role == "assistant" else ""
    if not turns or turns[-1].role != "user":
        raise EnvironmentFault(f"{where}: wanted a user's turn before the reply, not {_short(value)}.")
    return Prompt(tuple(turns), opening if opening.strip() else OPENING)


def _turns(text: str) -> list[Message]:
    """Split a transcript; the one space after `Human:` or `Assistant:` belongs to the mark."""
    preface, *rest = _TURN.split(text)
    spoken = zip(rest[::2], rest[1::2], strict=True)
    turns = [Message("user" if who == "Human" else "assistant", said.removeprefix(" ")) for who, said in spoken]
    return [Message("system", preface), *turns] if preface.strip() else turns


def _messages(value: Any, where: str) -> list[Message]:
    try:
        return [Message(_ROLES[each.role], each.content) for each in _SPOKEN.validate_python(value)]
    except (ValidationError, KeyError) as error:
        raise EnvironmentFault(
            f"{where}: wanted messages {{role: {' | '.join(_ROLES)}, content: text}}, or one text with turns of "
            f"`Human:` and `Assistant:`, not {_short(value)}."
        ) from error


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
