"""What `sameset digest` can be asked for: a choice of columns and rows, and forms; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import naive
import naive_schemes
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from digest_runs import ORDERS, SECRET, Run

from sameset.sketches.table import TableSketch

OPTIONS = [
    ["--ignore", "loaded_at"],
    ["--ignore", "loaded_at", "price"],
    ["--columns", "name", "id"],
    ["--where", "id < 20 and price > 1"],
    ["--digits", "3"],
    ["--nfc"],
    ["--columns", "price", "name", "--nfc", "--digits", "2", "--where", "name is not null"],
]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_the_printed_digest_is_that_of_a_sketch_with_the_same_options(run: Run, options: list[str]) -> None:
    found = run("digest", "orders.parquet", *options)
    assert run("sketch", "orders.parquet", *options, "-o", "orders.sameset").code == 0
    sketch = TableSketch.from_bytes(Path("orders.sameset").read_bytes())
    assert found == (0, f"{sketch.text_digest}  orders.parquet\n", "")
    assert found.digests != run("digest", "orders.parquet").digests


def chosen(options: list[str]) -> tuple[pa.RecordBatch, naive.Form]:
    """What of the orders is read with the options of a test, by other means, and in which form."""
    table = ORDERS
    if "--where" in options:
        condition = options[options.index("--where") + 1]
        table = duckdb.from_arrow(table).filter(condition).to_arrow_table()
    names = [word for word in options if word in ORDERS.schema.names]
    if "--columns" in options:
        table = table.select(names)
    elif "--ignore" in options:
        table = table.drop_columns(names)
    digits = int(options[options.index("--digits") + 1]) if "--digits" in options else None
    return table.combine_chunks().to_batches()[0], naive.Form(digits, "--nfc" in options)


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_lattice_digests_with_options_are_the_twins(run: Run, options: list[str]) -> None:
    batch, form = chosen(options)
    found = run("digest", "orders.parquet", "orders.csv", *options, "--scheme", "lthash")
    assert found.digests[:2] == [naive_schemes.lattice_text(batch, None, form)] * 2


@pytest.mark.parametrize("options", [it for it in OPTIONS if not {"--nfc", "--digits"} & {*it}], ids=" ".join)
def test_unfs_of_a_choice_are_those_of_a_table_of_nothing_else(run: Run, options: list[str]) -> None:
    batch, _ = chosen(options)
    pq.write_table(pa.table(batch), "chosen.parquet")
    expected = run("digest", "chosen.parquet", "--scheme", "unf6", "--per-column").out
    for place in ("orders.parquet", "orders.csv"):
        found = run("digest", place, "--scheme", "unf6", "--per-column", *options)
        assert sorted(found.out.replace(place, "chosen.parquet").splitlines()) == sorted(expected.splitlines())


def test_a_choice_of_rows_keeps_their_order(run: Run) -> None:
    pq.write_table(ORDERS.take(pa.array(range(39, -1, -1))), "turned.parquet")
    options = ["--scheme", "unf6", "--where", "id % 3 = 0"]
    assert run("digest", "orders.parquet", *options).digests != run("digest", "turned.parquet", *options).digests


def test_types_without_a_unf_can_be_left_out(run: Run) -> None:
    pq.write_table(ORDERS.append_column("tags", pa.array([["x"]] * 40)), "tags.parquet")
    plain = run("digest", "orders.parquet", "--scheme", "unf6").digests
    assert run("digest", "tags.parquet", "--scheme", "unf6", "--ignore", "tags").digests == plain
    assert "'tags' has type" in run("digest", "tags.parquet", "--scheme", "unf6").err


def test_types_that_arrow_cannot_hold_can_be_left_out(run: Run) -> None:
    with duckdb.connect("x.duckdb") as con:
        con.execute("create table t as select *, '101'::bit as bits from 'orders.parquet'")
    for scheme in ("sameset", "unf6", "lthash"):
        for rest in ([], ["--where", "id % 3 = 0"]):
            options = ["--scheme", scheme, *rest]
            found = run("digest", "x.duckdb::t", "--ignore", "bits", *options)
            assert (found.code, found.digests) == (0, run("digest", "orders.parquet", *options).digests)
        refused = run("digest", "x.duckdb::t", "--scheme", scheme)
        assert (refused.code, refused.out) == (2, "")
        assert "'bits'" in refused.err


def test_columns_without_names_are_all_columns_one_by_one(run: Run) -> None:
    whole = run("digest", "orders.parquet", "--per-column")
    assert len(whole.out.splitlines()) == 5
    assert run("digest", "orders.parquet", "--columns") == whole
    assert run("digest", "--columns", "--scheme", "sameset", "orders.parquet") == whole
    assert run("digest", "--columns", "--", "orders.parquet") == whole
    two = run("digest", "orders.parquet", "--columns", "id", "price", "--columns")
    assert two.out.splitlines()[1:] == whole.out.splitlines()[1:3]


def test_types_of_a_csv_come_from_elsewhere(run: Run) -> None:
    Path("plain.csv").write_text("id\n1\n2\n", "utf-8")
    pq.write_table(pa.table({"id": ["1", "2"]}), "texts.parquet")
    found = run("digest", "plain.csv", "texts.parquet", "--schema-from", "texts.parquet")
    assert len(set(found.digests)) == 1
    assert found.digests[0] != run("digest", "plain.csv").digests[0]


# refusals


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["orders.parquet", "--characters", "3"], "--characters belongs to the scheme unf6, not to sameset"),
        (
            ["orders.parquet", "--scheme", "unf6", "--nfc"],
            "--nfc belongs to the scheme sameset and lthash, not to unf6",
        ),
        (["orders.parquet", "--key", "id"], "No such option"),
        (["orders.parquet", "--scheme", "unf6", "--store", "x"], "--store belongs to the scheme lthash, not to unf6"),
        (["orders.parquet", "--scheme", "lthash", "--digits", "16"], "16 is not in the range"),
        (
            ["orders.parquet", "--ignore", "d"],
            "orders.parquet: there is no column 'd'; the columns are 'id', 'price', ",
        ),
        (["orders.parquet", "--scheme", "unf6", "--ignore", "d"], "orders.parquet: there is no column 'd'"),
        (["orders.parquet", "--scheme", "lthash", "--columns", "id", "d"], "orders.parquet: there is no column 'd'"),
        (["orders.parquet", "--scheme", "unf6", "--where", "id >"], "orders.parquet"),
        (["orders.parquet", "--scheme", "unf6", "--where", "d > 1"], "orders.parquet"),
        (["orders.parquet", "--scheme", "lthash", "--bits", "128"], "--bits belongs to the scheme unf6, not to lthash"),
        (["orders.parquet", "--scheme", "unf6", "--key-file", "key.txt"], "--key-file belongs to the scheme lthash"),
        (
            ["orders.parquet", "--scheme", "lthash", "--columns"],
            "--columns without names belongs to the scheme sameset and unf6",
        ),
        (["orders.parquet", "--scheme", "unf6", "--bits", "196"], "128, 192 or 256 bits, not 196"),
        (["orders.parquet", "--scheme", "lthash", "--key-file", "."], ".: the key file cannot be read: Is a directory"),
        (
            ["orders.parquet", "--scheme", "lthash", "--key-file", "orders.csv"],
            "orders.csv: the key of a digest has 16 to 64",
        ),
        (
            ["orders.parquet", "--scheme", "lthash", "--key-file", "/dev/zero"],
            "/dev/zero: a file of a key has 16 to 64 bytes, this one 4096 or more; check the path",
        ),
        (["missing.parquet", "--scheme", "unf6"], "missing.parquet"),
        (["orders.parquet", "--scheme", "md5"], "'md5' is not one of"),
        ([], "Missing argument"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(run: Run, arguments: list[str], told: str) -> None:
    found = run("digest", *arguments)
    assert (found.code, found.out) == (2, "")
    assert told in found.err
    assert "Traceback" not in found.err


def test_options_of_other_schemes_in_the_environment_are_for_other_runs(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {scheme: run("digest", "orders.parquet", "--scheme", scheme) for scheme in ("sameset", "unf6", "lthash")}
    for name, value in {"CHARACTERS": "3", "PER_COLUMN": "1", "BITS": "256", "KEY_FILE": "no.key"}.items():
        monkeypatch.setenv(f"SAMESET_DIGEST_{name}", value)
    assert run("digest", "orders.parquet").out.startswith(plain["sameset"].out)
    monkeypatch.delenv("SAMESET_DIGEST_KEY_FILE")
    found = json.loads(run("digest", "orders.parquet", "--scheme", "lthash", "--format", "json").out)
    assert found["sources"][0]["columns"] is None
    for name in ("CHARACTERS", "PER_COLUMN", "BITS"):
        monkeypatch.delenv(f"SAMESET_DIGEST_{name}")
    for name, value in {"KEY": "nothing of this name", "NFC": "1"}.items():
        monkeypatch.setenv(f"SAMESET_{name}", value)
    assert run("digest", "orders.parquet", "--scheme", "unf6") == plain["unf6"]
    monkeypatch.delenv("SAMESET_NFC")
    assert run("digest", "orders.parquet", "--scheme", "lthash") == plain["lthash"]


def test_options_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run("digest", "orders.parquet", "--scheme", "unf6", "--digits", "3", "--ignore", "id", "name")
    for name, value in {"DIGEST_SCHEME": "unf6", "DIGITS": "3", "IGNORE": "id name"}.items():
        monkeypatch.setenv(f"SAMESET_{name}", value)
    assert run("digest", "orders.parquet") == expected


def test_a_key_on_the_command_line_is_refused_and_not_repeated(run: Run) -> None:
    found = run("digest", "orders.parquet", "--scheme", "lthash", "--key", SECRET)
    assert (found.code, found.out) == (2, "")
    assert "--key-file" in found.err  # what is meant instead
    assert SECRET not in found.err


def test_a_key_in_the_place_of_its_file_is_not_repeated(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "--key-file (or SAMESET_DIGEST_KEY_FILE): the key file cannot be read: "
    for secret in ("no.key", SECRET, "k" * 300):
        found = run("digest", "orders.parquet", "--scheme", "lthash", "--key-file", secret)
        monkeypatch.setenv("SAMESET_DIGEST_KEY_FILE", secret)
        assert found == run("digest", "orders.parquet", "--scheme", "lthash")
        monkeypatch.delenv("SAMESET_DIGEST_KEY_FILE")
        assert (found.code, found.out) == (2, "")
        assert told in found.err
        assert secret not in found.err


def test_a_bad_key_is_not_repeated(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMESET_DIGEST_KEY", "short-secret")
    found = run("digest", "orders.parquet", "--scheme", "lthash")
    assert found.code == 2
    assert "SAMESET_DIGEST_KEY: the key of a digest has 16 to 64 bytes, not 12" in found.err
    assert "short-secret" not in found.err
