"""A plugin that needs a library which is not here."""

from __future__ import annotations

import no_such_library  # type: ignore[import-not-found]

print(no_such_library)  # noqa: T201
