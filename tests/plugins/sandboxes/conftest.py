"""A Docker sandbox that is ready, or the reason why there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from gameable import Silent
from gameable_plugins.sandboxes.docker import Docker


@pytest.fixture(scope="session")
def containers() -> Iterator[Docker]:
    """Containers with a short limit; the image is built when it is missing.

    Without a daemon the tests are skipped, unless GAMEABLE_REQUIRE_DOCKER is set: then they fail.
    """
    sandbox = Docker(seconds=1)
    lacking = sandbox.missing()
    if lacking and "is not built" in lacking:
        sandbox.build(Silent(), offline=shutil.which("mmdebstrap") is not None)
        lacking = sandbox.missing()
    if lacking and os.environ.get("GAMEABLE_REQUIRE_DOCKER"):
        pytest.fail(lacking)
    if lacking:
        pytest.skip(lacking)
    yield sandbox
    sandbox.close()
