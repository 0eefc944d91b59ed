"""The exact delta of two tables by a join of their manifests, a range of row hashes at a time, in bounded memory."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from sameset.comparison.delta import Delta, delta_of_rows, explains
from sameset.errors import ManifestError, SketchFormatError
from sameset.execution.manifests import Manifest, open_manifest, temporary_manifest
from sameset.execution.scanning import silent
from sameset.execution.spills import LANE_BITS
from sameset.kernels.keys import LANE_BYTES
from sameset.sketches.delta import DifferingRow
from sameset.sources.files import sql_path
from sameset.sources.interrupts import apart, interruptible
from sameset.sources.scan import connect, text_literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sameset.execution.resources import Resources
    from sameset.execution.row_lines import LineStore
    from sameset.execution.scanning import Progress
    from sameset.sketches.spec import Spec
    from sameset.sketches.table import TableSketch
    from sameset.sources.base import Source

__all__ = ["MOST_ROWS", "JoinSide", "can_join", "join_delta", "join_manifests", "notes_of_join"]

# Lists are for people; beyond so many differing rows they hold the first ones, and counts alone are exact. A row takes
# about a kibibyte as Python objects: an eighth of the memory.
MOST_ROWS = 1_000_000
BYTES_PER_LISTED_ROW = 8 << 10
# A row in DuckDB's hash table, with what reading and partitions take. 4 million rows at a time for 2 GiB.
BYTES_PER_JOINED_ROW = 256

ROWS_AT_ONCE = 1 << 17

TABLE = "create temp table differing (row_1 ubigint, row_2 ubigint, times bigint {declared})"
DIFFERING = """
    insert into differing
    select row_1, row_2, coalesce(r.times, 0) - coalesce(l.times, 0) {either}
    from (from right_rows where row_1 >= $low and row_1 < $high) r
    full join (from left_rows where row_1 >= $low and row_1 < $high) l using (row_1, row_2)
    where r.times is distinct from l.times
"""
SUMS = """
    select count(*)::bigint, coalesce(sum(times), 0),
        coalesce(sum(times::hugeint * row_1), 0), coalesce(sum(times::hugeint * row_2), 0),
        coalesce(sum(abs(times)) filter (where row_1 = 0), 0), coalesce(sum(abs(times)) filter (where row_2 = 0), 0)
    from differing
"""
PER_KEY = """
    create temp table per_key as
    select coalesce(sum(times) filter (where times > 0), 0)::bigint as came,
        coalesce(-sum(times) filter (where times < 0), 0)::bigint as went {keys}
    from differing group by all
"""
TOTALS = """
    select coalesce(sum(greatest(came - went, 0)), 0), coalesce(sum(greatest(went - came, 0)), 0),
        coalesce(sum(least(came, went)), 0)
    from per_key
"""
TOTALS_WITHOUT_KEY = "select coalesce(sum(came), 0), coalesce(sum(went), 0), 0 from per_key"
ORDERED = "select row_1, row_2, times {keys} from differing order by {order} times > 0, row_1, row_2"
ALL = "select row_1, row_2, times {keys} from differing"
FIRST_KEYS = "(from per_key where {condition} order by {order} limit $some)"
FIRST = "select row_1, row_2, times {keys} from differing semi join ({chosen}) using ({order}) order by {order} limit $limit"
FIRST_WITHOUT_KEY = """
    (select row_1, row_2, times from differing where times > 0 order by all limit $limit) union all
    (select row_1, row_2, times from differing where times < 0 order by all limit $limit)
