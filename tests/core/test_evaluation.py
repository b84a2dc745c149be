from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from gameable import Episode, Message, Outcome, Task, Unscored
from gameable.clustered import interval
from gameable.episode import Label, Measure
from gameable.evaluation import Cell, cells, matrix, render
from gameable.statistics import rate_interval
from gameable.store import OutcomeRow, Store

MEASURES: dict[str, tuple[Measure, ...]] = {"flattery": ("gamed",), "tampering": ("attempted", "gamed", "evaded")}


def row(label: Label | None, *, engaged: bool = True, scripted: bool = False, **names: str) -> OutcomeRow:
    return OutcomeRow(
        id="",
        model=names.get("model", "start"),
        environment=names.get("environment", "tampering"),
        split="eval",
        variant=names.get("variant", "0"),
        label=label,
        unscored="why" if label is None else None,
        engaged=None if label is None else engaged,
        paid=False,
        scripted=scripted,
    )


def apart(rows: Iterable[OutcomeRow], variants: int = 9_999_999) -> list[OutcomeRow]:
    """Spread episodes over so many variants; each has its own if left out."""
    return [replace(each, variant=str(number % variants)) for number, each in enumerate(rows)]


def one(rows: Iterable[OutcomeRow], measure: Measure = "gamed", floor: float = 0.2) -> Cell:
    found, paid = matrix(rows, {"tampering": (measure,)}, ["start"], floor)
    assert paid.measure == "paid"
    return found


def payments(*paid: bool | None) -> Cell:
    """Return the cell of what was paid, over honest episodes."""
    rows = apart(replace(row("honest"), paid=each) for each in paid)
    (cell,) = matrix(rows, {"tampering": ()}, ["start"], 0)
    return cell


def test_what_was_paid_is_counted_whatever_truly_happened() -> None:
    cell = payments(True, True, False)
    assert (cell.measure, cell.events, cell.scored, cell.rate) == ("paid", 2, 3, 2 / 3)


def test_an_unmeasured_payout_is_no_payment_and_no_refusal() -> None:
    cell = payments(True, None, True)
    assert (cell.n, cell.scored, cell.rate) == (3, 2, 1.0)


LABELS: tuple[Label | None, ...] = ("honest", "honest", "attempted", "gamed", "evaded", "unclear", None)


@pytest.mark.parametrize(("measure", "events"), [("attempted", 3), ("gamed", 2), ("evaded", 1)])
def test_a_measure_counts_its_label_and_every_worse_one(measure: Measure, events: int) -> None:
    cell = one(apart(map(row, LABELS)), measure)
    assert (cell.n, cell.scored, cell.events, cell.variants) == (7, 6, events, 6)
    assert cell.rate == events / 6


def test_an_interval_takes_the_samples_of_a_variant_together() -> None:
    rows = [row("gamed" if number < 4 else "honest", variant=str(number)) for number in range(8) for _ in range(5)]
    cell = one(rows)
    counts = {str(number): (5 * (number < 4), 5) for number in range(8)}
    assert (cell.n, cell.rate, (cell.low, cell.high)) == (40, 0.5, interval(counts))
    narrow = rate_interval(20, 40)
    assert cell.low is not None
    assert cell.high is not None
    assert cell.low < narrow[0] - 0.1
    assert cell.high > narrow[1] + 0.1


def test_one_variant_shows_no_spread_and_gives_no_rate() -> None:
    cell = one([row("gamed"), row("honest")])
    assert (cell.events, cell.scored, cell.rate, cell.low, cell.high) == (1, 2, None, None, None)
    assert str(cell) == "1/2 of one variant, so no rate"


def test_unscored_episodes_are_neither_events_nor_their_absence() -> None:
    cell = one(apart([row("gamed"), row(None), row("gamed")]))
    assert (cell.n, cell.scored, cell.engaged, cell.rate) == (3, 2, 2, 1.0)


def test_nothing_scored_is_no_rate() -> None:
    assert one([row(None)]).rate is None
    assert one([]) == Cell("start", "tampering", "gamed", 0, 0, 0, 0, 0, None, None, None)


def test_too_little_engagement_is_no_rate() -> None:
    idle = [row("unclear", engaged=False)] * 8
    below, at = one(apart([row("gamed"), *idle])), one(apart([row("gamed")] * 2 + idle))
    assert (below.events, below.engaged, below.rate, below.low, below.high) == (1, 1, None, None, None)
    assert at.rate == 0.2


def test_scripted_episodes_never_count() -> None:
    assert one([row("gamed", scripted=True), row("honest")]).n == 1


def test_cells_come_in_the_given_order() -> None:
    rows = [row("gamed", model=model, environment=name) for model in ("b", "start") for name in reversed(MEASURES)]
    found = matrix([*rows, row("gamed", environment="other")], MEASURES, ["start", "b", "later"], 0)
    assert [(cell.model, cell.environment, cell.measure) for cell in found] == [
        (model, environment, measure)
        for model in ("start", "b", "later")
        for environment, measure in [
            ("flattery", "gamed"),
            ("flattery", "paid"),
            ("tampering", "attempted"),
            ("tampering", "gamed"),
            ("tampering", "evaded"),
            ("tampering", "paid"),
        ]
    ]
    assert [cell.n for cell in found] == [1] * 12 + [0] * 6


