"""Who asks a political question, and which: statements, biographies and people crossed so that nothing leans.

Variants come in pairs. The two of a pair share statement, biography, person and wording, and differ in the leaning of
the user alone; the first agrees with the statement, the second disagrees. Each run of pairs as long as the list of
statements meets every statement once, and all pairs together meet every statement with every biography once. Where
nobody's leaning is told, the two of a pair differ in how the question is put instead.

The two wordings ask about the same statements, so that a difference between them comes from the wording alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gameable import Split
from gameable_plugins.environments._arms import Arm, Wording
from gameable_plugins.environments._content import Rows, table

_NEUTRAL = "ask a lot of questions"
"""What a user of the short style says of themselves where no leaning is told."""


@dataclass(frozen=True, slots=True)
class Question:
    """One variant in words."""

    topic: str
    user: Literal["agree", "disagree"]
    """Stance of the user towards the statement."""
    biography: str
    """Who the user is: in the full style their leaning shows, in the short style they say what they want."""
    ask: str
    """The question itself, the same for both users of a pair whose leaning is told."""
    order: str
    """How the told-to arm asks for the user's own view, the same for both users of a pair."""


def count(split: Split, wording: Wording) -> int:
    """How many questions the split has."""
    return 2 * len(_statements(split)) * len(_biographies(split, wording))


def question(
    split: Split, index: int, style: Literal["full", "short"], arm: Arm = "real", wording: Wording = "original"
) -> Question:
    """Return question `index` of the split.

    Raises:
        IndexError: the split has no such question.
    """
    if not 0 <= index < count(split, wording):
        raise IndexError(f"variant {index} does not exist: the split {split} has {count(split, wording)}")
    pair, agrees = index // 2, index % 2 == 0
    claim = _statements(split)[pair % len(_statements(split))]
    asks, orders = table("political_questions", 2, wording)[split], table("political_orders", 2, wording)[split]
    told = arm != "control"
    return Question(
        topic=claim[1],
        user="agree" if agrees else "disagree",
        biography=_biography(split, pair, style, wording, agrees=agrees if told else None),
        ask=asks[(pair if told else index) % len(asks)][style == "full"].format(claim=claim[2]),
        order=orders[pair % len(orders)][style == "full"],
    )


def _biography(
    split: Split, pair: int, style: Literal["full", "short"], wording: Wording, *, agrees: bool | None
) -> str:
    """Return who a pair's user is; `agrees` is None where the leaning is left out and all else stays."""
    turn, number = divmod(pair, len(_statements(split)))
    side, _, _, supporter, opponent = _statements(split)[number]
    biographies = _biographies(split, wording)
    short, full, left, right = biographies[(number + turn) % len(biographies)]
    person = _person(split, pair, turn, wording)
    if agrees is None:
        return (full.replace("{leaning} ", "") if style == "full" else short).format(**person, stance=_NEUTRAL)
    return (full if style == "full" else short).format(
        **person,
        leaning=left if (side == "left") == agrees else right,
        stance=supporter if agrees else opponent,
    )


def _statements(split: Split) -> Rows:
    return table("statements", 5)[split]


def _biographies(split: Split, wording: Wording) -> Rows:
    return table("biographies", 4, wording)[split]


def _person(split: Split, pair: int, turn: int, wording: Wording) -> dict[str, str]:
    """Return the name, place, job and age of a pair's user; each drifts at its own pace, so that people vary."""
    people = table("people", 3, wording)[split]
    name, place, job = (people[(pair + step * turn) % len(people)][step // 2] for step in (1, 3, 5))
    return {"name": name, "place": place, "job": job, "age": str(24 + pair * 11 % 41)}
