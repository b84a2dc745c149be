"""How commands and their output stand in the assistant turn."""

from __future__ import annotations

from collections.abc import Sequence

from gameable.episode import CommandResult

_OPEN, _CLOSE = "<bash>", "</bash>"


def last_command(text: str) -> str | None:
    """Return what stands between the last `<bash>` and a `</bash>` at the end of the text; None where there is none."""
    body, close, rest = text.rpartition(_CLOSE)
    if not close or rest.strip():
        return None
    _, opened, command = body.rpartition(_OPEN)
    return command.strip() if opened and _CLOSE not in command else None


def observation(result: CommandResult) -> str:
    """Return what is spliced into the turn after a command: its output, and its errors if there were any."""
    seen = f"\n<stdout>{result.stdout.rstrip(chr(10))}</stdout>\n"
    return seen + (f"<stderr>{result.stderr.rstrip(chr(10))}</stderr>\n" if result.stderr else "")


def said(text: str, commands: Sequence[CommandResult]) -> str:
    """Return a turn without what its commands printed: tags and prose in output do not speak for the policy."""
    told = ""
    for result in commands:
        before, shown, after = text.partition(_CLOSE + observation(result))
        if not shown:
            break
        told, text = f"{told}{before}{_CLOSE}\n", after
    return told + text
