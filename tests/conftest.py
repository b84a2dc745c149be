"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gameable.runs import cache_folder

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a core each, or torch's threads in one process wait for the other's

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets its background jobs ignore Ctrl-C, and what they start ignores it too, also what a test is to stop.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def _old_objects_stay() -> None:
    """Spare the collector what earlier modules loaded: optimizers call it, and with torch that is 500,000 objects."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # or C++ bindings print what they take for leaks


@pytest.fixture(scope="session")
def small_model() -> Path:
    """Folder of the real small language model; fetched once into the user's cache."""
    from gameable_policies.models import fetch

    return fetch("smollm2-135m-instruct", cache_folder())


@pytest.fixture(scope="session")
def ray_of_two() -> Iterator[None]:
    """This process connected to a Ray cluster of two CPUs, on this machine alone."""
    import ray

    ray.init(
        num_cpus=2,
        object_store_memory=100 << 20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(sys.path)}},  # actors import the toys as well
    )
    yield
    ray.shutdown()
