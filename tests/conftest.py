"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from gameable.runs import cache_folder


@pytest.fixture(scope="session")
def small_model() -> Path:
    """Folder of the real small language model; fetched once into the user's cache."""
    from gameable_policies.models import fetch

    return fetch("smollm2-135m-instruct", cache_folder())