"""


@dataclass(frozen=True)
class JoinSide:
    """One table of a join: its sketch, and where its rows are: in a manifest, or in a source to be read again."""

    sketch: TableSketch
    source: Source | None = None
    manifest: Path | None = None

    def usable_manifest(self, spec: Spec) -> Path | None:
        """The manifest, if it has keys as a table sketched by `spec` has them."""
        same = not spec.key or self.sketch.spec.keep_keys == spec.keep_keys
        return self.manifest if same else None

    def is_there(self, spec: Spec) -> bool:
        """Whether its rows can be had."""
        return self.source is not None or self.usable_manifest(spec) is not None


def can_join(left: JoinSide, right: JoinSide) -> bool:
    """Whether two tables have columns and keys of the same names, and the rows of both can be had."""
    specs = left.sketch.spec, right.sketch.spec
    alike = set(left.sketch.names) == set(right.sketch.names) and set(specs[0].key) == set(specs[1].key)
    return alike and left.is_there(specs[0]) and right.is_there(specs[0])


def join_delta(
    left: JoinSide,
    right: JoinSide,
    resources: Resources,
    progress: Progress = silent,
    store: LineStore | None = None,
) -> Delta:
    """The exact delta of two tables that can be joined; one without a manifest is read again for a temporary one.

    Where more rows differ than a delta lists, the `store` takes all of them.

    Raises ManifestError for a manifest that is not its table's, and where memory or disk do not suffice; SourceError for a
    source that cannot be read again, or changed.
    """
    spec = left.sketch.spec
    with ExitStack() as stack:
        one, two = (stack.enter_context(_manifest_of(side, spec, resources, progress)) for side in (left, right))
        return join_manifests((one, left.sketch), (two, right.sketch), resources, progress, store)


def notes_of_join(left: JoinSide, right: JoinSide, delta: Delta) -> tuple[str, ...]:
    """How the delta of a join was found, and whether its lists hold all rows."""
    spec = left.sketch.spec
    stored = [name for name, side in (("left", left), ("right", right)) if side.usable_manifest(spec)]
    how = {
        0: "both tables were read again and joined",
        1: f"the manifest of the {''.join(stored)} table was joined with the other one, which was read again",
        2: "the manifests of both tables were joined",
    }[len(stored)]
    notes = [f"more rows differ than a sketch can list; {how}"]
    if delta.totals is not None:
        listed = sum(map(len, (delta.added, delta.removed, delta.changed)))
        notes.append(f"the counts are exact; the lists hold {listed:,} of the rows")
    return tuple(notes)


@contextmanager
def _manifest_of(side: JoinSide, spec: Spec, resources: Resources, progress: Progress) -> Iterator[Manifest]:
    path = side.usable_manifest(spec)
    if path is not None:
        yield open_manifest(path, side.sketch)
        return
    assert side.source is not None
    whole = replace(spec, columns=None, ignore=(), where=None)
    with temporary_manifest(side.source, side.sketch, whole, resources, progress) as manifest:
        yield manifest


def join_manifests(
    left: tuple[Manifest, TableSketch],
    right: tuple[Manifest, TableSketch],
    resources: Resources,
    progress: Progress = silent,
    store: LineStore | None = None,
) -> Delta:
    """The delta of the tables of two manifests, with exact counts however many rows differ.

    All rows are listed up to MOST_ROWS, fewer where memory is short; beyond it the first of each list, and a `store` has all.
    """
    lanes = max(left[0].key_lanes, right[0].key_lanes)
    most = min(MOST_ROWS, resources.memory // BYTES_PER_LISTED_ROW)
    with _told(resources), _connected(resources) as con:
        for name, (manifest, _) in (("left_rows", left), ("right_rows", right)):
            con.execute(_view(name, manifest, lanes))
        con.execute(_filled(TABLE, lanes))
        _join_ranges(con, left[0].entries + right[0].entries, lanes, resources, progress)
        entries, times, *sums = con.execute(SUMS).fetchall()[0]
        if not explains(times, sums[:2], sums[2:], left[1].digest, right[1].digest):
            raise ManifestError(
                "the manifests do not account for the difference of the sketches; at least one was tampered with: write both anew"
            )
        key = left[1].spec.key
        if entries <= most:
            return delta_of_rows(_rows(con, _filled(ALL, lanes), {}), key)
        if store is not None:
            store.fill(_in_order(con, lanes), key, lanes)
        return _cut(con, lanes, most, key)


@contextmanager
def _connected(resources: Resources) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that takes half of the memory: the program and the listed rows need theirs, and DuckDB takes some more."""
    with TemporaryDirectory(dir=resources.folder, prefix="sameset-") as folder, connect() as con:
        con.execute(f"set memory_limit = '{resources.memory // 2 >> 20}MiB'")
        con.execute(f"set temp_directory = {text_literal(folder)}")
        con.execute("set parquet_metadata_cache = true")  # a range is a query, and asks for the footers again
        yield con


def _view(name: str, manifest: Manifest, lanes: int) -> str:
    """Rows of a manifest; keys of a narrower one are filled up with the zeros that end every key."""
    keys = [f"key_{i + 1}" if i < manifest.key_lanes else f"0::ubigint as key_{i + 1}" for i in range(lanes)]
    columns = ", ".join(["row_1", "row_2", "count::bigint as times", *keys])
    return f"create temp view {name} as select {columns} from read_parquet({sql_path(str(manifest.path))})"  # noqa: S608 - ours


def _filled(query: str, lanes: int) -> str:
    """A query above with the columns of the key."""
    names = [f"key_{i + 1}" for i in range(lanes)]
    return query.replace("{order}", "{{order}}").format(
        declared="".join(f", {name} ubigint" for name in names),
        either="".join(f", coalesce(r.{name}, l.{name})" for name in names),
        keys="".join(f", {name}" for name in names),
    )


