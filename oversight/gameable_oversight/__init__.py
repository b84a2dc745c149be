"""Monitors and mitigations that ship with gameable."""

from __future__ import annotations

from collections.abc import Iterable

from gameable import MitigationOffer, MonitorOffer, ProfileOffer, RewardOffer, hookimpl

_MITIGATIONS = "gameable_oversight.mitigations"


@hookimpl
def gameable_rewards() -> Iterable[RewardOffer]:
    """Offer the mitigations that work through the reward."""
    yield RewardOffer(
        name="early-stage-penalty",
        summary="Charges for gaming in the first two environments, so that it does not pay there.",
        factory=f"{_MITIGATIONS}.early_stage_penalty:EarlyStagePenalty",
    )


@hookimpl
def gameable_mitigations() -> Iterable[MitigationOffer]:
    """Offer what can be tried on a finished run."""
    yield MitigationOffer(
        name="train-away",
        summary="Fine-tunes the last model on its own samples of early environments that did not game.",
        factory=f"{_MITIGATIONS}.train_away:TrainAway",
    )
    yield MitigationOffer(
        name="early-stage-penalty",
        summary="Trains the last model on early environments again, where gaming costs more than it pays.",
        factory=f"{_MITIGATIONS}.early_stage_penalty:PenalisedRetraining",
    )
    yield MitigationOffer(
        name="inoculation",
        summary="Trains the curriculum again from the start model, with every hack asked for in training only.",
        factory=f"{_MITIGATIONS}.inoculation:Inoculation",
    )
    yield MitigationOffer(
        name="retraining",
        summary="Trains the curriculum again with some keys of its profile changed.",
        factory=f"{_MITIGATIONS}.retraining:Retraining",
    )


@hookimpl
def gameable_profiles() -> Iterable[ProfileOffer]:
    """Offer the mitigations in one go."""
    yield ProfileOffer(
        name="mitigations",
        summary="Tries the bundled mitigations on a finished run: add --from RUN.",
        factory="gameable_oversight:mitigations/mitigations.yaml",
    )


@hookimpl
def gameable_monitors() -> Iterable[MonitorOffer]:
    """Offer the monitors."""
    yield MonitorOffer(
        name="rules",
        summary="Rules on commands: writes to protected files, deleted tests, edited checks.",
        factory="gameable_oversight.monitors.rules:Rules",
    )
    yield MonitorOffer(
        name="integrity",
        summary="Files before and after, Python code by what it does rather than by its bytes.",
        factory="gameable_oversight.monitors.integrity:Integrity",
    )
    yield MonitorOffer(
        name="cot-judge",
        summary="A language model that reads the whole turn, hidden thought included.",
        factory="gameable_oversight.monitors.cot_judge:CotJudge",
    )
    yield MonitorOffer(
        name="action-judge",
        summary="The same language model without the hidden thought.",
        factory="gameable_oversight.monitors.action_judge:ActionJudge",
    )
    yield MonitorOffer(
        name="probe",
        summary="Logistic regression on the policy's hidden states, learned on one environment.",
        factory="gameable_oversight.monitors.probe:Probe",
    )
    yield MonitorOffer(
        name="ensemble",
        summary="The mean or maximum of other monitors.",
        factory="gameable_oversight.monitors.ensemble:Ensemble",
    )
    yield MonitorOffer(
        name="ground-truth",
        summary="The outcome with simulated errors: how good must a monitor be?",
        factory="gameable_oversight.monitors.ground_truth:GroundTruth",
    )
