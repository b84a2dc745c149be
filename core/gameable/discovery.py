"""Where plugins come from: entry points of installed distributions, and single files that somebody names.

Nothing is imported here until `Candidate.load` is called, so whatever is blocked, or needs a newer gameable, never is.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.abc import ExecutionLoader
from importlib.metadata import Distribution, EntryPoint, entry_points, version
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from gameable.errors import PluginError

GROUP = "gameable"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plugin comes from."""

    distribution: str
    """Name of the distribution, or the path of a single file."""
    version: str
    """Its version; of a single file, the beginning of its SHA-256."""
    entry_point: str
    """Name of the entry point; of a single file, its module."""

    def __str__(self) -> str:
        """Name and version, as messages show them."""
        return f"{self.distribution} {self.version}"

    def is_called(self, name: str) -> bool:
        """Whether this is what a profile means that blocks or requires `name`; `my_envs` and `my-envs` are the same."""
        return canonicalize_name(name) in {canonicalize_name(self.distribution), canonicalize_name(self.entry_point)}


@dataclass(frozen=True, slots=True)
class PluginFile:
    """A plugin in one file. Its text goes along, so that a run can go on when the file has changed or is gone."""

    path: str
    """Absolute."""
    text: str
    """Its content when the run was started."""

    @property
    def module(self) -> str:
        """The name that offers call it by: `my_env` for `…/my_env.py`."""
        return Path(self.path).stem

    @property
    def origin(self) -> Origin:
        """What messages and lists show."""
        return Origin(self.path, hashlib.sha256(self.text.encode()).hexdigest()[:12], self.module)

    def load(self) -> ModuleType:
        """Import it, once for the same text.

        Raises:
            PluginError: its name is that of another module.
        """
        loaded = sys.modules.get(self.module)
        if loaded and _loader(loaded) == _Loader(self):
            return loaded
        self._check_name()
        spec = spec_from_loader(self.module, _Loader(self))
        assert spec is not None
        module = sys.modules[self.module] = module_from_spec(spec)
        try:
            _Loader(self).exec_module(module)
        except BaseException:
            del sys.modules[self.module]
            raise
        return module

    def _check_name(self) -> None:
        if not self.module.isidentifier():
            raise PluginError(f"a plugin file is named like a Python module, my_env.py for example, not {self.path}")
        loaded = sys.modules.get(self.module)
        if loaded and isinstance(_loader(loaded), _Loader):
            return  # an earlier text of such a file
        other = find_spec(self.module)
        if other is not None and other.origin != self.path:
            raise PluginError(f"there is another module named {self.module} ({other.origin}); rename {self.path}")


@dataclass(frozen=True)
class _Loader(ExecutionLoader):
    """Imports a plugin file from the text at hand; tracebacks show it even where the file has changed."""

    file: PluginFile

    def get_source(self, fullname: str) -> str:
        return self.file.text

    def get_filename(self, fullname: str) -> str:
        return self.file.path

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.file.text, self.file.path)


def _loader(module: ModuleType) -> object:
    return getattr(module.__spec__, "loader", None)


def read_file(path: Path) -> PluginFile:
    """Read a plugin that is one file; nothing is imported.

    Raises:
        PluginError: it is no Python file, or cannot be read.
    """
    if path.suffix != ".py":
        raise PluginError(f"--plugin takes a Python file such as ./my_env.py, not {path}.")
    try:
        return PluginFile(str(path.resolve()), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise PluginError(f"cannot read the plugin {path}: {reason}. Looked in {Path.cwd()}.") from error


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that could be imported."""

    origin: Origin
    target: str
    """What importing it imports."""
    load: Callable[[], object]
    outdated: str = ""
    """Why it cannot be used with this gameable, if it cannot."""


def candidates(files: Iterable[PluginFile] = ()) -> Iterator[Candidate]:
    """Yield every installed plugin by the name of its entry point, then the files; nothing is imported."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        yield Candidate(_origin(point), point.value, point.load, _outdated(point.dist))
    for file in files:
        yield Candidate(file.origin, file.path, file.load)


def _origin(point: EntryPoint) -> Origin:
    if point.dist is None:
        return Origin("unknown", "unknown", point.name)
    told = point.dist.metadata
    name, release = (told[key] if key in told else "unknown" for key in ("Name", "Version"))  # noqa: SIM401  it promises no `get`
    return Origin(name, release, point.name)


def _outdated(distribution: Distribution | None) -> str:
    """Say what a distribution needs when this gameable is too old, or too new, for what it declares."""
    here = version("gameable")
    for line in (distribution.requires if distribution else None) or ():
        wanted = _requirement(line)
        if wanted is None or wanted.name != "gameable" or (wanted.marker and not wanted.marker.evaluate()):
            continue
        if not wanted.specifier.contains(here, prereleases=True):
            return f"it needs gameable{wanted.specifier}, and this is {here}: pip install 'gameable{wanted.specifier}'"
    return ""


def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def check_required(required: Iterable[str], found: Iterable[Candidate]) -> list[str]:
    """See that every plugin that must be there is installed, in a version that will do; nothing is imported.

    Args:
        required: Names of entry points or distributions, with or without versions: `my-envs`, `my-envs>=0.2`.
        found: Everything there is.

    Returns:
        Their entry points.

    Raises:
        PluginError: one is missing, too old or too new, or is no such name.
    """
    here = [candidate.origin for candidate in found]
    points: list[str] = []
    for line in required:
        wanted = _requirement(line)
        if wanted is None:
            raise PluginError(f"plugins.require: {line!r} is no name such as my-envs or my-envs>=0.2.")
        named = [origin for origin in here if origin.is_called(wanted.name)]
        if not named:
            known = ", ".join(sorted({origin.distribution for origin in here})) or "none"
            raise PluginError(
                f"the profile requires the plugin {line}, which is not installed. Installed: {known}. "
                f"Type: pip install '{line}'"
            )
        for origin in named:
            if wanted.specifier and not wanted.specifier.contains(origin.version, prereleases=True):
                raise PluginError(
                    f"the profile requires the plugin {line}, and {origin} is installed. Type: pip install '{line}'"
                )
        points += [origin.entry_point for origin in named]
    return points