def _join_ranges(
    con: duckdb.DuckDBPyConnection, rows: int, lanes: int, resources: Resources, progress: Progress
) -> None:
    """Fills `differing`; hashes are uniform, so that ranges of equal width have about equally many rows."""
    ranges = max(1, -(-rows * BYTES_PER_JOINED_ROW * 2 // resources.memory))
    query, end = _filled(DIFFERING, lanes), 1 << LANE_BITS
    for i in range(ranges):
        values = {"low": end * i // ranges, "high": end * (i + 1) // ranges}
        apart(partial(_execute, con, query, values))
        progress(rows * (i + 1) // ranges - rows * i // ranges)


def _execute(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, int]) -> None:
    """Runs a query that gives no rows, by the one thread that interrupts reach: the connection is older than that thread."""
    with interruptible(con.interrupt):
        con.execute(query, values)


def _in_order(con: duckdb.DuckDBPyConnection, lanes: int) -> Iterator[NDArray[np.uint64]]:
    """All differing rows by their keys, of one key those that went first, sorted out of core: hash, times, words of the key."""
    query = _filled(ORDERED, lanes).replace("{order}", "".join(f"key_{i + 1}, " for i in range(lanes)))
    for batch in con.sql(query).to_arrow_reader(ROWS_AT_ONCE):
        yield np.stack([column.to_numpy().view(np.uint64) for column in batch.columns], axis=1)


def _cut(con: duckdb.DuckDBPyConnection, lanes: int, most: int, key: Sequence[str]) -> Delta:
    """The delta of more rows than can be listed: exact counts, and of each list the first ones by their packed keys."""
    apart(partial(_execute, con, _filled(PER_KEY, lanes), {}))
    totals = con.execute(TOTALS if key else TOTALS_WITHOUT_KEY).fetchall()[0]
    limit = most // 4  # a changed row is two
    if key:
        delta = delta_of_rows(_first_by_key(con, lanes, limit), key)
    else:
        delta = delta_of_rows(_rows(con, FIRST_WITHOUT_KEY, {"limit": limit}), key)
    added, removed, changed = (rows[:limit] for rows in (delta.added, delta.removed, delta.changed))
    return Delta(added, removed, changed, totals)


def _first_by_key(con: duckdb.DuckDBPyConnection, lanes: int, limit: int) -> list[DifferingRow]:
    """All rows of the first keys that have added, removed and changed rows, for a row is paired within its key.

    The last key goes if not all of its rows fit: one of very many rows is no key.
    """
    order = ", ".join(f"key_{i + 1}" for i in range(lanes))
    conditions = ("came > went", "went > came", "least(came, went) > 0")
    chosen = " union all ".join(FIRST_KEYS.format(condition=condition, order=order) for condition in conditions)
    query = _filled(FIRST.replace("{chosen}", chosen).replace("{order}", order), lanes)
    rows = list(_rows(con, query, {"some": limit, "limit": 4 * limit + 1}))
    if len(rows) <= 4 * limit:
        return rows
    return [row for row in rows if row.packed_key != rows[-1].packed_key]


def _rows(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, int]) -> Iterator[DifferingRow]:
    found = con.execute(query, values)
    while some := found.fetchmany(10_000):
        for one, two, times, *words in some:
            packed = b"".join(word.to_bytes(8, "little")[:LANE_BYTES] for word in words)
            yield DifferingRow(packed, (one, two), times)


@contextmanager
def _told(resources: Resources) -> Iterator[None]:
    """Within it, what DuckDB has to say becomes a ManifestError of one sentence."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise ManifestError(_shortage(resources, str(error))) from error
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        if "No space left" in str(error) or "max_temp_directory_size" in str(error):
            raise ManifestError(_shortage(resources, "max_temp_directory_size")) from error
        told = str(error).splitlines()[0][:200]
        raise ManifestError(f"the manifests cannot be joined ({told}); write both anew") from error
    except SketchFormatError as error:  # a key that is none
        raise ManifestError(f"the manifests cannot be joined: {error}") from error
    except OSError as error:
        raise ManifestError(
            f"{resources.folder} cannot be written into: {error.strerror}; choose another --temp"
        ) from error


def _shortage(resources: Resources, told: str) -> str:
    if "max_temp_directory_size" in told:
        return f"the disk of {resources.folder} is too full to join the manifests; free some space, or choose another --temp"
    return f"{resources.memory >> 20} MiB are too little memory to join the manifests; raise --memory-limit"
