"""Golden files of lattice digests: what was frozen is what is computed now, and what the naive twin says."""

from __future__ import annotations

import naive
import naive_schemes
import pyarrow as pa
import pytest
from make_golden import LATTICE_TABLES, LATTICES, STORED, lattice_bytes
from recipes import TABLES, lattice_of

from sameset.sketches.lattice import LatticeDigest

every_file = pytest.mark.parametrize("name", STORED)


def test_no_golden_file_is_forgotten() -> None:
    assert sorted(path.name for path in LATTICES.iterdir()) == sorted(f"{name}.lthash" for name in STORED)


@every_file
def test_frozen_digests_are_those_computed_now(name: str) -> None:
    frozen = (LATTICES / f"{name}.lthash").read_bytes()
    written = lattice_bytes(name)
    assert LatticeDigest.from_bytes(frozen) == LatticeDigest.from_bytes(written)
    # The content first: if only the bytes differ, Arrow packs in another way, and no version of ours is at fault.
    assert pa.ipc.open_file(written).read_all().equals(pa.ipc.open_file(frozen).read_all(), check_metadata=True)
    assert written == frozen


@pytest.mark.parametrize("name", LATTICE_TABLES)
def test_digests_of_every_table_are_the_twins(name: str) -> None:
    spec = TABLES[name].spec
    expected = naive_schemes.lattice_text(TABLES[name].read(), None, naive.Form(spec.digits, spec.nfc))
    assert lattice_of(name, None).text == expected
