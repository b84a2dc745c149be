from __future__ import annotations

import pytest

from gameable.extras import brings, install_line


@pytest.mark.parametrize(
    ("module", "extra"),
    [("torch", "hf"), ("transformers.models", "hf"), ("trl", "train"), ("openai", "server"), ("matplotlib", "view")],
)
def test_the_smallest_extra_that_brings_a_module_is_named(module: str, extra: str) -> None:
    assert install_line(module) == f"Type: pip install 'gameable[{extra}]'"
    assert brings(module)


def test_what_no_extra_brings_has_its_own_name() -> None:
    assert install_line("moon.dust") == "Type: pip install moon"
    assert not brings("moon.dust")


def test_what_the_core_itself_needs_belongs_to_no_extra() -> None:
    assert not brings("pluggy")
