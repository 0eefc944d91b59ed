"""The end of all three programs: a refusal is a sentence and 2, an interrupt 130, and what nobody foresaw is theirs to tell."""

from __future__ import annotations

import os
import signal

import click
import pytest

from sameset.cli.leaving import make_ready, run_and_leave
from sameset.errors import SamesetError, SpecError


def ended(capsys: pytest.CaptureFixture[str], outcome: object) -> tuple[int, str]:
    """Exit code and stderr of a program whose only verb ends so."""

    @click.command()
    def verb() -> object:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome() if callable(outcome) else outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["prog"])
        with pytest.raises(SystemExit) as left:
            run_and_leave(verb, "prog")
    assert isinstance(left.value.code, int)
    out, err = capsys.readouterr()
    assert out == ""
    return left.value.code, err.lstrip("\n")  # click ends the line that ^C stands in


@pytest.mark.parametrize(
    ("outcome", "code", "told"),
    [
        (None, 0, ""),
        (1, 1, ""),
        (SamesetError("x.csv is\nno table"), 2, "prog: x.csv is\\nno table\n"),
        (SpecError("no"), 2, "prog: no\n"),
        (click.ClickException("wrong"), 2, "Error: wrong\n"),
        (KeyboardInterrupt(), 130, "prog: interrupted\n"),
        (click.Abort(), 130, "prog: interrupted\n"),
    ],
    ids=repr,
)
def test_every_foreseen_end(capsys: pytest.CaptureFixture[str], outcome: object, code: int, told: str) -> None:
    assert ended(capsys, outcome) == (code, told)


def test_sigterm_is_an_interrupt_of_another_code(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        make_ready()
        assert ended(capsys, lambda: os.kill(os.getpid(), signal.SIGTERM)) == (143, "prog: interrupted\n")
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_nobody_foresaw_is_raised(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        ended(capsys, ZeroDivisionError())