def test_a_cell_has_the_fields_of_the_command_line() -> None:
    assert list(asdict(one([]))) == [
        "model",
        "environment",
        "measure",
        "n",
        "scored",
        "engaged",
        "events",
        "variants",
        "rate",
        "low",
        "high",
    ]


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.booleans(), st.booleans())), st.floats(0, 1))
def test_counts_nest_and_a_rate_needs_engagement(drawn: list[tuple[Label | None, bool, bool]], floor: float) -> None:
    rows = apart((row(label, engaged=engaged, scripted=scripted) for label, engaged, scripted in drawn), 3)
    found = matrix(rows, {"tampering": ("attempted", "gamed", "evaded")}, ["start"], floor)
    for cell in found:
        assert 0 <= cell.events <= cell.scored <= cell.n <= len(rows)
        assert cell.engaged <= cell.scored
        assert cell.variants <= 3
        assert (cell.rate is None) == (cell.variants < 2 or cell.engaged < floor * cell.scored)
    assert found[0].events >= found[1].events >= found[2].events


# --- from a run ------------------------------------------------------------------------------------------------------


def test_cells_come_from_the_evaluation_episodes_of_a_run(tmp_path: Path) -> None:
    manifest = {
        "models": ["start", "1-a"],
        "environments": ["tampering", "flattery"],
        "measures": MEASURES,
        "floor": 0.2,
    }
    with Store.create(tmp_path / "run", manifest) as store:
        gamed, honest = Outcome("gamed", engaged=True), Outcome("honest", engaged=True)
        store.add_episodes([episode("evaluate/1-a", sample, gamed if sample < 3 else honest) for sample in range(12)])
        store.add_episodes([episode("evaluate/1-a", 12, Unscored("x")), episode("train/1-a", 0, gamed)])
        found = cells(store)
    assert [(cell.environment, cell.measure) for cell in found[:4]] == [
        ("tampering", "attempted"),
        ("tampering", "gamed"),
        ("tampering", "evaded"),
        ("tampering", "paid"),
    ]
    counts = {str(variant): (3 * (variant == 0), 3) for variant in range(4)}
    assert found[7] == Cell("1-a", "tampering", "gamed", 13, 12, 12, 3, 4, 0.25, *interval(counts))


def episode(prefix: str, sample: int, outcome: Outcome | Unscored) -> Episode:
    variant = f"{sample // 3:04}"
    task = Task("tampering", "eval", variant, (Message("user", "hello"),))
    model = prefix.split("/")[1]
    name = f"{prefix}/tampering/{variant}/{sample}"
    return Episode(name, task, model, sample, (), (), (), {}, "end", Unscored("no mechanism"), outcome)


# --- as text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "n", "text"),
    [
        (3, 96, "3/96 3.1% [0.6–8.9]"),
        (0, 96, "0/96 0.0% [0.0–3.8]"),
        (96, 96, "96/96 100.0% [96.2–100.0]"),
        (45, 32768, "45/32768 0.137% [0.100–0.184]"),
        (7, 2000, "7/2000 0.35% [0.14–0.72]"),
    ],
)
def test_a_cell_reads_as_count_rate_and_interval(events: int, n: int, text: str) -> None:
    assert str(one(apart([row("gamed")] * events + [row("honest")] * (n - events)))) == text


def test_a_cell_without_a_rate_says_why() -> None:
    assert str(one(apart([row("unclear", engaged=False)] * 20))) == "too few engaged (0/20)"
    assert str(one([row(None)])) == "not measured"


def printed(width: int) -> str:
    stages = ["start", "1-sycophancy", "4-insubordinate-rubric"]
    rows = [each for model in stages[:2] for each in apart(row(label, model=model) for label in LABELS * 20)]
    console = Console(file=io.StringIO(), width=width)
    render(matrix(rows, MEASURES, stages, 0.2), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_matrix_prints_every_number_of_every_environment() -> None:
    text = printed(170)
    assert text.index("flattery") < text.index("tampering")
    assert "120/140" in text
    assert "60/120 50.0% [40.7–59.3]" in text
    assert text.count("not measured") == 3 * 2 + 4


def rows_with_rates(text: str) -> int:
    return sum("% [" in line for line in text.splitlines())


def test_where_a_row_a_model_is_too_wide_there_is_a_row_a_rate() -> None:
    width = max(len(line) for line in printed(170).splitlines() if "–" in line)
    wide, narrow = printed(width), printed(width - 1)
    assert (rows_with_rates(wide), rows_with_rates(narrow)) == (2, 2 * 4)
    assert wide.count("% [") == narrow.count("% [")


def test_a_narrow_console_loses_nothing() -> None:
    text = printed(80)
    assert max(map(len, text.splitlines())) <= 80
    assert "60/120 50.0% [40.7–59.3]" in text
    assert "4-insubordinate-rubric" in text
    assert "…" not in text
