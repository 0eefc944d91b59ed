"""LtHash32-1024: published vectors of its construction, the naive twin over every type, and what an adversary can do to us."""

from __future__ import annotations

import pickle
import random
import sys
from itertools import pairwise

import naive
import naive_schemes
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import TYPES, arrays_of, batches

from sameset.canonical.contents import RowWriter
from sameset.canonical.families import Family, family_of
from sameset.errors import MissingExtraError, SchemaError, SpecError, SpecMismatchError, UnsupportedTypeError
from sameset.execution.digesting import lattice_digest, plain_digest
from sameset.sketches.lattice import LatticeDigest, LatticeHasher, LatticeKey, print_lattice
from sameset.sources import open_source

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
FLAT = [kind for kind in TYPES if family_of(kind, "c") <= Family.DURATION]
SECRET = b"a secret of the sender, thirty-two"


def digest(batch: pa.RecordBatch, key: LatticeKey | None = None) -> LatticeDigest:
    made = LatticeDigest.empty(key)
    made.update(LatticeHasher(batch.schema, key).hash(batch))
    return made


def text(batch: pa.RecordBatch, key: LatticeKey | None = None) -> str:
    return print_lattice(digest(batch, key), batch.schema.names)


def rows(**columns: object) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


# the construction


AGAVE = {
    b"hello": ("8fea3d1686b39282", "4f9c1ab89ccd5ed0b6eb21936f99e598cf854b6db6c6773d0b51294618576455"),
    b"world!": ("56dc1d985420810d", "ab35b90ab3313097572b8d0d2b987901900778bc73f8d6dce5d2af86d7e712f5"),
}
BOTH = ("e6c65aaedad3138f", "2373c49a9c365a1d6ccaf3a8e6e84570b901cd342e3980f4568ba269ad508b09")
NOTHING = "be2a8de3dcf46c94ce85cdc8e07ac308f4d8a95490d956c38d780fd610db0813"


def shown(lanes: naive_schemes.Lanes) -> tuple[str, str]:
    """The first lanes, and BLAKE3 of the state, of lanes of 16 bits."""
    first = "".join(f"{lane:04x}" for lane in lanes[:4])
    return first, naive_schemes.blake3(naive_schemes.state(lanes, 16)).hexdigest()


def test_the_twin_with_lanes_of_16_bits_gives_the_published_vectors() -> None:
    elements = {data: naive_schemes.element(data, 16) for data in AGAVE}
    assert {data: shown(lanes) for data, lanes in elements.items()} == AGAVE
    assert shown(naive_schemes.total(list(elements.values()), 16)) == BOTH
    assert shown(naive_schemes.total([], 16))[1] == NOTHING


@pytest.mark.parametrize("kind", FLAT, ids=str)
@settings(GENEROUS, max_examples=8)
@given(data=st.data())
def test_contents_of_every_type_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    batch = pa.RecordBatch.from_arrays([data.draw(arrays_of(kind))], names=["ä"])
    contents = RowWriter(batch.schema).write(batch)
    ends = contents.offsets.tolist()
    found = [contents.data[a:b].tobytes() for a, b in pairwise(ends)]
    assert found == naive_schemes.row_contents(batch)


@settings(GENEROUS, max_examples=60)
@given(batches(types=FLAT), st.none() | st.binary(min_size=16, max_size=64))
def test_digests_are_the_twins(batch: pa.RecordBatch, secret: bytes | None) -> None:
    key = None if secret is None else LatticeKey(secret)
    assert text(batch, key) == naive_schemes.lattice_text(batch, secret)


def test_more_rows_than_are_hashed_at_once() -> None:
    """Blocks of rows, and blocks of blocks, end at odd places; 300 columns make them small."""
    long = rows(a=list(range(5000)), b=[str(i % 7) for i in range(5000)])
    wide = pa.RecordBatch.from_arrays([pa.array(range(i, i + 700)) for i in range(300)], [f"c{i}" for i in range(300)])
    assert RowWriter(long.schema).rows < long.num_rows
    assert RowWriter(wide.schema).rows < wide.num_rows
    for batch in (long.slice(3), wide.slice(1)):
        lanes = naive_schemes.np_total(naive_schemes.row_contents(batch))
        assert np.array_equal(digest(batch).lanes, lanes)


