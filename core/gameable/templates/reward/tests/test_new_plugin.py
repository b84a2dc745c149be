from __future__ import annotations

from new_plugin import NewPlugin

from gameable import Measured, Message, Score, Unscored, VisibleView


def score(reply: str) -> Score:
    view = VisibleView("eval/0", "errands", (Message("user", "How are you?"),), (), reply)
    return NewPlugin(limit=10).score([view])[0]


def test_shorter_pays_more() -> None:
    assert score("12345") == Measured(0.5, "5 characters")
    assert score("1234567890 and more") == Measured(0.0, "19 characters")


def test_no_reply_is_unscored() -> None:
    assert isinstance(score(""), Unscored)
