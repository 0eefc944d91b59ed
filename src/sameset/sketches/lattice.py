"""LtHash32-1024: a digest of a multiset of rows that also stands against whoever chooses the rows; a group.

Homomorphic hashing over lattices (Bellare and Micciancio 1997; Lewi, Kim, Maykov, Weis, ePrint 2019/227): every row becomes
1024 numbers of 32 bits by an extendable hash of its content, BLAKE3 here, and rows are added lane by lane. With lanes of
16 bits 65,536 copies of a row would vanish, so they have 32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from sameset.canonical.batches import pack_word
from sameset.canonical.blake3 import PLAIN, derive_key, keyed, output, sum_outputs
from sameset.canonical.contents import RowWriter
from sameset.canonical.forms import AS_IS
from sameset.errors import SpecError, SpecMismatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from sameset.canonical.forms import Form

    Lanes = NDArray[np.uint32]

__all__ = ["LatticeBatch", "LatticeDigest", "LatticeHasher", "LatticeKey", "LatticeSpec", "in_order"]

SCHEME = "lthash32-1024:1"
LANES = 1024
SHORTEST_KEY, LONGEST_KEY = 16, 64
KEY_CONTEXT = "sameset 2026-11-20 lthash32-1024:1 key of the rows"
KEY_ID_CONTEXT = "sameset 2026-11-20 lthash32-1024:1 name of the key"
KEY_ID_BYTES = 8
MOST_TOLD = 5


class LatticeKey:
    """A secret that makes digests of its own; `id` names it and is no secret."""

    def __init__(self, secret: bytes) -> None:
        if not SHORTEST_KEY <= len(secret) <= LONGEST_KEY:
            raise SpecError(
                f"the key of a digest has {SHORTEST_KEY} to {LONGEST_KEY} bytes, not {len(secret)}; make a random one"
            )
        self.derived = derive_key(KEY_CONTEXT, secret)
        self.id = derive_key(KEY_ID_CONTEXT, secret, KEY_ID_BYTES).hex()

    def __repr__(self) -> str:
        return f"LatticeKey(id={self.id!r})"


@dataclass(frozen=True)
class LatticeSpec:
    """What a lattice digest is of: only digests of equal specs are comparable and merge."""

    key: str  #: the name of the key, or empty
    names: tuple[str, ...]  #: of the columns, in the order of their UTF-8 bytes
    digits: int | None = None  #: significant digits that floats are rounded to
    nfc: bool = False  #: whether text is brought into Unicode normalisation form C
    where: str | None = None  #: which rows, as a SQL condition

    def check_equal(self, other: LatticeSpec) -> None:
        """SpecMismatchError with the first field in which two specs differ, and both values."""
        fields = {
            "key": (self.key or "no key", other.key or "no key"),
            "columns": (_more(self.names, other.names), _more(other.names, self.names)),
            "digits": (self.digits, other.digits),
            "nfc": (self.nfc, other.nfc),
            "where": (self.where, other.where),
        }
        for field, (left, right) in fields.items():
            if left != right:
                raise SpecMismatchError(field, left, right)


def _more(names: tuple[str, ...], others: tuple[str, ...]) -> str:
    """The first columns that the others do not have."""
    more = [name for name in names if name not in set(others)]
    return ", ".join(more[:MOST_TOLD]) + (", ..." if len(more) > MOST_TOLD else "") or "no other"


class LatticeBatch(NamedTuple):
    """The rows of one batch, added: how many, and the lanes, uint32 (1024,)."""

    spec: LatticeSpec
    rows: int
    lanes: Lanes


class LatticeHasher:
    """Adds the rows of batches of one schema, their values in a form; UnsupportedTypeError as `family_of`."""

    def __init__(
        self, schema: pa.Schema, key: LatticeKey | None = None, form: Form = AS_IS, where: str | None = None
    ) -> None:
        self._writer = RowWriter(schema, form)
        self._mode = keyed(key.derived) if key else PLAIN
        self.spec = LatticeSpec(key.id if key else "", in_order(schema.names), form.digits, form.nfc, where)

    def hash(self, batch: pa.RecordBatch) -> LatticeBatch:
        """The sum of the rows of a batch of the schema."""
        lanes = np.zeros(LANES, np.uint32)
        for data, offsets in self._writer.write(batch):
            sum_outputs(data, offsets, self._mode, lanes)
        return LatticeBatch(self.spec, batch.num_rows, lanes)


class LatticeDigest:
    """Row count and the sum of all rows, uint32 (1024,), modulo 2^32."""

    def __init__(self, spec: LatticeSpec, rows: int, lanes: Lanes) -> None:
        self.spec = spec
        self.rows = rows
        self.lanes = lanes

    @classmethod
    def empty(cls, spec: LatticeSpec) -> Self:
        """The digest of no rows."""
        return cls(spec, 0, np.zeros(LANES, np.uint32))

    def update(self, batch: LatticeBatch) -> None:
        """Adds the rows of a batch."""
        self.spec.check_equal(batch.spec)
        self.rows += batch.rows
        self.lanes += batch.lanes

    def merge(self, other: Self) -> Self:
        """The digest of the rows of both; SpecMismatchError unless the specs are equal. Operands stay as they are."""
        self.spec.check_equal(other.spec)
        return type(self)(self.spec, self.rows + other.rows, self.lanes + other.lanes)

    def subtract(self, other: Self) -> Self:
        """The digest without the rows of the other; its row count may be negative."""
        self.spec.check_equal(other.spec)
        return type(self)(self.spec, self.rows - other.rows, self.lanes - other.lanes)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, LatticeDigest)
            and (self.spec, self.rows) == (other.spec, other.rows)
            and np.array_equal(self.lanes, other.lanes)
        )

    __hash__ = None  # type: ignore[assignment]  # it changes with update

    @property
    def text(self) -> str:
        """The digest for people and JSON: the scheme, the key's name if there is one, 64 hexadecimal digits (docs/schemes.md)."""
        start = SCHEME + (f":k{self.spec.key}:" if self.spec.key else ":")
        words = [start, *self.spec.names]
        encoded = [pack_word(len(word.encode())) + word.encode() for word in words]
        numbers = pack_word(self.rows % 2**64) + pack_word(len(self.spec.names))
        state = self.lanes.astype("<u4").tobytes()
        return start + output(b"".join([encoded[0], numbers, *encoded[1:], state])).hex()

    def to_bytes(self) -> bytes:
        """The digest as an Arrow IPC file of one row; `from_bytes` reads it back, so does any Arrow reader."""
        from sameset.sketches.lattice_storage import write_lattice

        return write_lattice(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> LatticeDigest:
        """The digest that `to_bytes` wrote; SketchFormatError if the bytes are anything else."""
        from sameset.sketches.lattice_storage import read_lattice

        return read_lattice(data)


def in_order(names: Sequence[str]) -> tuple[str, ...]:
    """Names of columns in the order of their UTF-8 bytes."""
    return tuple(sorted(names, key=str.encode))
