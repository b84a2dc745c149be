from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import norm, ttest_1samp

from gameable.clustered import Count
from gameable.trend import Stratum, reach, trend, trend_over, visible_rise

Draw = np.random.Generator


def rates_of(random: Draw, mean: float, correlation: float, count: int) -> np.ndarray:
    """Return rates of variants whose samples then have this correlation within a variant."""
    total = 1 / correlation - 1
    return random.beta(mean * total, (1 - mean) * total, count)


def blocks_of(random: Draw, rates: np.ndarray, size: int) -> list[list[Count]]:
    """Return counts of `size` samples at these rates, shape (blocks, stages)."""
    return [[(int(events), size) for events in row] for row in random.binomial(size, rates)]


def test_the_slope_of_a_trend_is_armitages() -> None:
    """6, 9, 15 and 18 events of 60: sum s (Y - 12) = 0 - 3 + 6 + 18 = 21; sum n (s - 1.5)**2 = 300."""
    assert trend([[(6, 60), (9, 60), (15, 60), (18, 60)]]).slope == pytest.approx(21 / 300)
    apart = [[(2, 20), (4, 20), (5, 20), (8, 20)], [(4, 40), (5, 40), (10, 40), (10, 40)]]
    assert trend(apart).slope == pytest.approx(21 / 300)


def test_a_trend_of_independent_samples_has_armitages_p_value() -> None:
    random = np.random.default_rng(6)
    stages = [random.permutation([1] * events + [0] * (120 - events)) for events in (17, 20, 23, 29)]
    found = trend([[(int(event), 1) for event in block] for block in zip(*stages, strict=True)])
    rate, excess = 89 / 480, sum(score * (events - 89 / 4) for score, events in enumerate((17, 20, 23, 29)))
    z = excess / np.sqrt(rate * (1 - rate) * 120 * 5)
    assert found.p == pytest.approx(2 * norm.sf(z), abs=0.015)


def test_a_whole_run_as_one_block_has_few_orders() -> None:
    run = [(1, 100), (5, 100), (9, 100), (20, 100)]
    assert trend([run]).p == pytest.approx(2 / 24, abs=0.008)
    assert trend([run[::-1]]).slope == -trend([run]).slope


def test_trends_keep_their_level_with_clustered_samples() -> None:
    random = np.random.default_rng(7)
    p_values = []
    for _ in range(40):
        hard = rates_of(random, 0.2, 0.5, 12)
        p_values.append(trend(blocks_of(random, np.tile(hard[:, None], 4), 4)).p)
    assert 0.35 < np.mean(p_values) < 0.65
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15


def test_a_stage_without_samples_adds_nothing() -> None:
    blocks: list[list[Count]] = [[(0, 4), (2, 4), (4, 4)], [(1, 4), (1, 4), (3, 4)]]
    assert trend([*blocks, [(0, 0), (0, 0), (0, 0)]]) == trend(blocks)


@pytest.mark.parametrize("nothing", [[], [[(0, 0), (0, 0)]], [[(1, 4)], [(2, 4)]]])
def test_nothing_or_one_stage_has_no_trend(nothing: list[list[Count]]) -> None:
    with pytest.raises(ValueError, match="No trend"):
        trend(nothing)


# --- several environments --------------------------------------------------------------------------------------------


def test_environments_of_other_levels_and_lengths_are_tested_together() -> None:
    low = Stratum([[(0, 20), (1, 20), (2, 20)]] * 4, (0, 1, 2))
    high = Stratum([[(10, 20), (11, 20)]] * 4, (0, 1))
    both = trend_over([low, high])
    assert both.slope == pytest.approx(0.05)
    assert both.p < min(trend(low.blocks).p, trend(high.blocks).p)


def test_environments_are_reordered_each_by_itself() -> None:
    one = Stratum([[(0, 20), (1, 20), (3, 20)], [(1, 20), (1, 20), (2, 20)]], (0, 1, 2))
    assert trend_over([one, one, one]).p < trend_over([one]).p / 3


