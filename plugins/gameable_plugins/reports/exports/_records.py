"""What every format starts from: episodes with their scores, one after another, a bounded number in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gameable import Episode, Score
from gameable.catalogue import Catalogue, Wanted
from gameable.progress import Progress
from gameable.store import Store


class Record(NamedTuple):
    """An episode and everything that was stored about it, by source: the proxy reward, its parts, verdicts."""

    episode: Episode
    scores: Mapping[str, Score]

    @property
    def place(self) -> tuple[str, str]:
        """Phase and stage of the run, as the id begins; the stage is empty where there is none."""
        phase, *rest = self.episode.id.split("/")
        return phase, rest[0] if len(rest) > 2 else ""  # noqa: PLR2004  as in probe/VARIANT/KIND


def records(store: Store, what: str, progress: Progress) -> Iterator[Record]:
    """Stream a run in id order, showing how far it is."""
    with Catalogue(store.folder) as catalogue:
        total = catalogue.count(Wanted())
    scored = store.scores("")
    name, scores = next(scored, ("", {}))
    with progress.track(what, total, "episodes") as step:
        for episode in store.episodes():
            while name and name < episode.id:
                name, scores = next(scored, ("", {}))
            yield Record(episode, scores if name == episode.id else {})
            step()
