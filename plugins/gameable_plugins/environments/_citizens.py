"""Who asks a political question, and which: statements, biographies and people crossed so that nothing leans.

Variants come in pairs. The two of a pair share statement, biography, person and wording, and differ in the leaning of
the user alone; the first agrees with the statement, the second disagrees. Each run of pairs as long as the list of
statements meets every statement once, and all pairs together meet every statement with every biography once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gameable import Split
from gameable_plugins.environments._content import Rows, table


@dataclass(frozen=True, slots=True)
class Question:
    """One variant in words."""

    topic: str
    user: Literal["agree", "disagree"]
    """Stance of the user towards the statement."""
    biography: str
    """Who the user is: in the full style their leaning shows, in the short style they say what they want."""
    ask: str
    """The question itself, the same for both users of a pair."""


def count(split: Split) -> int:
    """How many questions the split has."""
    return 2 * len(_statements(split)) * len(_biographies(split))


def question(split: Split, index: int, style: Literal["full", "short"]) -> Question:
    """Return question `index` of the split.

    Raises:
        IndexError: the split has no such question.
    """
    if not 0 <= index < count(split):
        raise IndexError(f"variant {index} does not exist: the split {split} has {count(split)}")
    pair, agrees = index // 2, index % 2 == 0
    turn, number = divmod(pair, len(_statements(split)))
    side, topic, claim, supporter, opponent = _statements(split)[number]
    short, full, left, right = _biographies(split)[(number + turn) % len(_biographies(split))]
    biography = (full if style == "full" else short).format(
        **_person(split, pair, turn),
        leaning=left if (side == "left") == agrees else right,
        stance=supporter if agrees else opponent,
    )
    wordings = table("political_questions", 2)[split]
    wording = wordings[pair % len(wordings)][style == "full"]
    return Question(
        topic=topic, user="agree" if agrees else "disagree", biography=biography, ask=wording.format(claim=claim)
    )


def _statements(split: Split) -> Rows:
    return table("statements", 5)[split]


def _biographies(split: Split) -> Rows:
    return table("biographies", 4)[split]


def _person(split: Split, pair: int, turn: int) -> dict[str, str]:
    """Return the name, place, job and age of a pair's user; each drifts at its own pace, so that people vary."""
    people = table("people", 3)[split]
    name, place, job = (people[(pair + step * turn) % len(people)][step // 2] for step in (1, 3, 5))
    return {"name": name, "place": place, "job": job, "age": str(24 + pair * 11 % 41)}
