"""Real servers for tests, each in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def vllm_server(model: Path, log: Path) -> Iterator[str]:
    """Serve a model with vLLM, and yield the address."""
    port = free_port()
    engine = ["--dtype", "float32", "--max-model-len", "1024", "--enforce-eager", "--block-size", "32"]
    reload = ["--worker-extension-cls", "gameable_policies.vllm_worker.TakeOver"]
    command = [sys.executable, str(HERE / "serve_vllm.py"), "serve", str(model), "--port", str(port), *engine, *reload]
    settings = {"VLLM_SERVER_DEV_MODE": "1", "VLLM_CPU_KVCACHE_SPACE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    with log.open("w") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | settings)
        try:
            _wait(server, f"http://127.0.0.1:{port}/health", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait()


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return when the server answers."""
    while server.poll() is None:
        try:
            urllib.request.urlopen(address).close()  # noqa: S310  our own server
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"The server died:\n{log.read_text()[-3000:]}")
