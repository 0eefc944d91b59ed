"""No password is ever shown: in no address, error, report, registry or state, whatever signs it holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sameset
from sameset.addresses import has_open_password, without_password
from sameset.errors import SamesetError
from sameset.registry import NewSnapshot, Registry

HOSTILE = [
    "hunter2",
    "p@ss:w/rd%",
    "hun@ter2",
    "hun/ter2",
    "hun?ter2",
    "hun#ter2",
    "8/hunter2",
    "5432/hunter2",
    "hun::ter2",
    "h@un::ter2",
    "hun@ter2?x=y",
    "hun?password=ter2",
    "%hunter2%",
    "hunter2@",
    "@hunter2",
    ":hunter2:",
    "hun ter2",
    "//hunter2",
    "hun&ter2=1",
    "hünter2€",
    "hun'ter2",
    'hun"ter2',
    "hun\\ter2",
    "[hunter2]",
]
#: What of a password would be told apart from other words in a sentence: any three letters or more of it in a row.
PIECES = re.compile(r"[\wüö€]{3,}")
SCHEMES = ["postgresql", "postgres", "postgresql+psycopg", "mysql", "mariadb", "mssql+pyodbc", "https", "s3", "iceberg"]
#: Words of the password that are words of our sentences, too.
COMMON = {"password"}


def pieces(password: str) -> set[str]:
    return {piece for piece in PIECES.findall(password) if piece not in COMMON} - {"5432"}


def expect_unseen(password: str, told: str) -> None:
    assert password not in told
    assert {piece for piece in pieces(password) if piece in told} == set()


@pytest.mark.parametrize("password", HOSTILE)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "place", ["db.example/shop::orders", "db.example:5432/shop?sslmode=x::select 'a@b'", "db.example"]
)
def test_an_address_is_shown_without_it(password: str, scheme: str, place: str) -> None:
    shown = without_password(f"{scheme}://ann:{password}@{place}")
    expect_unseen(password, shown)
    assert shown.startswith(f"{scheme}://ann@")
    assert without_password(shown) == shown
    escaped = f"{scheme}://ann:{quote(password, safe='')}@{place}"
    assert without_password(escaped) == f"{scheme}://ann@{place}"


@pytest.mark.parametrize("password", [one for one in HOSTILE if "&" not in one and "::" not in one])
def test_an_option_is_shown_without_it(password: str) -> None:
    shown = without_password(f"postgresql://ann@db/shop?password={password}&sslmode=require")
    expect_unseen(password, shown)
    assert shown.startswith("postgresql://")
    if " " not in password:
        expect_unseen(password, without_password(f"x.duckdb::postgres:host=h password={password} dbname=d"))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="/?#@"), min_size=1))
def test_no_password_of_any_signs_survives(password: str) -> None:
    marked = f"<<{password}>>"
    assert marked not in without_password(f"postgresql://ann:{marked}@host:99/path::table")
    assert "<<" not in without_password(f"postgresql://ann:{marked}@host:99/path::table")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x7E), min_size=1, max_size=12))
def test_no_part_of_a_password_of_any_signs_is_left_in_a_place_without_its_own_at(password: str) -> None:
    shown = without_password(f"postgresql://ann:<<{password}>>@host/shop")
    assert "<<" not in shown
    assert ">>" not in shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("orders.parquet", None),
        ("/data/a:b@c.parquet", None),
        ("s3://bucket/a:b@c.parquet", None),
        ("postgresql://ann@db/shop", None),
        ("postgresql://ann@db:5432/shop?application_name=a@b::orders", None),
        ("postgresql://db:5432/shop?application_name=a@b::orders", None),
        ("postgresql://db:5432/shop::select 'a@b'", None),
        ("postgresql://ann@[::1]:5432/shop::orders", None),
        ("delta://s3://bucket/a@b", None),
        ("delta://s3://key:pw@bucket/t", "delta://s3://key@bucket/t"),
        ("postgresql://:pw@db/shop", "postgresql://@db/shop"),
        ("postgresql://ann:pw@first:1,second:2/shop", "postgresql://ann@first:1,second:2/shop"),
        ("postgresql://ann:pw@db/shop?password=p@ss", "postgresql://ann@***"),
        ("postgresql://db/shop?user=ann&password=pw&x=1", "postgresql://db/shop?user=ann&password=***&x=1"),
        ("https://host/f.csv?X-Amz-Signature=abc&v=2", "https://host/f.csv?X-Amz-Signature=***&v=2"),
        ("x.duckdb::postgres:host=h password='a b' dbname=d", "x.duckdb::postgres:host=h password=*** dbname=d"),
        (
            "postgresql://ann:pw@db/shop::select * from dblink('postgresql://bob:pw@x/y', 'q')",
            "postgresql://ann@db/shop::select * from dblink('postgresql://bob@x/y', 'q')",
        ),
    ],
)
def test_the_rest_of_an_address_is_shown_as_it_is(address: str, shown: str | None) -> None:
    assert without_password(address) == (address if shown is None else shown)


@pytest.mark.parametrize("password", HOSTILE)
def test_an_address_that_is_written_as_it_should_be_is_never_taken_for_another(password: str) -> None:
    assert not has_open_password(f"postgresql://ann:{quote(password, safe='')}@db:5432/shop?x=a%40b::select 'a@b'")


SOURCES = {
    "postgresql": "postgresql://ann:{}@127.0.0.1:1/shop::orders",
    "psycopg": "postgresql+psycopg://ann:{}@127.0.0.1:1/shop::orders",
    "mysql": "mysql://ann:{}@127.0.0.1:1/shop::orders",
    "no table": "postgresql://ann:{}@127.0.0.1:1/shop",
    "no such kind": "nonsense://ann:{}@127.0.0.1:1/shop::orders",
    "option": "postgresql://127.0.0.1:1/shop?user=ann&password={}::orders",
    "s3": "s3://ann:{}@bucket/orders.parquet",
}


@pytest.mark.parametrize("password", HOSTILE)
@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_that_cannot_be_read_does_not_tell_it(password: str, kind: str, tmp_path: Path) -> None:
    # In an option & and :: end it, whatever was meant.
    plain = {password} if kind != "option" or not re.search("&|::", password) else set()
    for written in plain | {quote(password, safe="")}:
        with pytest.raises(SamesetError) as raised:
            sameset.check_table(SOURCES[kind].format(written), "orders", str(tmp_path / "registry.db"))
        expect_unseen(password, str(raised.value))
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "registry.db").exists()


@pytest.mark.parametrize("password", HOSTILE)
def test_a_registry_that_cannot_be_used_does_not_tell_it(password: str) -> None:
    for written in {password, quote(password, safe="")}:
        with pytest.raises(SamesetError) as raised:
            Registry.open(f"postgresql://ann:{written}@127.0.0.1:1/registry")
        expect_unseen(password, str(raised.value))
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("verbose", [[], ["--format", "json"]], ids=["text", "json"])
def test_the_command_line_does_not_tell_it(verbose: list[str], tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id\n1\n")
    password = "p@ss:w/rd%"
    for arguments in (
        ["check", f"postgresql://ann:{password}@127.0.0.1:1/shop::orders", "--name", "orders"],
        ["check", "orders.csv", "--name", "orders", "--registry", f"postgresql://ann:{password}@127.0.0.1:1/registry"],
        ["compare", f"mysql://ann:{password}@127.0.0.1:1/shop::orders", "orders.csv"],
    ):
        command = [sys.executable, "-c", "from sameset.cli.main import main; main()", *arguments, *verbose]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=240)
        assert done.returncode == 2, done.stderr
        expect_unseen(password, done.stdout + done.stderr)


@pytest.mark.parametrize("password", HOSTILE)
def test_what_is_recorded_holds_none(password: str, tmp_path: Path) -> None:
    with Registry.open(tmp_path / "registry.db") as registry:
        source = f"postgresql://ann:{password}@db/shop::orders"
        entry = NewSnapshot(dataset="orders", sketch=b"sketch", rows=1, digest="?", source=source, status="new")
        recorded = registry.record(entry, expected_previous=None)
    expect_unseen(password, recorded.source)
    assert password.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
