"""`sameset check NAME` and `--all`: the file says what is checked, its policy whether that is 0 or 1."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from cli_process import in_process, write_rows

FILE = """
registry = "registry.db"

[policy]
warn_on = ["unchanged"]
max_removed = 0

[datasets.orders]
source = "orders.csv"
key = "id"

[datasets.missing]
source = "nowhere.csv"

[datasets.copies]
source = "copies.csv"
policy = { resembles = "fail" }
"""


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "sameset.toml").write_text(FILE, "utf-8")
    write_rows(tmp_path / "orders.csv", 10)
    write_rows(tmp_path / "copies.csv", 5, changed=5)

    def run(*arguments: object):
        return in_process(*arguments, folder=tmp_path, capture=capsys)

    return run


def test_the_policy_gives_the_exit_code(here, tmp_path):
    assert here("check", "orders").code == 0
    warned = here("check", "orders", "--format", "json")
    assert (warned.code, warned.json["policy"]) == (
        0,
        {"outcome": "warned", "reasons": ["unchanged is in warn_on"]},
    )
    jsonschema.validate(warned.json, json.loads(Path("docs/check.schema.json").read_text("utf-8")))
    write_rows(tmp_path / "orders.csv", 12)
    assert here("check", "orders").code == 0, "appended is within the policy"
    write_rows(tmp_path / "orders.csv", 9)
    for form in ("text", "markdown", "html"):
        failed = here("check", "orders", "--format", form)
        assert failed.code == 1
        words = " ".join(failed.out.replace("│", " ").split())
        assert "policy failed: 3 rows were removed, more than max" in words, form
        assert "not recorded" in words or form != "text"
    assert here("history", "orders", "--registry", tmp_path / "registry.db", "--format", "json").json[0]["rows"] == 12


def test_all_goes_on_after_a_failure_and_the_worst_gives_the_exit_code(here, tmp_path):
    write_rows(tmp_path / "copies.csv", 10)
    told = here("check", "--all", "--format", "json")
    assert told.code == 2
    orders, missing, copies = told.json
    assert (orders["policy"]["outcome"], copies["policy"]["outcome"]) == ("passed", "failed")
    assert missing == {"dataset": "missing", "error": f"{tmp_path / 'nowhere.csv'} does not exist; check the path"}
    write_rows(tmp_path / "nowhere.csv", 3, name="other")
    again = here("check", "--all")
    assert again.code == 1
    assert [line.split()[:2] for line in again.out.splitlines() if "is new" in line or "policy" in line] == [
        ["orders", "warned"],
        ["missing", "passed"],
        ["copies", "failed"],
    ]
    assert here("check", "--all", "--format", "markdown").out.startswith("| dataset | outcome | finding |")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["order"], "has no dataset 'order'; did you mean 'orders'?; to check an address add --name NAME"),
        (["orders", "--config", "no.toml"], "no.toml does not exist"),
        (["orders", "--key", "id"], "--key goes with an address and --name"),
        (["--all", "orders"], "--all checks every dataset of the file"),
        (["--all", "--name", "orders"], "--all checks every dataset of the file"),
        (["--all", "-o", "all.html"], "--format html shows one dataset"),
        (["orders.csv", "--name", "x", "--config", "sameset.toml"], "--config goes with a dataset of the file"),
        ([], "Missing argument 'SOURCE'"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, told, here, tmp_path):
    found = here("check", *arguments)
    assert (found.code, found.out) == (2, "")
    assert told in found.err
    assert not (tmp_path / "registry.db").exists()


def test_an_address_without_a_name_says_how(here, tmp_path):
    (tmp_path / "sameset.toml").unlink()
    found = here("check", "orders.csv")
    assert (found.code, found.out) == (2, "")
    assert "'orders.csv' has no name to be recorded under: add --name NAME, or list it in sameset.toml" in found.err


def test_a_report_does_not_overwrite_what_is_read(here, tmp_path):
    before = (tmp_path / "orders.csv").read_bytes()
    found = here("check", "orders", "--format", "json", "-o", tmp_path / "orders.csv")
    assert found.code == 2
    assert (tmp_path / "orders.csv").read_bytes() == before
