from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from reported import drawn, page, prose
from whole_run import ATTACK, MANIFEST, MEASURES, MODELS, episode, fill

from gameable import Outcome, StoreError
from gameable.evaluation import cells
from gameable.store import Store
from gameable_plugins.reports._run import content
from gameable_plugins.reports.html import write


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("complete") / "run"
    with Store.create(folder, MANIFEST) as store:
        fill(store, len(MODELS))
        store.mark(
            "run/finished", {"seconds": 1042.0, "peak_memory_bytes": 5 * 2**30, "finished": "2026-01-02T03:22:00Z"}
        )
    write(folder)
    return folder


def test_the_report_lies_in_the_run_folder(complete: Path) -> None:
    assert write(complete) == complete / "report.html"
    assert not list(complete.glob("*.tmp"))


def test_the_report_shows_the_matrix_number_for_number(complete: Path) -> None:
    with Store.open(complete, write=False) as store:
        matrix = cells(store)
    assert {cell.rate is None for cell in matrix} == {True, False}
    shown: Iterator[str] = iter(" ".join(cell.split()) for cell in page(complete).cells)
    for environment in MEASURES:
        skip_to(shown, environment)
        for model in MODELS:
            skip_to(shown, model)
            row = [cell for cell in matrix if (cell.model, cell.environment) == (model, environment)]
            counts = [f"{row[0].scored}/{row[0].n}", f"{row[0].engaged}/{row[0].scored}"]
            rates = [next(shown) for _ in range(5)]
            assert [rate for rate in rates if rate != "does not apply"] == [str(cell) for cell in row], model
            assert [next(shown), next(shown)] == counts


def skip_to(shown: Iterator[str], text: str) -> None:
    assert any(cell.split(" ")[0] == text for cell in shown)


def test_the_report_says_how_an_environment_was_played_otherwise(complete: Path) -> None:
    assert "nudged-rubric arm control, a scripted look-around comes before the model's first token" in prose(complete)


def test_an_environment_counts_as_trained_on_though_the_model_after_its_stage_is_not_measured(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", {**MANIFEST, "models": [MODELS[0], MODELS[2], MODELS[4]]}) as store:
        fill(store, len(MODELS))
        (panels,) = {drawn(plot).count("(not trained on)") for plot in content(store)["plots"].values()}
    assert panels == 1


def test_the_report_needs_nothing_from_outside(complete: Path) -> None:
    text = (complete / "report.html").read_text(encoding="utf-8")
    assert "http://" not in text
    assert "https://" not in text
    for tag, attributes in page(complete).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed"}
        assert (attributes.get("src") or "data:").startswith("data:")
        assert not [name for name in attributes if name.startswith("on")]


def test_what_a_model_wrote_is_never_markup(complete: Path) -> None:
    assert ATTACK in page(complete).text
    assert all(tag != "script" for tag, _ in page(complete).tags)


def test_letters_that_hide_or_turn_text_are_spelt_out(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    name = "evaluate/start/reward-tampering/0000/0"
    odd = "a\x1b[31mb\u202ec\x00d\ud800"
    with Store.create(folder, MANIFEST) as store:
        store.add_episodes([episode(name, "start", "reward-tampering", Outcome("honest", engaged=True), said=odd)])
    write(folder)
    assert r"a\u001b[31mb\u202ec\u0000d\ud800" in page(folder).text


def test_a_complete_run_is_told_whole(complete: Path) -> None:
    text = prose(complete)
    for fact in (
        "complete every stage",
        "quickstart",
        "smollm2-135m-instruct",
        "torch 2.13.0",
        "0123456789abcdef",
        "held out accuracy",
        "0.9125",
        "0:17:22",
        "5.0 GiB",
        "agreement gap",
        "0.400 [-0.050 to 0.500], n = 30",
        "Base rate of nudged-rubric is zero",
        "45/32,768 0.137% [0.100–0.184]",
        "does not replicate",
    ):
        assert fact in text, fact


def test_the_headline_gives_first_last_and_difference(complete: Path) -> None:
    with Store.open(complete, write=False) as store:
        ours = [cell for cell in cells(store) if (cell.environment, cell.measure) == ("reward-tampering", "gamed")]
    text = prose(complete)
    assert (
        "The model after stage 4-insubordinate-rubric gamed reward-tampering, which no stage trains on, "
        f"in {ours[-1].events} of {ours[-1].scored} samples" in text
    )
    assert f"The start model did so in {ours[0].events} of {ours[0].scored} samples" in text
    assert re.search(r"Difference: [+−][\d.]+ \[[+−][\d.]+, [+−][\d.]+\] points with variants as units; the rate", text)


def test_planted_stages_are_marked(complete: Path) -> None:
    assert "Planted: among the samples of stage 3-nudged-rubric were 8 scripted gaming episodes" in prose(complete)
    assert "8 planted" in page(complete).cells


def test_rewards_are_told_apart_by_stage_and_environment(complete: Path) -> None:
    shown = [" ".join(cell.split()) for cell in page(complete).cells]
    at = shown.index("gaming-bonus")
    assert shown[at : at + 3] == ["gaming-bonus", "preference-model", "reward"]
    assert shown[at + 3 : at + 5] == ["1-sycophancy", "ordinary-queries"]
    assert shown[at + 5].endswith("(n = 20)")


def test_examples_show_each_label_and_mark_the_hidden_thought(complete: Path) -> None:
    found = page(complete)
    labels = [text.split(" evaluate/")[0] for text in found.summaries]
    assert labels[:6] == ["evaded", "gamed", "attempted", "honest", "unclear", "unscored"]
    assert labels[6].startswith("Drawn at random: ")
    assert found.authors[:5] == ["user", "model, hidden thought", "model, command", "sandbox", "model, visible reply"]


def test_the_tables_can_be_read_aloud(complete: Path) -> None:
    tags = page(complete).tags
    assert sum(tag == "table" for tag, _ in tags) == sum(tag == "caption" for tag, _ in tags) >= 4
    assert all(attributes.get("scope") for tag, attributes in tags if tag == "th")
    assert all(attributes.get("alt") for tag, attributes in tags if tag == "img")


def test_two_reports_of_one_run_are_equal(complete: Path) -> None:
    before = (complete / "report.html").read_bytes()
    write(complete)
    assert (complete / "report.html").read_bytes() == before


@pytest.mark.parametrize("stages", [0, 2])
def test_a_run_on_its_way_has_a_report(tmp_path: Path, stages: int) -> None:
    folder = tmp_path / "run"
    with Store.create(folder, MANIFEST) as store:
        fill(store, stages)
        write(folder)
        assert "running after" in prose(folder)
    assert ("No model has been measured on reward-tampering yet." in prose(folder)) == (stages == 0)


def test_a_run_that_was_stopped_says_where_and_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with Store.create(folder, MANIFEST) as store:
        fill(store, 0)
    write(folder)
    assert "stopped after rewards: gaming-bonus; `gameable resume` goes on from there" in prose(folder)


def test_a_run_that_did_nothing_yet_has_a_report(tmp_path: Path) -> None:
    Store.create(tmp_path / "run", MANIFEST).close()
    write(tmp_path / "run")
    assert "before its first milestone" in prose(tmp_path / "run")


def test_a_folder_that_is_no_run_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        write(tmp_path)
    assert list(tmp_path.iterdir()) == []
