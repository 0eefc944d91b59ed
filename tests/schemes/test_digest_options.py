"""What `sameset digest` can be asked for: a choice of columns and rows, forms, stored digests, the digest to expect."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import duckdb
import jsonschema
import naive
import naive_schemes
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from sameset.cli.main import main
from sameset.sketches.lattice import LatticeDigest
from sameset.sketches.table import TableSketch

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/digest.schema.json").read_text("utf-8"))
SECRET = "correct horse battery staple, at random"
ORDERS = pa.table(
    {
        "id": range(40),
        "price": [i / 7 for i in range(40)],
        "name": ["e\u0301", "é", "A\u030a", None] * 10,
        "loaded_at": [1_700_000_000 + i for i in range(40)],
    }
)


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def digests(self) -> list[str]:
        """The digests of the lines that are not indented."""
        return [line.split()[0] for line in self.out.splitlines() if not line.startswith(" ")]


Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`sameset VERB ARGUMENTS` in a folder with orders.parquet, the same as orders.csv, a half of it each, and key.txt."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(ORDERS, "orders.parquet")
    pyarrow.csv.write_csv(ORDERS, "orders.csv")
    pq.write_table(ORDERS.slice(0, 15), "first.parquet")
    pq.write_table(ORDERS.slice(15), "second.parquet")
    Path("key.txt").write_text(SECRET, "utf-8")

    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["sameset", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        assert isinstance(left.value.code, int)
        return Outcome(left.value.code, *capsys.readouterr())

    return call


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


# stored digests


@pytest.mark.parametrize("key", [[], ["--key-file", "key.txt"]], ids=["no key", "key"])
def test_stored_digests_are_sources_and_merge(run: Run, key: list[str]) -> None:
    whole = run("digest", "orders.parquet", "--scheme", "lthash", *key).digests[0]
    for name in ("first", "second"):
        stored = run("digest", f"{name}.parquet", "--scheme", "lthash", *key, "--store", f"{name}.lthash")
        assert run("digest", f"{name}.lthash", "--scheme", "lthash").digests == stored.digests
        assert SECRET.encode() not in Path(f"{name}.lthash").read_bytes()
    merged = run("digest", "first.lthash", "second.parquet", "--scheme", "lthash", *key, "--store", "both.lthash")
    assert merged.out.splitlines()[-1] == f"{whole}  dataset of 2 files"
    assert run("digest", "both.lthash", "--scheme", "lthash").digests == [whole]
    total, first = (LatticeDigest.from_bytes(Path(name).read_bytes()) for name in ("both.lthash", "first.lthash"))
    assert total.subtract(first).text == run("digest", "second.lthash", "--scheme", "lthash").digests[0]


def test_tables_of_different_columns_are_no_dataset(run: Run) -> None:
    pq.write_table(ORDERS.select(["id"]), "ids.parquet")
    arguments = ["digest", "orders.parquet", "ids.parquet", "--scheme", "lthash"]
    assert len(run(*arguments).digests) == 2
    found = run(*arguments, "--store", "both.lthash")
    assert found.code == 2
    assert "orders.parquet and ids.parquet: the sketches differ in columns: 'loaded_at, name, price' and" in found.err
    assert not Path("both.lthash").exists()


def test_a_stored_digest_is_not_read_as_a_table(run: Run) -> None:
    assert run("digest", "orders.parquet", "--scheme", "lthash", "--store", "x.arrow").code == 0
    for scheme in ("sameset", "unf6"):
        found = run("digest", "x.arrow", "--scheme", scheme)
        assert (found.code, found.out) == (2, "")
        assert "x.arrow holds a lattice digest and no rows; read it with --scheme lthash" in found.err


def test_a_stored_digest_is_no_sketch_and_no_source_of_rows(run: Run) -> None:
    assert run("digest", "orders.parquet", "--scheme", "lthash", "--store", "x.arrow").code == 0
    said = "compare it with: sameset digest"
    compared = run("compare", "x.arrow", "orders.parquet")
    sketched = run("sketch", "x.arrow", "-o", "y.sameset")
    assert compared == (
        2,
        "",
        f"sameset: x.arrow: this is a lattice digest and no sketch; {said} FILE --scheme lthash --expect OTHER\n",
    )
    assert sketched == (
        2,
        "",
        f"sameset: x.arrow holds a lattice digest and no rows; {said} x.arrow --scheme lthash --expect OTHER\n",
    )
    assert run("digest", "x.arrow", "--scheme", "lthash", "--expect", "x.arrow").code == 0


def test_a_sketch_is_no_source_of_rows_but_an_operand_and_gives_types(run: Run) -> None:
    assert run("sketch", "orders.parquet", "-o", "x.arrow").code == 0
    for arguments in (
        ("digest", "x.arrow"),
        ("digest", "x.arrow", "--scheme", "unf6"),
        ("sketch", "x.arrow", "-o", "y"),
    ):
        assert run(*arguments) == (
            2,
            "",
            "sameset: x.arrow holds a sketch and no rows; compare it with: sameset compare x.arrow OTHER\n",
        )
    assert run("compare", "x.arrow", "orders.parquet").code == 0
    assert run("digest", "orders.csv", "--schema-from", "x.arrow").code == 0


def test_a_damaged_digest_is_told(run: Run) -> None:
    run("digest", "orders.parquet", "--scheme", "lthash", "--store", "x.lthash")
    data = bytearray(Path("x.lthash").read_bytes())
    data[data.index(b"lthash32-1024:1:") + 20] ^= 1
    Path("x.lthash").write_bytes(data)
    for arguments in (["x.lthash"], ["orders.parquet", "--expect", "x.lthash"]):
        found = run("digest", *arguments, "--scheme", "lthash")
        assert found.code == 2
        assert "x.lthash: the lattice digest is damaged: " in found.err


def test_a_store_that_cannot_be_written_is_told_before_anything_is_read(run: Run) -> None:
    found = run("digest", "no.parquet", "--scheme", "lthash", "--store", "nowhere/x.lthash")
    assert found.code == 2
    assert "nowhere/x.lthash cannot be written because nowhere is no folder" in found.err


# what is expected


@pytest.mark.parametrize(
    "scheme",
    [
        ["sameset"],
        ["unf6"],
        ["unf6", "--digits", "9", "--bits", "192"],
        ["lthash"],
        ["lthash", "--key-file", "key.txt"],
    ],
    ids=" ".join,
)
def test_the_exit_code_tells_whether_the_digest_is_the_expected_one(run: Run, scheme: list[str]) -> None:
    (expected,) = run("digest", "orders.parquet", "--scheme", *scheme).digests
    same = run("digest", "orders.csv", "--scheme", *scheme, "--expect", expected)
    assert (same.code, same.out) == (0, f"{expected}  orders.csv\nas expected\n")
    other = run("digest", "first.parquet", "--scheme", *scheme, "--expect", expected)
    assert other.code == 1
    assert other.out.splitlines()[-1] == "not as expected"
    quiet = run("digest", "first.parquet", "--scheme", *scheme, "--expect", expected, "-q")
    assert quiet == (1, "", "")
    found = json.loads(
        run("digest", "first.parquet", "--scheme", *scheme, "--expect", expected, "--format", "json").out
    )
    jsonschema.validate(found, SCHEMA, jsonschema.Draft202012Validator)
    assert found["as_expected"] is False


def test_a_stored_digest_can_be_expected(run: Run) -> None:
    run("digest", "orders.parquet", "--scheme", "lthash", "--store", "orders.lthash")
    arguments = ["--scheme", "lthash", "--expect", "orders.lthash"]
    assert run("digest", "orders.csv", *arguments).code == 0
    assert run("digest", "orders.lthash", *arguments).code == 0
    assert run("digest", "first.parquet", *arguments).code == 1
    assert run("digest", "first.parquet", "second.parquet", *arguments).code == 0
    assert run("digest", "first.parquet", "first.parquet", *arguments).code == 1


def test_without_a_dataset_every_source_must_be_as_expected(run: Run) -> None:
    (expected,) = run("digest", "orders.parquet").digests
    assert run("digest", "orders.csv", "orders.parquet", "--expect", expected).code == 0
    assert run("digest", "orders.csv", "first.parquet", "--expect", expected).code == 1


def expect(run: Run, *arguments: str) -> str:
    """The error of an expectation that makes no sense."""
    found = run("digest", "orders.parquet", *arguments)
    assert (found.code, found.out) == (2, "")
    return found.err


def test_an_expectation_that_can_never_hold_is_refused(run: Run) -> None:
    own, unf, lattice = (
        run("digest", "orders.parquet", "--scheme", it).digests[0] for it in ("sameset", "unf6", "lthash")
    )
    for wrong in (unf, lattice, own[:-1], own.upper(), "", "orders.lthash"):
        assert "is no digest of this scheme with these parameters, which begins with v1:" in expect(
            run, "--expect", wrong
        )
    nine = ["--scheme", "unf6", "--digits", "9"]
    assert "which begins with UNF:6:N9:" in expect(run, *nine, "--expect", unf)
    assert "different keys" in expect(run, "--scheme", "lthash", "--key-file", "key.txt", "--expect", lattice)


DIFFERING: list[tuple[str, list[str]]] = [
    ("key", ["--key-file", "key.txt"]),
    ("columns", ["--ignore", "name"]),
    ("digits", ["--digits", "3"]),
    ("nfc", ["--nfc"]),
    ("where", ["--where", "id > 3"]),
]


@pytest.mark.parametrize(("field", "options"), DIFFERING, ids=[field for field, _ in DIFFERING])
def test_a_stored_digest_that_was_made_otherwise_is_refused(run: Run, field: str, options: list[str]) -> None:
    run("digest", "orders.parquet", "--scheme", "lthash", "--store", "orders.lthash")
    told = expect(run, "--scheme", "lthash", *options, "--expect", "orders.lthash")
    assert f"orders.parquet and orders.lthash: the sketches differ in {field}: " in told
    assert SECRET not in told


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
        (["orders.parquet", "--scheme", "lthash", "--key-file", "no.key"], "no.key: the key file cannot be read"),
        (
            ["orders.parquet", "--scheme", "lthash", "--key-file", "orders.csv"],
            "orders.csv: the key of a digest has 16 to 64",
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
    for name in ("CHARACTERS", "PER_COLUMN", "BITS", "KEY_FILE"):
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


def test_a_bad_key_is_not_repeated(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMESET_DIGEST_KEY", "short-secret")
    found = run("digest", "orders.parquet", "--scheme", "lthash")
    assert found.code == 2
    assert "SAMESET_DIGEST_KEY: the key of a digest has 16 to 64 bytes, not 12" in found.err
    assert "short-secret" not in found.err
