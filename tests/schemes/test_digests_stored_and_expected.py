"""Digests that `sameset digest` stored and reads again, and digests that it is told to expect."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pyarrow.parquet as pq
import pytest
from digest_runs import ORDERS, SCHEMA, SECRET, Run

from sameset.sketches.lattice import LatticeDigest

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


@pytest.mark.parametrize("store", ["orders.parquet", "second.parquet", "key.txt", "folder/first.parquet"])
def test_nothing_but_a_stored_digest_is_written_over(run: Run, store: str) -> None:
    Path("folder").mkdir()
    pq.write_table(ORDERS, "folder/first.parquet")
    before = Path(store).read_bytes()
    for source in ("orders.parquet", "folder"):
        found = run("digest", source, "--scheme", "lthash", "--store", store)
        assert (found.code, found.out) == (2, "")
        assert f"{store} " in found.err
        assert "choose another f" in found.err
        assert Path(store).read_bytes() == before
    assert run("digest", "folder", "--scheme", "lthash", "--store", "folder/x.arrow").code == 2
    assert not Path("folder/x.arrow").exists()


def test_a_store_is_neither_the_output_nor_what_is_expected(run: Run) -> None:
    assert run("digest", "orders.parquet", "--scheme", "lthash", "--store", "x.lthash").code == 0
    before = Path("x.lthash").read_bytes()
    for option, told in (("-o", "x.lthash cannot be written twice"), ("--expect", "x.lthash is what is expected")):
        found = run("digest", "first.parquet", "--scheme", "lthash", "--store", "x.lthash", option, "x.lthash")
        assert (found.code, found.out) == (2, "")
        assert told in found.err
    assert Path("x.lthash").read_bytes() == before
    assert run("digest", "first.parquet", "--scheme", "lthash", "--store", "x.lthash").code == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--where", "id > 3"], "--where"),
        (["--digits", "3"], "--digits"),
        (["--nfc"], "--nfc"),
        (["--ignore", "name"], "--ignore"),
        (["--columns", "id", "price"], "--columns"),
        (["--key-file", "key.txt"], "key"),
    ],
)
def test_a_stored_digest_is_not_told_for_one_of_other_options(run: Run, options: list[str], told: str) -> None:
    run("digest", "orders.parquet", "--scheme", "lthash", "--store", "plain.lthash")
    run("digest", "orders.parquet", "--scheme", "lthash", *options, "--store", "same.lthash")
    found = run("digest", "plain.lthash", "--scheme", "lthash", *options)
    assert (found.code, found.out) == (2, "")
    assert f"plain.lthash holds a digest that was not made with this {told}; leave it out" in found.err
    same = run("digest", "same.lthash", "--scheme", "lthash", *options)
    assert same == run("digest", "same.lthash", "--scheme", "lthash")
    assert same.code == 0


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
    for wrong in (unf[:-1], f"{unf}="):
        assert "which begins with UNF:6:;" in expect(run, "--scheme", "unf6", "--expect", wrong)
    assert "or give a file that --store wrote" in expect(run, "--scheme", "lthash", "--expect", "no.lthash")
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


def test_other_keys_and_options_are_told_before_anything_is_read(run: Run) -> None:
    lattice = run("digest", "orders.parquet", "--scheme", "lthash", "--store", "orders.lthash").digests[0]
    keyed = run("digest", "orders.parquet", "--scheme", "lthash", "--key-file", "key.txt").digests[0]
    for expected, options, told in (
        (lattice, ["--key-file", "key.txt"], "different keys"),
        (keyed, [], "different keys"),
        ("orders.lthash", ["--digits", "3"], "differ in digits"),
    ):
        for source in ("missing.parquet", "postgresql://u:s3cret@127.0.0.1:9/d::t"):
            found = run("digest", source, "--scheme", "lthash", *options, "--expect", expected)
            assert (found.code, found.out) == (2, "")
            assert told in found.err
            assert "s3cret" not in found.err
    stored = run("digest", "orders.lthash", "--scheme", "lthash", "--expect", keyed)
    assert (stored.code, "different keys" in stored.err) == (2, True)
