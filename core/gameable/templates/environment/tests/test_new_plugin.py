from __future__ import annotations

import pytest

from gameable.testing import Verdict


@pytest.mark.gameable_environment("new-plugin")
@pytest.mark.gameable_environment("new-plugin", prompt="short")
def test_it_is_admitted(admission_check: Verdict) -> None:
    """The admission kit plays every script and asks each of its checks in a test of its own."""
