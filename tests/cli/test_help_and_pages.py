"""Help and pages tell the truth about the command line: every verb, option, example and field of JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from cli_process import DOCS, Here, run, validated

import sameset
from sameset.cli.main import VERBS, cli

ROOT = Path(__file__).parents[2]


def options_of(verb: str) -> list[str]:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    return [name for option in command.params if isinstance(option, click.Option) for name in option.opts]


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_that_is_a_command(verb: str, folder: Path) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    assert command.help is not None
    examples = [line.strip() for line in command.help.splitlines() if line.strip().startswith(f"sameset {verb}")]
    assert examples != []
    for example in examples:
        command.make_context(verb, shlex.split(example)[2:])


def test_help_is_shown(folder: Path) -> None:
    found = run("check", "--help", folder=folder)
    assert (found.code, found.err) == (0, "")
    assert "sameset check orders.parquet --name orders --key o_orderkey" in found.out


PAGES = "\n".join(path.read_text("utf-8") for path in [ROOT / "README.md", *sorted(DOCS.glob("*.md"))])


@pytest.mark.parametrize("verb", VERBS)
def test_the_pages_name_every_verb_and_option(verb: str) -> None:
    assert f"sameset {verb}" in PAGES
    long = {name for name in options_of(verb) if name.startswith("--")}
    assert {name for name in long if not re.search(rf"{name}\b", PAGES)} == set()


JSON_PAGE = (DOCS / "json.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", JSON_PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_of_the_json_page_is_what_the_commands_print(folder: Path, here: Here) -> None:
    for name, text in zip(("monday.csv", "tuesday.csv"), blocks("csv"), strict=True):
        (folder / name).write_text(text, encoding="utf-8")
    comparison, added = map(json.loads, blocks("json"))
    command = re.findall(r"`sameset (compare .*?)`", JSON_PAGE.partition("prints, but")[0])[-1]
    assert validated(here(*shlex.split(command)).json, "comparison.schema.json") == comparison
    told = ("--registry", "r.db", "--name")
    here("check", "monday.csv", "--key", "id", *told, "orders")
    here("check", "monday.csv", *told, "copy of orders")
    found = validated(here("check", "tuesday.csv", "--format", "json", *told, "orders").json, "check.schema.json")
    assert found == comparison | added | {"left": comparison["left"] | {"address": "orders@1"}}


@pytest.mark.parametrize("schema", ["comparison.schema.json", "check.schema.json"])
def test_the_json_page_names_every_field(schema: str) -> None:
    def fields(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from node.get("properties", {})
            for part in node.values():
                yield from fields(part)

    found = json.loads((DOCS / schema).read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    assert [name for name in fields(found) if name not in JSON_PAGE] == []


def test_the_schemas_are_strict_and_know_every_verdict() -> None:
    schema = json.loads((DOCS / "comparison.schema.json").read_text("utf-8"))
    assert schema["properties"]["verdict"]["enum"] == [str(verdict) for verdict in sameset.Verdict]
    (example, _) = map(json.loads, blocks("json"))
    for broken in (
        example | {"extra": 1},
        {k: v for k, v in example.items() if k != "rows"},
        example | {"verdict": "x"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validated(broken, "comparison.schema.json")
