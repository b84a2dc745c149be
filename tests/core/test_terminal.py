from __future__ import annotations

import io

import pytest
from rich.console import Console

from gameable import Progress
from gameable.terminal import Live, Plain, make_progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def terminal(width: int = 140) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, _environ={"TERM": "xterm"})


def log() -> Console:
    return Console(file=io.StringIO(), width=140)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def lines(console: Console) -> list[str]:
    return written(console).splitlines()


def stop_within(progress: Progress, error: type[BaseException]) -> None:
    with progress.track("x", 10) as step:
        step(3)
        raise error


def test_a_terminal_gets_the_live_display_and_anything_else_plain_lines() -> None:
    assert isinstance(make_progress(terminal()), Live)
    assert isinstance(make_progress(log()), Plain)


def test_a_terminal_that_cannot_redraw_gets_plain_lines() -> None:
    dumb = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    assert isinstance(make_progress(dumb), Plain)


# --- plain -----------------------------------------------------------------------------------------------------------


def test_plain_tells_start_and_end() -> None:
    console, clock = log(), Clock()
    with Plain(console, clock).track("start: evaluate", 200, "episodes") as step:
        step(100)
        clock.now = 4
        step(100, gamed="3/200")
    assert lines(console) == [
        "start: evaluate: 200 episodes to do",
        "start: evaluate: 200/200 episodes, 0:00:04 elapsed, 25/s, gamed 3/200",
    ]


def test_plain_keeps_ten_seconds_between_lines() -> None:
    console, clock = log(), Clock()
    with Plain(console, clock).track("x", 25) as step:
        for second in range(1, 26):
            clock.now = second
            step()
    assert [line.split(",")[0] for line in lines(console)[1:]] == ["x: 10/25", "x: 20/25", "x: 25/25"]


def test_plain_tells_of_slow_work_once_a_minute() -> None:
    console, clock = log(), Clock()
    with Plain(console, clock).track("x", 10_000) as step:
        for second in range(1, 131):
            clock.now = second
            step()
    assert [line.split(",")[0] for line in lines(console)[1:]] == ["x: 60/10000", "x: 120/10000", "x: 130/10000"]


def test_plain_estimates_the_time_left_without_what_was_there_before() -> None:
    console, clock = log(), Clock()
    with Plain(console, clock).track("x", 1000) as step:
        step(800)
        clock.now = 50
        step(100)
    assert lines(console)[1] == "x: 900/1000, 0:00:50 elapsed, 2/s, 0:00:50 left"


def test_plain_shows_the_latest_figures() -> None:
    console = log()
    with Plain(console).track("x", 2) as step:
        step(1, loss=2.34567, tokens_trained=1)
        step(1, loss=1.5, tokens_trained=12345)
    assert lines(console)[-1].endswith("loss 1.5, tokens trained 12345")


def test_plain_says_lines_as_they_are_however_long() -> None:
    console = log()
    Plain(console).say("[bold]stage 1[/bold] " + "long " * 60 + "line")
    assert written(console) == "[bold]stage 1[/bold] " + "long " * 60 + "line\n"


def test_plain_is_written_out_at_once() -> None:
    class File(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    file = File()
    Plain(Console(file=file)).say("hello")
    assert file.flushed == "hello\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_plain_tells_how_far_it_got_when_it_is_stopped(error: type[BaseException]) -> None:
    console = log()
    with pytest.raises(error):
        stop_within(Plain(console), error)
    assert lines(console)[-1].startswith("x: 3/10")


# --- live ------------------------------------------------------------------------------------------------------------


def test_live_shows_work_count_and_figures() -> None:
    console = terminal()
    with Live(console).track("start: [evaluate]", 4, "episodes") as step:
        step(3, gamed="1/3", speed="412 tok/s")
    shown = written(console)
    assert "start: [evaluate]" in shown
    assert "3/4 episodes" in shown
    assert "gamed 1/3, speed 412 tok/s" in shown


def test_live_goes_on_from_one_piece_of_work_to_the_next() -> None:
    console = terminal()
    live = Live(console)
    for name in ("first", "second"):
        with live.track(name, 1) as step:
            step()
    assert "first" in written(console)
    assert "second" in written(console)


def test_live_shows_work_within_work() -> None:
    console = terminal()
    live = Live(console)
    with live.track("outer", 1) as outer:
        with live.track("inner", 1) as inner:
            inner()
        live.say("[a line]")
        outer()
    last_frames = written(console).split("[a line]")[1]
    assert "inner" in last_frames
    assert "outer" in last_frames


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_live_gives_the_cursor_back_when_it_is_stopped(error: type[BaseException]) -> None:
    console = terminal()
    live = Live(console)
    with pytest.raises(error):
        stop_within(live, error)
    shown = written(console)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    with live.track("again", 1) as step:
        step()
    assert "again" in written(console)
