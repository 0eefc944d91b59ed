"""LtHash32-1024: published vectors of its construction, the naive twin over every type, and what an adversary can do to us."""

from __future__ import annotations

import pickle
import random
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
from sameset.canonical.forms import AS_IS, Form
from sameset.errors import SchemaError, SpecError, SpecMismatchError, UnsupportedTypeError
from sameset.execution.digesting import lattice_digest, plain_digest
from sameset.sketches.lattice import LatticeDigest, LatticeHasher, LatticeKey, LatticeSpec
from sameset.sources import open_source

GENEROUS = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SECRET = b"a secret of the sender, thirty-two"


def digest(batch: pa.RecordBatch, key: LatticeKey | None = None, form: Form = AS_IS) -> LatticeDigest:
    hasher = LatticeHasher(batch.schema, key, form)
    made = LatticeDigest.empty(hasher.spec)
    made.update(hasher.hash(batch))
    return made


def text(batch: pa.RecordBatch, key: LatticeKey | None = None) -> str:
    return digest(batch, key).text


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


def contents(batch: pa.RecordBatch, form: Form = AS_IS) -> list[bytes]:
    found = []
    for data, offsets in RowWriter(batch.schema, form).write(batch):
        found += [data[a:b].tobytes() for a, b in pairwise(offsets.tolist())]
    return found


@pytest.mark.parametrize("kind", TYPES, ids=str)
@settings(GENEROUS, max_examples=8)
@given(data=st.data())
def test_contents_of_every_type_are_the_twins(kind: pa.DataType, data: st.DataObject) -> None:
    batch = pa.RecordBatch.from_arrays([data.draw(arrays_of(kind))], names=["ä"])
    assert contents(batch) == naive_schemes.row_contents(batch)


FORMS = st.builds(naive.Form, st.none() | st.integers(1, 15), st.booleans())


@settings(GENEROUS, max_examples=60)
@given(batches(), FORMS)
def test_contents_in_every_form_are_the_twins(batch: pa.RecordBatch, form: naive.Form) -> None:
    assert contents(batch, Form(*form)) == naive_schemes.row_contents(batch, form)


@settings(GENEROUS, max_examples=60)
@given(batches(), st.none() | st.binary(min_size=16, max_size=64))
def test_digests_are_the_twins(batch: pa.RecordBatch, secret: bytes | None) -> None:
    key = None if secret is None else LatticeKey(secret)
    assert text(batch, key) == naive_schemes.lattice_text(batch, secret)


@pytest.mark.slow
def test_more_rows_than_are_written_at_once() -> None:
    """Runs of rows end at odd places; 300 columns make them short, and so does a text of a megabyte in a dictionary."""
    long = rows(a=list(range(5000)), b=[str(i % 7) for i in range(5000)])
    wide = pa.RecordBatch.from_arrays([pa.array(range(i, i + 500)) for i in range(300)], [f"c{i}" for i in range(300)])
    lists = rows(a=[["x" * 400_000, str(i)] for i in range(50)])
    texts = pa.DictionaryArray.from_arrays(pa.array([i % 2 for i in range(40)]), ["x" * 2**20, "y"])
    for batch in (long.slice(3), wide.slice(1), lists.slice(2), rows(a=texts).slice(1)):
        runs = [len(offsets) - 1 for _, offsets in RowWriter(batch.schema).write(batch)]
        assert len(runs) > 1
        assert sum(runs) == batch.num_rows
        lanes = naive_schemes.np_total(naive_schemes.row_contents(batch))
        assert np.array_equal(digest(batch).lanes, lanes)


@pytest.mark.slow
@pytest.mark.parametrize("columns", [1, 2000])
def test_what_is_written_at_once_is_limited(columns: int) -> None:
    big = pa.DictionaryArray.from_arrays(pa.array([0] * 200, pa.int8()), ["x" * 2**20])
    batch = pa.RecordBatch.from_arrays([big, *[pa.nulls(200)] * (columns - 1)], [f"c{i}" for i in range(columns)])
    assert max(len(data) for data, _ in RowWriter(batch.schema).write(batch)) < 2**25


# what counts and what does not


@settings(GENEROUS, max_examples=40)
@given(batches(), st.randoms(use_true_random=False))
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
    total, expected = digest(rows(a=[1]).slice(1)), np.zeros(1024, np.uint64)
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
    found = [digest(rows(a=[value])) for value in (1, 2)]
    left, right = (LatticeDigest(one.spec, 2**16, one.lanes << 16) for one in found)
    assert left.lanes.any()
    assert left.text != right.text