# what counts and what does not


@settings(GENEROUS, max_examples=40)
@given(batches(types=FLAT), st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_count(batch: pa.RecordBatch, chance: random.Random) -> None:
    names = chance.sample(batch.schema.names, len(batch.schema.names))
    if names:
        assert text(batch.select(names)) == text(batch)


def test_names_of_columns_count_even_without_rows() -> None:
    batch = rows(a=[1], b=[2])
    assert text(batch) != text(batch.rename_columns(["a", "c"]))
    assert text(batch.slice(1)) != text(batch.slice(1).rename_columns(["a", "c"]))


def test_rows_without_columns_count() -> None:
    nothing = pa.RecordBatch.from_struct_array(pa.array([{}] * 3, pa.struct([])))
    assert digest(nothing).rows == 3
    assert text(nothing) == naive_schemes.lattice_text(nothing)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (rows(a=[1, 2], b=[3, 4]), rows(a=[1, 2], b=[4, 3])),
        (rows(a=["x"], b=["y"]), rows(a=["y"], b=["x"])),
        (rows(a=["xy"], b=["z"]), rows(a=["x"], b=["yz"])),
        (rows(a=[None], b=["x"]), rows(a=["x"], b=[None])),
        (rows(a=[""]), rows(a=[None])),
        (rows(a=["1"]), rows(a=[1])),
        (rows(a=[True]), rows(a=[1])),
        (rows(a=[b"x"]), rows(a=["x"])),
        (rows(a=[1, 1]), rows(a=[1])),
        (rows(a=[1, 1, 2]), rows(a=[1, 2, 2])),
        (rows(a=[0.1]), rows(a=[float(np.float32(0.1))])),
    ],
)
def test_different_tables_have_different_digests(left: pa.RecordBatch, right: pa.RecordBatch) -> None:
    assert text(left) != text(right)
    assert not np.array_equal(digest(left).lanes, digest(right).lanes)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (pa.array([5, None, 7], pa.int8()), pa.array([5.0, None, 7.0])),
        (pa.array(["a", None, "b"]), pa.array(["a", None, "b"]).dictionary_encode()),
        (pa.array([None, None, None], pa.string()), pa.nulls(3)),
    ],
)
def test_the_physical_type_does_not_count(left: pa.Array, right: pa.Array) -> None:
    assert text(rows(a=left)) == text(rows(a=right))


@settings(max_examples=20)
@given(st.dictionaries(st.integers(0, 9), st.integers(1, 2**33), max_size=4))
def test_a_row_counts_as_often_as_it_occurs(times: dict[int, int]) -> None:
    """By doubling: 65,536 copies, which lanes of 16 bits would lose, and up to 2^32."""
    total, expected = LatticeDigest.empty(), np.zeros(1024, np.uint64)
    for value, count in times.items():
        power = digest(rows(a=[value]))
        expected += power.lanes.astype(np.uint64) * np.uint64(count % 2**32)
        for bit in range(count.bit_length()):
            if count >> bit & 1:
                total = total.merge(power)
            power = power.merge(power)
    assert total.rows == sum(times.values())
    assert np.array_equal(total.lanes, (expected % 2**32).astype(np.uint32))


def test_65536_copies_of_one_row_are_not_those_of_another() -> None:
    left, right = (LatticeDigest("", 2**16, digest(rows(a=[value])).lanes << 16) for value in (1, 2))
    assert left.lanes.any()
    assert print_lattice(left, ["a"]) != print_lattice(right, ["a"])


def test_threads_and_partitions_do_not_count() -> None:
    table = pa.table({"id": range(200_000), "t": [f"text {i % 97}" for i in range(200_000)]}).slice(0, 20_000)
    found = lattice_digest(open_source(pa.Table.from_batches(table.to_batches(max_chunksize=777))))
    assert found.rows == 20_000
    (whole,) = table.combine_chunks().to_batches()
    assert found.digest == text(whole)


# adversaries


def rotl(x: int, r: int) -> int:
    return (x << r | x >> (64 - r)) & naive.M64


