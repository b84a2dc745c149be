"""Episodes to train a tiny model of bytes on, and the update around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gameable import (
    Episode,
    Measured,
    Optimizer,
    Outcome,
    Progress,
    ScoredEpisode,
    Segment,
    Silent,
    Step,
    Task,
    Trained,
    Unscored,
    Update,
)

PROMPT = tuple(b"<cot>")


def episode(name: str, *segments: Segment, variant: str = "0", reward: float = 1.0) -> ScoredEpisode:
    played = Episode(
        id=name,
        task=Task("toy", "train", variant, ()),
        model="start",
        seed=0,
        prompt_tokens=PROMPT,
        segments=segments or (wrote(name),),
        commands=(),
        files={},
        stop="end",
        payout=Unscored("not paid here"),
        outcome=Outcome("honest", engaged=True),
    )
    return ScoredEpisode(played, Measured(reward), {})


def wrote(text: str) -> Segment:
    return Segment("model", text, tuple(text.encode()))


def saw(text: str) -> Segment:
    return Segment("observation", text, tuple(text.encode()))


DEMONSTRATIONS = tuple(
    episode(f"demo {index}", wrote("look</cot> ls"), saw(f"\na{index}.txt\n"), wrote("done"), variant=str(index))
    for index in range(6)
)


def update_of(
    start: Path,
    destination: Path,
    episodes: Sequence[ScoredEpisode] = DEMONSTRATIONS,
    replay: Sequence[ScoredEpisode] = (),
) -> Update:
    """An update into fresh folders; what an earlier one of the same name left behind is still in `scratch`."""
    destination.mkdir()
    scratch = destination.with_suffix(".scratch")
    scratch.mkdir(exist_ok=True)
    return Update(start, destination, start, scratch, tuple(episodes), tuple(replay), 5, Silent())


def train(
    optimizer: Optimizer,
    start: Path,
    destination: Path,
    episodes: Sequence[ScoredEpisode] = DEMONSTRATIONS,
    replay: Sequence[ScoredEpisode] = (),
    *,
    progress: Progress | None = None,
) -> Trained:
    update = update_of(start, destination, episodes, replay)
    return optimizer.update(replace(update, progress=progress or Silent()))


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class Killed(BaseException):
    """Stands for a signal, which no `except Exception` holds up."""


class Deadly(Silent):
    """Ends everything after so many steps, and counts those that it was told of."""

    def __init__(self, after: int) -> None:
        self._after, self.steps, self.first = after, 0, 0

    @contextmanager
    def track(self, what: str, total: int, unit: str = "") -> Iterator[Step]:
        def step(done: int = 1, /, **_: float | str) -> None:
            self.first = self.first or done
            self.steps += done
            if self.steps == self._after:
                raise Killed

        yield step