def test_a_difference_between_environments_is_no_trend() -> None:
    flat = [Stratum([[(events, 10)] * stages] * 6, range(stages)) for events, stages in ((0, 5), (8, 2))]
    found = trend_over(flat)
    assert found.slope == pytest.approx(0)
    assert found.p == 1.0


def test_scores_tell_how_far_apart_stages_are() -> None:
    counts: Sequence[Sequence[Count]] = [[(0, 10), (4, 10)]] * 3
    near, far = (trend_over([Stratum(counts, scores)]) for scores in ((0, 1), (2, 4)))
    assert near.slope == pytest.approx(2 * far.slope)


def test_an_environment_with_one_stage_is_left_out() -> None:
    told = Stratum([[(0, 10), (4, 10)]] * 3, (0, 1))
    assert trend_over([told, Stratum([[(3, 10)]], (0,))]) == trend_over([told])


def test_joint_trends_keep_their_level() -> None:
    random = np.random.default_rng(3)
    p_values = []
    for _ in range(40):
        strata = [
            Stratum(blocks_of(random, np.tile(rates_of(random, mean, 0.4, 10)[:, None], stages), 4), range(stages))
            for mean, stages in ((0.3, 2), (0.1, 4))
        ]
        p_values.append(trend_over(strata).p)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15


# --- runs as clusters ------------------------------------------------------------------------------------------------


def test_runs_as_clusters_are_a_t_test_of_their_slopes() -> None:
    runs: list[list[Count]] = [[(2, 50), (5, 50), (9, 50)], [(1, 50), (1, 50), (8, 50)], [(4, 50), (5, 50), (6, 50)]]
    found = reach([Stratum(runs, (0, 1, 2), (1, 2, 3))])
    slopes = [(last[0] - first[0]) / 100 for first, _, last in runs]
    wanted = ttest_1samp(slopes, 0)
    interval = wanted.confidence_interval()
    assert found is not None
    assert found.p == pytest.approx(wanted.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_a_run_is_one_cluster_over_all_its_environments() -> None:
    blocks: list[list[Count]] = [[(2, 50), (5, 50)], [(1, 50), (2, 50)]]
    one, other = Stratum(blocks, (0, 1), ("a", "b")), Stratum(blocks, (0, 1), ("c", "d"))
    alone, joint, apart = reach([one]), reach([one, one]), reach([one, other])
    assert alone == joint
    assert apart is not None
    assert joint is not None
    assert joint.high - joint.low > apart.high - apart.low


def test_one_cluster_has_no_spread() -> None:
    one = [Stratum([[(2, 50), (5, 50)]], (0, 1), ("a",))]
    assert reach(one) is None
    assert visible_rise(one) is None


def test_clusters_that_do_not_differ_give_no_p_value() -> None:
    found = reach([Stratum([[(0, 50), (0, 50)]] * 3, (0, 1), (1, 2, 3))])
    assert found is not None
    assert found.p is None


# --- power -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("begin", "blocks"), [(0.0, 40), (0.1, 40)])
def test_a_rise_that_is_called_visible_is_seen_four_times_in_five(begin: float, blocks: int) -> None:
    random = np.random.default_rng(11)
    stages = np.arange(4)
    start = np.full((blocks, 4), begin)
    rise = visible_rise([Stratum(blocks_of(random, start, 4), range(4), range(blocks))])
    assert rise is not None
    seen = [trend(blocks_of(random, start + rise * stages, 4)).p <= 0.05 for _ in range(100)]
    assert 0.68 <= np.mean(seen) <= 0.95


def test_runs_that_spread_hide_a_rise() -> None:
    alike: list[list[Count]] = [[(10, 100), (12, 100)], [(11, 100), (13, 100)], [(9, 100), (12, 100)]]
    spread: list[list[Count]] = [[(10, 100), (32, 100)], [(31, 100), (3, 100)], [(9, 100), (12, 100)]]
    small, large = (visible_rise([Stratum(runs, (0, 1), (1, 2, 3))]) for runs in (alike, spread))
    assert small is not None
    assert large is None or large > 1.5 * small


def test_a_handful_of_samples_shows_no_rise_at_all() -> None:
    assert visible_rise([Stratum([[(0, 1), (0, 1)]] * 2, (0, 1), (1, 2))]) is None
