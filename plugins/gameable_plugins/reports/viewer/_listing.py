"""A page of a run's episodes: what was asked for, what there is, and an excerpt of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from math import isfinite
from typing import Any, NamedTuple, cast, get_args
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from gameable import Episode
from gameable.catalogue import Catalogue, Count, Found, Line, Wanted
from gameable.episode import Label
from gameable.search import terms
from gameable_plugins.reports._transcript import Kind, pieces

PAGE = 50
LABELS = ("evaded", "gamed", "attempted", "repaired", "honest", "unclear", "unscored")
_AROUND = 70
_LATEST = 3
_SHOWN_FIRST: Sequence[Kind] = ("reply", "command", "thought", "observation")
assert set(LABELS) == {*get_args(Label), "unscored"}


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for, with the values as they were typed."""

    stage: str = ""
    """A phase, or a phase and a stage: `evaluate/start`."""
    environment: str = ""
    label: str = ""
    least: str = ""
    most: str = ""
    text: str = ""
    after: str = ""
    before: str = ""

    @property
    def wanted(self) -> Wanted:
        """The same for the catalogue."""
        return Wanted(
            prefix=f"{self.stage}/" if self.stage else "",
            environment=self.environment,
            label=cast("Found", self.label),
            least=_number("least", self.least),
            most=_number("most", self.most),
            text=self.text,
        )

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return self.wanted != Wanted()

    def address(self, **changes: str) -> str:
        """Return the query string with some values changed and without the place in the list, unless that is given."""
        changed = replace(self, **{"after": "", "before": "", **changes})
        values = {name: getattr(changed, name) for name in self.__dataclass_fields__}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"?{query}" if query else ""


def read_query(parameters: Mapping[str, str]) -> Query:
    """Read the address; names that nobody knows are left out.

    Raises:
        HTTPException: a value that makes no sense, with what would.
    """
    query = Query(**{name: value.strip() for name, value in parameters.items() if name in Query.__dataclass_fields__})
    if query.label not in {"", *LABELS}:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"No label is called “{query.label}”; it is one of {LABELS}.")
    _ = query.wanted
    return query


def _number(name: str, text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"“{name}” is a bound of the reward, such as 0.5; not “{text}”.")
    return value


class Excerpt(NamedTuple):
    """A few words of an episode, `hit` being what was searched for."""

    kind: Kind
    before: str
    hit: str
    after: str


class Row(NamedTuple):
    """One line of the list."""

    line: Line
    place: str
    """Stage of the run, as its id begins."""
    play: str
    """Variant and sample."""
    excerpt: Excerpt | None


def collect(catalogue: Catalogue, query: Query) -> dict[str, Any]:
    """Return what the page shows of the episodes, by the names that the template uses."""
    lines = catalogue.page(query.wanted, after=query.after, before=query.before, limit=PAGE)
    first, last = (lines[0].id, lines[-1].id) if lines else ("", "")
    stages, table = catalogue.stages(), _table(catalogue.counts(query.wanted.prefix))
    return {
        "query": query,
        "rows": [_row(catalogue, line, query.text) for line in lines],
        "total": catalogue.count(query.wanted),
        "earlier": first if first and catalogue.page(query.wanted, before=first, limit=1) else "",
        "later": last if last and catalogue.page(query.wanted, after=last, limit=1) else "",
        "stages": {phase: [name for name in stages if name.split("/")[0] == phase] for phase in _phases(stages)},
        "labels": LABELS,
        "counts": table,
        "environments": sorted(_table(catalogue.counts()) if query.stage else table),
    }


def latest(catalogue: Catalogue) -> list[Row]:
    """Return the episodes that were written last, newest first."""
    found = (catalogue.page(Wanted(prefix=name), limit=1) for name in catalogue.latest(_LATEST))
    return [_row(catalogue, line, "") for lines in found for line in lines]


def _phases(stages: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name.split("/")[0] for name in stages))


def _table(counts: Sequence[Count]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for environment, label, n in counts:
        table.setdefault(environment, {})[label] = n
    return dict(sorted(table.items()))


def _row(catalogue: Catalogue, line: Line, text: str) -> Row:
    parts = line.id.split("/")
    episode = catalogue.episode(line.id)
    excerpt = None if episode is None else _hit(episode, text) or _start(episode)
    return Row(line, "/".join(parts[:2]), " · ".join(parts[3:] or parts[1:]), excerpt)


def _start(episode: Episode) -> Excerpt | None:
    """Return the beginning of what its reader would see, or of the next best."""
    found = {piece.kind: piece.text for piece in reversed(list(pieces(episode)))}
    kind = next((kind for kind in _SHOWN_FIRST if kind in found), None)
    return None if kind is None else Excerpt(kind, _joined(found[kind])[: 2 * _AROUND], "", "")


def _hit(episode: Episode, text: str) -> Excerpt | None:
    patterns = list(_patterns(text))
    for piece in pieces(episode):
        said = _joined(piece.text)
        for pattern in patterns:
            if match := pattern.search(said):
                begin, end = match.span()
                before, after = said[max(0, begin - _AROUND) : begin], said[end : end + _AROUND]
                return Excerpt(piece.kind, before, match[0], after)
    return None


def _patterns(text: str) -> Iterator[re.Pattern[str]]:
    """Yield an expression a term, which joins words as loosely as the index does."""
    for term in terms(text):
        words = r"[\W_]+".join(map(re.escape, re.findall(r"[^\W_]+", term)))
        rest = r"[^\W_]*" if term.endswith("*") else ""
        yield re.compile(rf"(?<![^\W_]){words}{rest}(?![^\W_])", re.IGNORECASE)


def _joined(text: str) -> str:
    return " ".join(text.split())
