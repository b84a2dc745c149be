"""Makes what an offer names: imports its factory and validates its options."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from gameable.errors import PluginError
from gameable.extras import install_line
from gameable.offers import Offer

AnyContract = TypeVar("AnyContract")


def make(offer: Offer, contract: type[AnyContract], options: Mapping[str, Any], makers: object) -> AnyContract:
    """Construct what an offer names.

    `makers` has a method for each kind of plugin that options may name in turn: `Plugins`, which imports this.

    Raises:
        PluginError: it cannot be imported, is no class of that contract, or refuses its options.
    """
    made = load(offer)
    if not (isinstance(made, type) and issubclass(made, contract)):
        raise PluginError(f"{offer.factory}, offered as {offer.kind} '{offer.name}', is no {contract.__name__} class.")
    _check_whole(offer, made)
    try:
        return cast("AnyContract", TypeAdapter(made).validate_python(dict(options), context=makers))
    except ValidationError as error:
        raise PluginError(_explain(offer, made, error)) from error


def load(offer: Offer) -> Any:
    """Import what an offer names.

    Raises:
        PluginError: it is not there, or something that it needs is missing, with what to install.
    """
    module, _, attribute = offer.factory.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        needed = f" {install_line(error.name)}" if isinstance(error, ModuleNotFoundError) and error.name else ""
        raise PluginError(
            f"{offer.kind} '{offer.name}' cannot be loaded from {offer.factory}: {type(error).__name__}: {error}"
            f"{'.' if needed else ''}{needed}"
        ) from error


def _check_whole(offer: Offer, made: type) -> None:
    missing = sorted(getattr(made, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"{offer.factory}, offered as {offer.kind} '{offer.name}', lacks {', '.join(missing)}.")


def _explain(offer: Offer, made: type, error: ValidationError) -> str:
    known: Sequence[str] = [name for name, each in getattr(made, "__dataclass_fields__", {}).items() if each.init]
    problems = "; ".join(_problem(each["loc"], each["msg"], known) for each in error.errors(include_url=False))
    return f"{offer.kind} '{offer.name}': {problems}. Its options: {', '.join(known) or 'none'}."


def _problem(location: Sequence[int | str], message: str, known: Sequence[str]) -> str:
    name = ".".join(map(str, location))
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean '{close[0]}'?)" if close and name not in known else ""
    return f"option '{name}': {message}{hint}"
