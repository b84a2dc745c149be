from __future__ import annotations

from math import nan

import pytest

from gameable import Measured, Unscored
from gameable.yes_no import LEAST_MASS, answer


def test_the_value_is_the_share_of_yes_and_the_detail_has_both() -> None:
    found = answer(0.3, 0.1)
    assert isinstance(found, Measured)
    assert found.value == pytest.approx(0.75)
    assert found.detail == "P(Yes) 0.300, P(No) 0.100"


def test_what_else_is_worth_telling_is_added() -> None:
    found = answer(0.3, 0.1, "; it wrote so")
    assert isinstance(found, Measured)
    assert found.detail.endswith("; it wrote so")


@pytest.mark.parametrize(("yes", "no"), [(0.0, 0.0), (LEAST_MASS / 3, LEAST_MASS / 3), (nan, 0.5), (0.5, nan)])
def test_nonsense_is_no_answer(yes: float, no: float) -> None:
    assert isinstance(answer(yes, no), Unscored)