def twin_of(block: bytes) -> bytes:
    """Another 32 bytes with the same MurmurHash3 x64-128 under every seed, and with anything before or behind them.

    The difference of the first block is the top bit of one lane after its mixing, which multiplication by 5 keeps; the
    second block takes it away (after Aumasson and Bernstein 2012).
    """
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
    inverse1, inverse2 = pow(c1, -1, 2**64), pow(c2, -1, 2**64)

    def alter(word: int, first: int, second: int, turn: int, flip: int) -> int:
        mixed = rotl(word * first & naive.M64, turn) * second & naive.M64 ^ flip
        back = rotl(mixed * pow(second, -1, 2**64) & naive.M64, 64 - turn)
        return back * pow(first, -1, 2**64) & naive.M64

    assert c1 * inverse1 % 2**64 == c2 * inverse2 % 2**64 == 1
    words = [int.from_bytes(block[i : i + 8], "little") for i in range(0, 32, 8)]
    words[0] = alter(words[0], c1, c2, 31, 1 << 36)
    words[1] = alter(words[1], c2, c1, 33, 1 << 32)
    words[2] = alter(words[2], c1, c2, 31, 1 << 63)
    return b"".join(word.to_bytes(8, "little") for word in words)


@settings(max_examples=25)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=5))
def test_a_forged_value_has_our_digest_but_not_this_one(block: bytes, behind: bytes) -> None:
    """Our own digest guards against accident alone; here a forgery costs nothing, and the lattice digest sees it."""
    honest, forged = rows(a=[block + behind]), rows(a=[twin_of(block) + behind])
    assert honest != forged
    plain = [plain_digest(open_source(pa.Table.from_batches([batch]))).digest for batch in (honest, forged)]
    assert plain[0] == plain[1]
    assert text(honest) != text(forged)


# keys


def test_a_key_changes_everything() -> None:
    batch = rows(a=[1, 2, 3])
    found = [digest(batch), *(digest(batch, LatticeKey(secret)) for secret in (SECRET, SECRET + b"!", b"x" * 16))]
    assert len({made.lanes.tobytes() for made in found}) == 4
    for i, left in enumerate(found):
        for right in found[:i]:
            assert (left.lanes == right.lanes).sum() < 3
    assert text(batch, LatticeKey(SECRET)) == text(batch, LatticeKey(SECRET))


def test_digests_of_different_keys_refuse_to_merge() -> None:
    batch = rows(a=[1])
    keyed, plain = digest(batch, LatticeKey(SECRET)), digest(batch)
    for action in (keyed.merge, keyed.subtract):
        with pytest.raises(SpecMismatchError, match="no key"):
            action(plain)
    with pytest.raises(SpecMismatchError, match="differ in key"):
        plain.update(LatticeHasher(batch.schema, LatticeKey(SECRET)).hash(batch))


def test_the_key_is_in_nothing_that_is_kept_or_shown() -> None:
    key = LatticeKey(SECRET)
    made = digest(rows(a=[1]), key)
    told = [repr(key), str(key), print_lattice(made, ["a"]), repr(vars(made))]
    for secret in (SECRET, key.derived):
        assert secret not in pickle.dumps(made)
        for form in (secret.hex(), secret.decode("latin-1"), repr(secret)[2:-1]):
            assert not any(form in line for line in told)


@pytest.mark.parametrize("size", [0, 15, 65])
def test_a_key_of_another_size_is_refused_without_being_shown(size: int) -> None:
    with pytest.raises(SpecError, match=f"16 to 64 bytes, not {size}") as caught:
        LatticeKey(b"Z" * size)
    assert "Z" not in str(caught.value)


# refusals


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.int64()), pa.struct([("x", pa.int64())]), pa.map_(pa.string(), pa.int64())], ids=str
)
def test_types_without_bytes_of_their_own_are_refused_by_name(kind: pa.DataType) -> None:
    with pytest.raises(UnsupportedTypeError, match="'bad'") as caught:
        LatticeHasher(pa.schema([("good", pa.int64()), ("bad", kind)]))
    assert caught.value.column == "bad"


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(SchemaError, match="two columns are named 'a'"):
        LatticeHasher(pa.schema([("a", pa.int64()), ("a", pa.int64())]))


def test_without_blake3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "blake3", None)
    with pytest.raises(MissingExtraError, match=r"sameset\[secure\]") as caught:
        LatticeHasher(pa.schema([("a", pa.int64())]))
    assert caught.value.extra == "secure"