def test_2_to_32_copies_of_one_row_are_those_of_another() -> None:
    """What docs/schemes.md says of tables of that size."""
    found = [digest(rows(a=[value])) for value in (1, 2)]
    for _ in range(32):
        found = [one.merge(one) for one in found]
    assert found[0].rows == found[1].rows == 2**32
    assert not found[0].lanes.any()
    assert found[0].text == found[1].text


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
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=5), st.booleans())
def test_a_forged_value_has_our_digest_but_not_this_one(block: bytes, behind: bytes, nested: bool) -> None:
    """Our own digest guards against accident alone; here a forgery costs nothing, and the lattice digest sees it."""
    values = [block + behind, twin_of(block) + behind]
    honest, forged = (rows(a=[[value] if nested else value]) for value in values)
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


SPEC = LatticeSpec(LatticeKey(SECRET).id, ("a", "b"), 3, True, "a > 1")
OTHERS = {
    "key": [LatticeSpec("", ("a", "b"), 3, True, "a > 1"), LatticeSpec("0" * 16, ("a", "b"), 3, True, "a > 1")],
    "columns": [LatticeSpec(SPEC.key, ("a",), 3, True, "a > 1"), LatticeSpec(SPEC.key, ("a", "c"), 3, True, "a > 1")],
    "digits": [
        LatticeSpec(SPEC.key, ("a", "b"), None, True, "a > 1"),
        LatticeSpec(SPEC.key, ("a", "b"), 4, True, "a > 1"),
    ],
    "nfc": [LatticeSpec(SPEC.key, ("a", "b"), 3, False, "a > 1")],
    "where": [LatticeSpec(SPEC.key, ("a", "b"), 3, True), LatticeSpec(SPEC.key, ("a", "b"), 3, True, "a > 2")],
}


@pytest.mark.parametrize(("field", "other"), [(field, other) for field, others in OTHERS.items() for other in others])
def test_digests_of_unequal_specs_refuse_to_merge_and_name_the_field(field: str, other: LatticeSpec) -> None:
    left, right = LatticeDigest.empty(SPEC), LatticeDigest.empty(other)
    assert left != right
    for action in (left.merge, left.subtract):
        with pytest.raises(SpecMismatchError, match=f"differ in {field}: ") as caught:
            action(right)
        assert caught.value.field == field


def test_rows_of_another_key_are_not_added() -> None:
    batch = rows(a=[1])
    with pytest.raises(SpecMismatchError, match="differ in key: 'no key' and "):
        digest(batch).update(LatticeHasher(batch.schema, LatticeKey(SECRET)).hash(batch))


def test_what_differs_in_many_columns_is_told_in_few_words() -> None:
    left, right = (LatticeDigest.empty(LatticeSpec("", tuple(f"{n}{i:04}" for i in range(2000)))) for n in "ab")
    with pytest.raises(SpecMismatchError, match=r"'a0000, a0001, .*, \.\.\.' and 'b0000, ") as caught:
        left.merge(right)
    assert len(str(caught.value)) < 200


def test_the_key_is_in_nothing_that_is_kept_or_shown() -> None:
    key = LatticeKey(SECRET)
    made = digest(rows(a=[1]), key)
    kept = [pickle.dumps(made), made.to_bytes()]
    told = [repr(key), str(key), made.text, repr(vars(made))]
    for secret in (SECRET, key.derived):
        assert not any(secret in data for data in kept)
        for form in (secret.hex(), secret.decode("latin-1"), repr(secret)[2:-1]):
            assert not any(form in line for line in told)
            assert not any(form.encode("latin-1") in data for data in kept)


def test_what_a_key_does_not_hide() -> None:
    """The digest of no rows, which everybody can make; and with two states at hand that of more rows."""
    nothing = digest(rows(a=[1]).slice(1), LatticeKey(SECRET))
    assert nothing.text == LatticeDigest.empty(LatticeSpec(LatticeKey(SECRET).id, ("a",))).text
    one, two, three = (digest(rows(a=list(range(n))), LatticeKey(SECRET)) for n in (1, 2, 3))
    other = digest(rows(a=[0, 2]), LatticeKey(SECRET))
    assert two.subtract(one).merge(other) == three


@pytest.mark.parametrize("size", [0, 15, 65])
def test_a_key_of_another_size_is_refused_without_being_shown(size: int) -> None:
    with pytest.raises(SpecError, match=f"16 to 64 bytes, not {size}") as caught:
        LatticeKey(b"Z" * size)
    assert "Z" not in str(caught.value)


# refusals


@pytest.mark.parametrize(
    "kind", [pa.dense_union([pa.field("x", pa.int8())]), pa.list_(pa.sparse_union([pa.field("x", pa.int8())]))], ids=str
)
def test_types_without_a_family_are_refused_by_name(kind: pa.DataType) -> None:
    with pytest.raises(UnsupportedTypeError, match="'bad") as caught:
        LatticeHasher(pa.schema([("good", pa.int64()), ("bad", kind)]))
    assert caught.value.column in ("bad", "bad[]")


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(SchemaError, match="two columns are named 'a'"):
        LatticeHasher(pa.schema([("a", pa.int64()), ("a", pa.int64())]))
