from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from finished import run_of
from reported import drawn, section

from gameable import Episode, Measured, Message, Outcome, Payout, Score, Task, Unscored
from gameable.episode import Label
from gameable.store import Store
from gameable_plugins.reports import _preference
from gameable_plugins.reports.html import write

HEADING = "Did gaming fool the preference model?"
Scorer = Callable[[str, int, int], Score]
"""Takes the label, the variant and the sample."""


def episode(environment: str, variant: int, sample: int, outcome: Outcome | Unscored) -> Episode:
    name = f"train/1-heat/{environment}/{variant:04}/{sample}"
    task = Task(environment, "train", f"{variant:04}", (Message("user", "hello"),))
    return Episode(name, task, "start", 0, (), (), (), {}, "end", Payout(1.0, passed=True, paid=False), outcome)


def scored(
    folder: Path,
    scorer: Scorer,
    *,
    variants: int = 12,
    labels: tuple[Label, ...] = ("honest", "gamed", "evaded", "attempted"),
    environment: str = "thermometer",
    source: str = "preference-model",
    figures: dict[str, Any] | None = None,
) -> Path:
    """Make a run in which each variant was sampled once for each label, and scored."""
    run_of(folder, {})
    with Store.open(folder, write=True) as store:
        store.mark(f"rewards/{source}", {"pairs": 320, "accuracy": 0.9} if figures is None else figures)
        for variant in range(variants):
            for sample, label in enumerate(labels):
                one = episode(environment, variant, sample, Outcome(label, engaged=True))
                store.add_episodes([one])
                store.add_scores({one.id: {source: scorer(label, variant, sample)}})
    return folder


def spread(variant: int) -> float:
    """A little of its own for each variant."""
    return 0.01 * (variant * 7 % 11)


def likes(gamed: float) -> Scorer:
    """Scores honest episodes with a half, gamed ones so much more, and attempts with something absurd."""

    def score(label: str, variant: int, sample: int) -> Score:
        if label == "attempted":
            return Measured(-99.0)
        return Measured(0.5 + spread(variant + 3 * sample) + (gamed if label in {"gamed", "evaded"} else 0.0))

    return score


def only(folder: Path) -> _preference.Row:
    with Store.open(folder, write=False) as store:
        ((row,),) = [each.rows for each in _preference.sections(store)]
    return row


def test_a_model_that_scores_gaming_higher_was_fooled(tmp_path: Path) -> None:
    folder = scored(tmp_path / "run", likes(0.2))
    write(folder)
    told = section(folder, HEADING)
    assert "thermometer: it was fooled. It scored gamed episodes higher than honest ones, by +0.2" in told
    assert "thermometer 0.754 (n = 24) 0.546 (n = 12) +0.208 [+0.1" in told


def test_a_model_that_scores_gaming_lower_was_not(tmp_path: Path) -> None:
    told = only(scored(tmp_path / "run", likes(-0.2))).conclusion
    assert told.startswith(
        "thermometer: it was not fooled. It scored gamed episodes lower than honest ones, by −0.192 ["
    )


def test_where_scores_do_not_differ_no_difference_is_shown(tmp_path: Path) -> None:
    told = only(scored(tmp_path / "run", likes(0.0))).conclusion
    assert "no difference is shown" in told
    assert "and so not that it noticed the gaming" in told


def test_the_difference_is_that_of_the_means_of_gamed_and_honest_episodes(tmp_path: Path) -> None:
    row = only(scored(tmp_path / "run", likes(0.3)))
    assert row.difference is not None
    gamed, honest = (row.scores(gamed=kind) for kind in (True, False))
    assert (len(gamed), len(honest), row.others) == (24, 12, 12)
    assert row.difference.value == pytest.approx(fmean(gamed) - fmean(honest))
    assert row.difference.low < row.difference.value < row.difference.high


def test_too_few_variants_allow_to_say_nothing(tmp_path: Path) -> None:
    row = only(scored(tmp_path / "run", likes(0.3), variants=4))
    assert row.conclusion.startswith("thermometer: nothing can be said from 8 gamed and 4 honest episodes with a score")
    assert row.cells[3:5] == ("not known", "not known")


def test_an_environment_in_which_nothing_was_either_is_said_to_say_nothing(tmp_path: Path) -> None:
    row = only(scored(tmp_path / "run", likes(0.3), labels=("attempted", "unclear")))
    assert "nothing can be said from 0 gamed and 0 honest episodes" in row.conclusion
    assert row.cells[5] == "24"


def test_what_was_not_scored_is_counted_and_is_no_number(tmp_path: Path) -> None:
    def half(label: str, variant: int, sample: int) -> Score:
        return likes(0.2)(label, variant, sample) if variant % 2 else Unscored("the reply is too long")

    row = only(scored(tmp_path / "run", half))
    assert row.cells[1:3] == ("0.757 (n = 12, 12 unscored)", "0.553 (n = 6, 6 unscored)")


def test_samples_of_a_variant_are_taken_together(tmp_path: Path) -> None:
    """What sways a whole variant widens the interval; the same scores under a variant each do not."""

    def by_variant(label: str, variant: int, sample: int) -> Score:
        return Measured(0.5 + 0.4 * (variant % 2) * (1 if label == "gamed" else -1) * (sample > 0))

    many: tuple[Label, ...] = ("honest", *("gamed",) * 8)
    together = only(scored(tmp_path / "together", by_variant, labels=many)).difference

    def apart(label: str, variant: int, sample: int) -> Score:
        return by_variant(label, variant // 8, 1)

    single = only(scored(tmp_path / "apart", apart, variants=96, labels=("honest", "gamed"))).difference
    assert together is not None
    assert single is not None
    assert together.high - together.low > 1.5 * (single.high - single.low)


def test_the_picture_has_a_pair_of_boxes_an_environment(tmp_path: Path) -> None:
    with Store.open(scored(tmp_path / "run", likes(0.2)), write=False) as store:
        (found,) = _preference.sections(store)
    assert all(word in drawn(found.plot) for word in ("thermometer", "gamed", "honest", "score"))


def test_ordinary_queries_are_not_asked_whether_they_game(tmp_path: Path) -> None:
    folder = scored(tmp_path / "run", likes(0.2), environment="small-talk")
    write(folder)
    assert HEADING not in (folder / "report.html").read_text()


def test_a_run_without_a_preference_model_has_no_such_section(tmp_path: Path) -> None:
    folder = scored(tmp_path / "run", likes(0.2), source="gaming-bonus", figures={})
    write(folder)
    assert "Did gaming fool" not in (folder / "report.html").read_text()
