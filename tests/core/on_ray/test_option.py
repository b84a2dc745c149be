from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from gameable.on_ray.option import Ray, RayCommand

app = typer.Typer()


@app.command(cls=RayCommand)
def run(profile: str, *, ray: Ray = None, seeds: int = 1) -> None:
    typer.echo((profile, ray, seeds))


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("quick", ("quick", None, 1)),
        ("quick --ray", ("quick", "", 1)),
        ("quick --ray --seeds 2", ("quick", "", 2)),
        ("quick --ray auto --seeds 2", ("quick", "auto", 2)),
        ("quick --ray=head:6379", ("quick", "head:6379", 1)),
    ],
)
def test_the_address_may_be_left_out(typed: str, wanted: tuple[object, ...]) -> None:
    result = CliRunner().invoke(app, typed.split())
    assert (result.exit_code, result.output) == (0, f"{wanted}\n")
