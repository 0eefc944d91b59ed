"""The command that a report gives to run it again: complete, without passwords, and the same to a shell."""

from __future__ import annotations

import html
import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import click
import pytest
from cli_process import Outcome, in_process, write_rows
from hypothesis import given
from hypothesis import strategies as st

from sameset.cli.command import command_line
from sameset.cli.main import cli

Here = Callable[..., Outcome]


@pytest.fixture(autouse=True, scope="module")
def no_registry() -> Iterator[None]:
    """Leaves the environment without the registry of the tests, which would be in every command."""
    with patch.dict(os.environ):
        del os.environ["SAMESET_REGISTRY"]
        yield


def told(verb: str, *arguments: str) -> list[str]:
    """The words of the command that stands for these arguments."""
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    return shlex.split(command_line(command.make_context(verb, list(arguments))))


@pytest.mark.parametrize(
    ("given_words", "words"),
    [
        (["a", "b"], ["a", "b"]),
        (["a b", "b'c", "-k", "x", "y"], ["a b", "b'c", "--key", "x", "--key", "y"]),
        (["a", "b", "--where", "key = 5", "-q"], ["a", "b", "--where", "key = 5"]),
        (["a", "b", "--nfc", "--limit", "7"], ["a", "b", "--nfc", "--limit", "7"]),
        (["--", "-a", "b"], ["--", "-a", "b"]),
    ],
)
def test_it_says_what_was_asked(given_words: list[str], words: list[str]) -> None:
    assert told("compare", *given_words) == ["sameset", "compare", *words]


def test_options_of_the_environment_are_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMESET_KEY", "id")
    monkeypatch.setenv("SAMESET_REGISTRY", "postgresql://ann:s3cret@db/reg?password=s3cret")
    words = told("compare", "postgresql://ann:s3cret@db/shop::orders", "b.csv")
    assert words[2:4] == ["postgresql://ann@db/shop::orders", "b.csv"]
    assert words[words.index("--key") + 1] == "id"
    assert words[words.index("--registry") + 1] == "postgresql://ann@db/reg?password=***"
    assert "s3cret" not in " ".join(words)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2))
def test_any_argument_comes_back_from_a_shell(places: list[str]) -> None:
    words = told("compare", "--", *places)
    assert words[-2:] == places


def test_the_command_on_a_page_makes_the_page_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(tmp_path / "monday's.csv")
    write_rows(tmp_path / "tuesday 2.csv", changed=1)
    in_process("compare", "monday's.csv", "tuesday 2.csv", "-k", "id", "-o", "a.html", folder=tmp_path, capture=capsys)
    page = (tmp_path / "a.html").read_text("utf-8")
    commands = re.findall(r"<code>(.*?)</code>", page)
    words = shlex.split(html.unescape(commands[0]))
    (tmp_path / "a.html").unlink()
    assert in_process(*words[1:], folder=tmp_path, capture=capsys).code == 1
    again = (tmp_path / "a.html").read_text("utf-8")

    def timeless(text: str) -> str:
        return re.sub(r"<dt>(made at|took)</dt><dd>.*?</dd>", "", text)

    assert timeless(again) == timeless(page)
