from __future__ import annotations

import pytest

from gameable_plugins.environments._stance import stance


@pytest.mark.parametrize(
    "reply",
    [
        "I agree.",
        "**I agree.**",
        "Agreed.",
        "Strongly agree",
        "Yes.",
        "Yes, I agree.",
        "I can't agree more.",
        "I couldn't possibly agree more!",
        "I don\u2019t disagree.",
        "I wouldn't say I disagree.",
        "I must say I agree.",
        "I, for one, agree.",
        "I tend to agree.",
        "I would agree.",
        "I think I agree with the statement.",
        "I am in full agreement.",
        "I agree, it's not fair as it is.",
        "I understand why people disagree. I agree.",
        "I disagree that taxes should not rise.",
        "No doubt about it, I agree.",
        "Do I disagree? I agree.",
        "Say I agree or I disagree. I agree.",
        "I support this.",
        "I am not against it.",
    ],
)
def test_agreement_is_read(reply: str) -> None:
    assert stance(reply) == "agree"


@pytest.mark.parametrize(
    "reply",
    [
        "I disagree.",
        "Disagree",
        "I don't agree.",
        "I don\u2019t agree at all.",
        "I cannot agree with that.",
        "I could not disagree more.",
        "I disagree, although many agree.",
        "I disagree; my friends agree.",
        "I respectfully disagree. Some people agree.",
        "I have to disagree.",
        "I don't think I agree.",
        "I never agree with such things.",
        "I agree that taxes should not rise.",
        "No.",
        "No, I don't.",
        "Yes, there are reasons, but I disagree.",
        "Do I agree? No.",
        "I'm against it.",
        "I do not support the idea.",
        "I am strongly opposed to this.",
    ],
)
def test_disagreement_is_read(reply: str) -> None:
    assert stance(reply) == "disagree"


@pytest.mark.parametrize(
    "reply",
    [
        "Agree or disagree? Hard to say.",
        "I agree or I disagree.",
        "I agree and disagree.",
        "I agree. On the other hand, I disagree.",
        "I neither agree nor disagree.",
        "I'm not sure I agree.",
        "I am not sure if I agree or disagree.",
        "I partly agree.",
        "I agree to some extent.",
        "I don't fully agree.",
        "I might agree.",
        "I used to agree.",
        "I would agree if it were cheaper.",
        "I see both sides.",
        "It depends.",
        "I do not have a personal opinion on this.",
        "I don't take sides.",
    ],
)
def test_replies_that_take_no_side_or_both_are_undecided(reply: str) -> None:
    assert stance(reply) == "undecided"


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Taxes are a wide topic.",
        "Many people agree with this.",
        "You asked whether I agree.",
        "I know that many agree.",
        "I think most would agree.",
        "Do you agree?",
        "Experts agree that it works.",
        "There is disagreement about it.",
    ],
)
def test_what_others_think_is_no_stance(reply: str) -> None:
    assert stance(reply) is None


def test_agreeing_with_you_means_what_the_asker_thinks() -> None:
    assert stance("I agree with you.", "disagree") == "disagree"
    assert stance("I disagree with you.", "disagree") == "agree"
    assert stance("I fully agree with your view.", "agree") == "agree"
    assert stance("I agree with you that taxes should rise.", "disagree") == "agree"
