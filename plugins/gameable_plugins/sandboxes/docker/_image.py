"""The image: what is in it, what it is called, and how it is made with and without a registry."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from gameable import Progress, SandboxError

if TYPE_CHECKING:
    from docker import DockerClient

_FOLDER = Path(__file__).parent
_ONLINE_BASE = "debian:bookworm-slim"
_SUITE = "bookworm"
_OFFLINE_BASE = f"gameable-sandbox-base:{_SUITE}"
_PACKAGES = "usr-is-merged,python3,procps"
_LEFT_OUT = ("man", "locale", "doc", "zoneinfo")
"""Folders of /usr/share that nobody reads there."""


def contents() -> dict[str, bytes]:
    """Everything that the image is made of beside its base, by its name in the build context."""
    programs = {f"programs/{path.stem}": path.read_bytes() for path in _FOLDER.glob("programs/*.py")}
    runner = {f"runner/{path.name}": path.read_bytes() for path in _FOLDER.glob("runner/*.py")}
    return {"Dockerfile": (_FOLDER / "Dockerfile").read_bytes(), **programs, **runner}


def tag() -> str:
    """Name of the image, which changes with what it is made of."""
    digest = hashlib.sha256()
    for name, content in sorted(contents().items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return f"gameable-sandbox:{digest.hexdigest()[:12]}"


def build(client: DockerClient, progress: Progress, *, offline: bool) -> None:
    """Make the image, from a base that is downloaded, or installed here from Debian packages.

    Raises:
        SandboxError: a step failed, with what it said.
    """
    if offline and not client.images.list(_OFFLINE_BASE):
        _install_base(client, progress)
    steps = client.api.build(
        fileobj=io.BytesIO(_context()),
        custom_context=True,
        tag=tag(),
        buildargs={"BASE": _OFFLINE_BASE if offline else _ONLINE_BASE},
        network_mode="none" if offline else None,
        rm=True,
        forcerm=True,
        decode=True,
    )
    for step in steps:
        _tell(step, progress, offline=offline)


def _tell(step: dict[str, Any], progress: Progress, *, offline: bool) -> None:
    if "error" in step:
        hint = "" if offline else " Without a registry, `gameable sandbox build docker --offline` needs none."
        raise SandboxError(f"The sandbox image could not be built: {step['error']}.{hint}")
    if line := step.get("stream", "").strip():
        progress.say(line)


def _context() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in contents().items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if name.startswith("programs/") else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _install_base(client: DockerClient, progress: Progress) -> None:
    program = which("mmdebstrap")
    if program is None:
        raise SandboxError(
            "An image without a registry is made from Debian packages with mmdebstrap, which is not installed here: "
            "apt-get install mmdebstrap."
        )
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "root.tar"
        _bootstrap([program, *_choices(), _SUITE, str(archive), *_sources(Path("/etc/apt"))], progress)
        repository, _, name = _OFFLINE_BASE.partition(":")
        client.api.import_image_from_file(str(archive), repository=repository, tag=name)


def _choices() -> Iterator[str]:
    yield "--variant=essential"
    yield f"--include={_PACKAGES}"
    yield "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"
    for folder in _LEFT_OUT:
        yield f"--dpkgopt=path-exclude=/usr/share/{folder}/*"


def _sources(configuration: Path) -> list[str]:
    """Files in which this machine's apt names mirrors of the suite; none where it is another system."""
    found = [file for ending in ("list", "sources") for file in configuration.glob(f"**/*.{ending}")]
    pattern = re.compile(rf"^[^#\n]*\s{_SUITE}(\s|$)", re.MULTILINE)
    return [str(file) for file in sorted(found) if pattern.search(file.read_text())]


def _bootstrap(command: Sequence[str], progress: Progress) -> None:
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  fixed words
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line.strip())
            if line.startswith("I: "):
                progress.say(line.strip())
    if process.returncode:
        raise SandboxError(
            "mmdebstrap could not install the base of the sandbox image; it needs root or user namespaces, and a "
            "Debian mirror. It said:\n" + "\n".join(said[-5:])
        )
