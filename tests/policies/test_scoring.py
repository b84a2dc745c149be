from __future__ import annotations

from collections.abc import Sequence

import pytest

from gameable_policies.hf import HuggingFace

COMMON = tuple(range(5, 45))
FAMILY = [(*COMMON, *tail) for tail in ((1, 2, 3), (1, 2, 4, 5, 6), (7,), (1, 2, 3, 8, 9, 3))]
OTHERS = [(50, 51, 52), tuple(range(60, 90)), COMMON[:12], (4,)]


def computed(policy: HuggingFace) -> list[int]:
    """Return a list to which every forward pass adds the number of its tokens."""
    counts: list[int] = []
    policy._generator.model.register_forward_hook(
        lambda model, arguments, keywords, output: counts.append(keywords["input_ids"].numel()), with_kwargs=True
    )
    return counts


def check(policy: HuggingFace, sequences: Sequence[Sequence[int]]) -> None:
    alone = [policy.logprobs([tokens])[0] for tokens in sequences]
    for together, one in zip(policy.logprobs(sequences), alone, strict=True):
        assert together == pytest.approx(one, abs=1e-5)


def test_a_shared_beginning_changes_no_score(policy: HuggingFace) -> None:
    check(policy, [*FAMILY, *OTHERS])


def test_a_sequence_that_another_one_begins_with_keeps_its_score(policy: HuggingFace) -> None:
    check(policy, [*FAMILY, (*COMMON, 3), (*COMMON, 9)])


def test_sequences_that_come_twice_are_scored_twice(policy: HuggingFace) -> None:
    check(policy, [*FAMILY, *FAMILY[::-1]])


def test_a_shared_beginning_is_computed_once(policy: HuggingFace) -> None:
    counts = computed(policy)
    policy.logprobs(FAMILY)
    assert counts[0] == len(COMMON)
    assert sum(counts[1:]) < len(COMMON)


def test_sequences_that_share_little_are_not_taken_together(policy: HuggingFace) -> None:
    counts = computed(policy)
    policy.logprobs([(1, 2, *range(10, 40)), (1, 2, *range(50, 80))])
    assert counts == [2 * 31]


def test_sequences_that_differ_in_their_last_token_are_computed_once(policy: HuggingFace) -> None:
    counts = computed(policy)
    one, other = policy.logprobs([(*COMMON, 5), (*COMMON, 6)])
    assert one[:-1] == other[:-1]
    assert one[-1] != pytest.approx(other[-1])
    assert counts == [len(COMMON)]


@pytest.mark.parametrize("last", [1, 2, 4, 50])
def test_the_ends_of_sequences_are_scored_as_in_the_whole(policy: HuggingFace, last: int) -> None:
    sequences = [*FAMILY, *OTHERS, (*COMMON, 3), (*COMMON, 9)]
    whole = policy.logprobs(sequences)
    for end, scores in zip(policy.endings(sequences, last), whole, strict=True):
        assert end == pytest.approx(scores[-last:], abs=1e-5)


def test_for_the_ends_no_other_logits_are_computed(policy: HuggingFace) -> None:
    widths: list[int] = []
    policy._generator.model.register_forward_hook(
        lambda model, arguments, keywords, output: widths.append(output.logits.shape[1]), with_kwargs=True
    )
    policy.endings(FAMILY, 1)
    assert set(widths) == {1}
