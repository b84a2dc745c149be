from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gameable import Outcome, Silent
from gameable.assembly import assemble
from gameable.curriculum import Curriculum
from gameable.profile import Profile
from gameable.runs import manifest
from gameable.store import Store
from gameable.workers import Here
from gameable_plugins.reports._transcript import examples
from toys import PROFILE, toy_plugins


def test_a_repaired_episode_is_among_the_examples(tmp_path: Path) -> None:
    chosen = Profile.model_validate({**PROFILE, "stages": [], "start": None})
    parts = assemble(chosen, toy_plugins())
    with Store.create(tmp_path / "run", manifest(chosen, parts, toy_plugins())) as store:
        Curriculum(chosen, parts, store, tmp_path / "cache", Silent(), Here(chosen, parts)).run()
        one = next(store.episodes("evaluate/start/"))
        store.add_episodes([replace(one, id="evaluate/start/zzz", outcome=Outcome("repaired", engaged=True))])
        assert "repaired" in [each.label for each in examples(store, "start")]
