"""What to compute: encoding, seed, key and sizes. Two sketches merge only if their specs are equal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypedDict, Unpack

from sameset.canonical.buckets import Bucketing
from sameset.canonical.forms import MOST_DIGITS, Form
from sameset.errors import SchemaError, SketchFormatError, SpecError, SpecMismatchError, listed

__all__ = ["SampleSize", "Spec", "Wanted", "check_equal"]

ENCODINGS = (1,)
LARGEST = 2**24
LONGEST_REASON = 200  # what is quoted in an error comes from the file


def _is_power_of_two(value: int) -> bool:
    return 0 < value <= LARGEST and value & (value - 1) == 0


@dataclass(frozen=True)
class SampleSize:
    """Keeps the `size` smallest hashes together with all below 2^64 / `scaled`, but never more than `cap`."""

    size: int
    scaled: int
    cap: int

    def __post_init__(self) -> None:
        if not (0 < self.size <= self.cap <= LARGEST and 0 < self.scaled < 2**63):
            raise SpecError(f"a sample needs 0 < size <= cap <= {LARGEST} and scaled > 0, not {self}")

    @property
    def limit(self) -> int:
        """Hashes below it are kept until `cap` cuts off."""
        return 2**64 // self.scaled if self.scaled > 1 else 2**64 - 1


class Wanted(TypedDict, total=False):
    """What a user may ask of a sketch; what is None or missing is not asked."""

    digits: int | None
    nfc: bool | None
    columns: Sequence[str] | None
    ignore: Sequence[str] | None
    where: str | None
    key: Sequence[str] | None
    keep_keys: bool | None
    delta_cells: int | None
    bucket_by: str | None


@dataclass(frozen=True)
class Spec:
    """The identity of a table sketch; defaults make one of a few hundred kilobytes."""

    encoding: int = 1
    seed: int = 0
    digits: int | None = None  #: significant decimal digits that floats are rounded to
    nfc: bool = False  #: whether text is brought into Unicode normalisation form C
    columns: tuple[str, ...] | None = None  #: the columns to read; all if None
    ignore: tuple[str, ...] = ()  #: columns to leave out
    where: str | None = None  #: the rows to read, as a SQL condition
    key: tuple[str, ...] = ()
    keep_keys: bool = True  #: whether keys are stored as themselves where they fit, or only as hashes
    rows: SampleSize = SampleSize(4096, 1_000, 65_536)
    values: SampleSize = SampleSize(512, 10_000, 4_096)
    bins: int = 256
    delta_cells: int = 4096
    bucket_by: str | None = None  #: `COLUMN[:HOW]`, as `Bucketing` writes it: keep a digest per bucket; none if empty

    def __post_init__(self) -> None:
        for name in ("key", "ignore", "columns"):
            object.__setattr__(self, name, _as_names(getattr(self, name), name))
        _check_kinds(self)
        if self.bucket_by is not None:
            object.__setattr__(self, "bucket_by", str(Bucketing.parse(self.bucket_by)) if self.bucket_by else None)
        if self.encoding not in ENCODINGS:
            raise SpecError(
                f"encoding version {self.encoding!r} is unknown; this program writes version {ENCODINGS[-1]}"
            )
        if not 0 <= self.seed < 2**64:
            raise SpecError(f"the seed must be in 0 .. 2^64 - 1, not {self.seed}")
        if self.digits is not None and not 1 <= self.digits <= MOST_DIGITS:
            raise SpecError(f"floats can be rounded to 1 to {MOST_DIGITS} significant digits, not {self.digits}")
        if self.columns is not None and not self.columns:
            raise SpecError("no column was chosen; name at least one, or leave the choice out")
        if not _is_power_of_two(self.bins):
            raise SpecError(f"the number of MinHash bins must be a power of two up to 2^24, not {self.bins}")
        if not (_is_power_of_two(self.delta_cells) and self.delta_cells >= 4):
            raise SpecError(f"the number of delta cells must be a power of two, 4 to 2^24, not {self.delta_cells}")

    def altered(self, **wanted: Unpack[Wanted]) -> Spec:
        """The spec with what is wanted; what is None or not given stays."""
        given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        return replace(self, **given)

    def select(self, names: Sequence[str]) -> list[str]:
        """The columns to read of a table of these names, in its order; SchemaError for one that it has not, or if none is left."""
        for name in (*(self.columns or ()), *self.ignore):
            if name not in names:
                raise SchemaError(f"there is no column {name!r}; the columns are {listed(names)}")
        left = [name for name in names if (self.columns is None or name in self.columns) and name not in self.ignore]
        if names and not left:  # tables of as many rows would all be the same
            raise SchemaError("no column is left to compare: all that are asked for are ignored, too; ignore fewer")
        return left

    @property
    def form(self) -> Form:
        """The form that values are brought into."""
        return Form(self.digits, self.nfc)

    @property
    def bucketing(self) -> Bucketing | None:
        """How rows are put into buckets, if they are."""
        return None if self.bucket_by is None else Bucketing.parse(self.bucket_by)

    def to_json(self) -> str:
        """The spec as one line of JSON; younger options are in it only where they are used, so that old programs read the rest."""
        written = {name: value for name, value in asdict(self).items() if name not in _YOUNGER or value is not None}
        return json.dumps(written, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Spec:
        """The spec written by `to_json`; ValueError if it is not one, SketchFormatError if a younger program wrote it."""
        try:
            found = _fields(json.loads(text))
            for name in ("key", "ignore", "columns"):
                found[name] = _names(found[name], name) if name != "columns" or found[name] is not None else None
            for name in ("keep_keys", "nfc"):
                if not isinstance(found[name], bool):
                    raise ValueError(f"{name} is neither true nor false")
            if not isinstance(found["where"], str | None):
                raise ValueError("where is not text")
            for name in ("rows", "values"):
                found[name] = _sample_size(found[name], name)
            _integers({name: found[name] for name in ("encoding", "seed", "bins", "delta_cells")})
            _integers({"digits": 1 if found["digits"] is None else found["digits"]})
            spec = cls(**found)
            if spec.bucket_by != found.get("bucket_by") or found.get("bucket_by", "") is None:
                raise ValueError("bucket_by is not in its one form")
            return spec
        except json.JSONDecodeError:
            raise ValueError("its spec is not JSON") from None
        except (ValueError, RecursionError, SpecError) as error:
            raise ValueError(f"its spec makes no sense: {str(error)[:LONGEST_REASON]}") from error


#: Fields that came after the first version of the stored spec.
_YOUNGER = {"bucket_by"}


def _as_names(given: Any, field: str) -> tuple[str, ...] | None:
    """Names of columns as a tuple, so that specs of the same names are equal; SpecError for one text alone."""
    if given is None and field == "columns":
        return None
    names = () if isinstance(given, str) else tuple(given)
    if isinstance(given, str) or not all(isinstance(name, str) for name in names):
        raise SpecError(f"{field} is a list of column names, not {given!r}")
    return names


def _check_kinds(spec: Spec) -> None:
    """SpecError for a field of another kind than the stored spec has."""
    whole = ["encoding", "seed", "bins", "delta_cells", *(["digits"] if spec.digits is not None else [])]
    for name in whole:
        if type(getattr(spec, name)) is not int:
            raise SpecError(f"{name} is a whole number, not {getattr(spec, name)!r}")
    for name in ("nfc", "keep_keys"):
        if not isinstance(getattr(spec, name), bool):
            raise SpecError(f"{name} is either true or false, not {getattr(spec, name)!r}")
    if not isinstance(spec.bucket_by, str | None):
        raise SpecError(f"bucket_by is a column and how to put rows into buckets by it, not {spec.bucket_by!r}")
    if spec.where is not None and not (isinstance(spec.where, str) and spec.where.strip()):
        raise SpecError(f"the condition where is {spec.where!r}; write one, or leave it out")


def _fields(found: Any) -> dict[str, Any]:
    """The fields of a stored spec, all that belong to it and no other."""
    if not isinstance(found, dict):
        raise ValueError("it is no object of JSON")
    known = {field.name for field in fields(Spec)}
    if more := sorted(set(found) - known):
        raise SketchFormatError(
            f"the sketch was made with an option that this program does not know ({more[0][:LONGEST_REASON]!r}); "
            "use the program that wrote it, or sketch again"
        )
    if lacks := sorted(known - _YOUNGER - set(found)):
        raise ValueError(f"it lacks {lacks[0]!r}")
    return found


def _sample_size(found: Any, field: str) -> SampleSize:
    if not isinstance(found, dict) or set(found) != {each.name for each in fields(SampleSize)}:
        raise ValueError(f"{field} is no size of a sample")
    return SampleSize(**_integers(found))


def _names(found: Any, field: str) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ValueError(f"{field} is not a list of names")
    return tuple(found)


def _integers(found: dict[str, Any]) -> dict[str, int]:
    for name, value in found.items():
        if type(value) is not int:
            raise ValueError(f"{name} is not a whole number")
    return found


def check_equal(left: Spec, right: Spec) -> None:
    """SpecMismatchError with the first field in which two specs differ, and both values."""
    for field in fields(Spec):
        a, b = getattr(left, field.name), getattr(right, field.name)
        if a != b:
            raise SpecMismatchError(field.name, a, b)
