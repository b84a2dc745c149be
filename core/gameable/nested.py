"""Options that are plugins themselves: the model of a judge, the members of an ensemble.

A profile writes such an option as it writes any plugin, `policy: {use: hf, model: gpt2}`; the host makes the inner
plugin together with the outer one, so what is wrong with it is told before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from gameable.contracts import Monitor, Policy


@dataclass(frozen=True, slots=True)
class _Nested:
    """Tells pydantic how to read such an option."""

    kind: str
    """The method of `Plugins` that makes it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._make)

    def _make(self, value: Any, info: ValidationInfo) -> Any:
        reference = {"use": value} if isinstance(value, str) else value
        if not isinstance(reference, Mapping) or not isinstance(reference.get("use"), str):
            raise ValueError(f"name a {self.kind}, for example {{use: NAME}}, instead of {value!r}")  # noqa: TRY004
        options = {name: each for name, each in reference.items() if name != "use"}
        return getattr(info.context, self.kind)(reference["use"], options)


PolicyOption = Annotated[Policy, _Nested("policy")]
"""Type of an option that names a policy."""
MonitorOption = Annotated[Monitor, _Nested("monitor")]
"""Type of an option that names a monitor."""
