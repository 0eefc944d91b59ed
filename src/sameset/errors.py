"""What can go wrong, as one tree. "Different" is never here: a difference is a result, an error means that we could not know.

SamesetError                 exit code 2, one sentence: what, where, what to do
├── SourceError              a dataset could not be read
│   ├── SchemaError          its columns are not usable: two of one name, a key column that is missing
│   ├── SourceUnavailableError  its server or store does not answer: the same may work later
│   └── UnsupportedTypeError a column has a type that has no canonical form
├── SpecError                what was asked for makes no sense
│   └── SpecMismatchError    two sketches of unequal specs cannot be merged
├── SketchFormatError        bytes that are not a sketch, or one of another version
├── ConfigurationError       sameset.toml, or parameters like it, say what makes no sense
├── ManifestError            a manifest is damaged or of another table, or could not be written or joined
├── RegistryError            the registry could not be read or written
│   ├── RegistryUnavailableError  its server does not answer, or it is locked: the same may work later
│   ├── UnknownDatasetError  it has no dataset or snapshot of that name
│   ├── DamagedSketchError   a sketch in it is not what was recorded
│   └── StaleSnapshotError   somebody recorded a newer snapshot in the meantime
└── MissingExtraError        an optional part is not installed
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "ConfigurationError",
    "DamagedSketchError",
    "ManifestError",
    "MissingExtraError",
    "RegistryError",
    "RegistryUnavailableError",
    "SamesetError",
    "SchemaError",
    "SketchFormatError",
    "SourceError",
    "SourceUnavailableError",
    "SpecError",
    "SpecMismatchError",
    "StaleSnapshotError",
    "UnknownDatasetError",
    "UnsupportedTypeError",
    "listed",
]

LONGEST_NAME = 100


class SamesetError(Exception):
    """Anything that kept sameset from knowing; its text is one sentence for a person."""

    def __reduce__(self) -> tuple[object, ...]:
        """How it comes back from a worker: some kinds are not made from their text alone."""
        return _revived, (type(self), self.args, self.__dict__)


def _revived(kind: type[SamesetError], args: tuple[object, ...], state: dict[str, object]) -> SamesetError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class SourceError(SamesetError):
    """A dataset could not be read."""


class SchemaError(SourceError):
    """The columns of a dataset cannot be used as asked."""


class SourceUnavailableError(SourceError):
    """The server or store of a dataset does not answer, has no connection left or ended the one that there was."""


class UnsupportedTypeError(SourceError):
    """A column has a type that has no canonical form."""

    def __init__(self, column: str, type_name: str) -> None:
        super().__init__(
            f"column {column!r} has type {type_name}, which has no canonical form; cast it to a supported type or leave it out"
        )
        self.column = column
        self.type_name = type_name


class SpecError(SamesetError):
    """What was asked for makes no sense."""


class SpecMismatchError(SpecError):
    """Two sketches of unequal specs cannot be merged."""

    def __init__(self, field: str, left: object, right: object) -> None:
        super().__init__(f"the sketches differ in {field}: {left!r} and {right!r}; sketch both with the same {field}")
        self.field = field
        self.left = left
        self.right = right


class SketchFormatError(SamesetError):
    """Bytes that are not a sketch, or a sketch of a version that this program does not read."""


class ConfigurationError(SamesetError):
    """A file of configuration cannot be read, or says what makes no sense."""


class ManifestError(SamesetError):
    """A manifest is damaged or belongs to another table, or there was no room to write it or to join it."""


class RegistryError(SamesetError):
    """The registry could not be read or written."""


class RegistryUnavailableError(RegistryError):
    """The registry's server does not answer, or another program holds what we wait for; the same may work later."""


class UnknownDatasetError(RegistryError):
    """The registry has no dataset or snapshot of that name."""


class DamagedSketchError(RegistryError):
    """A sketch in the registry is not the bytes that were recorded."""


class StaleSnapshotError(RegistryError):
    """Somebody recorded a newer snapshot of the dataset in the meantime; compare with it and record again."""


class MissingExtraError(SamesetError):
    """An optional part is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f"{what} needs the extra {extra!r}; install it with: pip install 'sameset[{extra}]'")
        self.extra = extra


def listed(names: Iterable[str], most: int = 20) -> str:
    """The first of the names, quoted, and how many more there are: a table may have thousands."""
    every = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..." for name in names]
    return ", ".join(map(repr, every[:most])) + (f" and {len(every) - most} more" if len(every) > most else "")
