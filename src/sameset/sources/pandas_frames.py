"""A pandas frame as an Arrow table, and what of its columns of Python objects would silently become something else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa

from sameset.errors import SchemaError, SourceError
from sameset.sources.scan import reading

__all__ = ["from_pandas"]

#: What the objects of a column may be, the first that fits; of two kinds in one column Arrow makes one, and cuts the time
#: off dates and texts down to bytes.
KINDS: dict[str, tuple[type, ...]] = {
    "texts": (str,),
    "bytes": (bytes, bytearray, memoryview),
    "booleans": (bool, np.bool_),
    "timestamps": (dt.datetime,),
    "dates": (dt.date,),
    "times": (dt.time,),
    "durations": (dt.timedelta,),
    "sets": (set, frozenset),
    "dicts": (dict,),
    "lists": (list, tuple, np.ndarray),
}


def from_pandas(frame: Any, address: str) -> pa.Table:
    """The frame as a pyarrow table, the named levels of its index first.

    Raises:
        SchemaError: a level of the index is called like a column.
        SourceError: a column cannot be converted, or not without loss.
    """
    levels = [name for name in frame.index.names if name is not None]
    if shared := [name for name in levels if name in frame.columns]:
        raise SchemaError(f"{address} has {shared[0]!r} both in its columns and in its index; rename one of them")
    if levels:
        frame = frame.reset_index(level=levels)
    for i, name in enumerate(frame.columns):
        if frame.dtypes.iloc[i].name == "object":
            _refuse_loss(list(frame.iloc[:, i]), f"{address} has", f"in column {name!r}")
    if not len(frame.columns):  # Arrow would forget how many rows there are
        return pa.table({"row": pa.nulls(len(frame))}).select([])
    with reading(address):
        try:
            return pa.Table.from_pandas(frame, preserve_index=False)
        except OverflowError as error:  # the only error that does not tell the column
            raise SourceError(f"{address} has {_too_large(frame)}; convert it to text or decimals") from error
        except pa.ArrowException as error:  # pyarrow adds the column as a second argument
            raise SourceError(f"{address} cannot be read: {'; '.join(map(str, error.args))}") from error


def _too_large(frame: Any) -> str:
    """Which column holds an integer that Arrow has no type for beside the others."""
    for i, name in enumerate(frame.columns):
        try:
            pa.array(frame.iloc[:, i], from_pandas=True)
        except OverflowError:
            return f"an integer of too many bits for its type in column {name!r}"
        except pa.ArrowException:
            continue
    return "an integer of too many bits for its type"


def _refuse_loss(values: list[Any], told: str, where: str) -> None:
    """Nothing, unless the values, or those within lists and dicts, are of several kinds, or more than Arrow would keep."""
    classes = set(map(type, values))
    kinds = sorted({kind for each in classes if each.__name__ != "NaTType" and (kind := _kind_of(each))})
    if "booleans" in kinds and any(map(_is_number, values)):
        kinds.append("numbers")
    if len(kinds) > 1:
        raise SourceError(f"{told} both {kinds[0]} and {kinds[1]} {where}; convert them to one type")
    if kinds == ["sets"]:
        raise SourceError(f"{told} sets {where}, which have no order; convert them to sorted lists")
    # NaT, the missing time of pandas, is equal to nothing.
    if kinds == ["timestamps"] and len({value.tzinfo is None for value in values if _is_time(value)}) > 1:
        raise SourceError(f"{told} timestamps with and without a zone {where}; give all of them one")
    if kinds == ["times"] and any(isinstance(value, dt.time) and value.tzinfo for value in values):
        raise SourceError(
            f"{told} times of a day with a zone {where}, which Arrow has not; take it off, or write texts"
        )
    if {"timestamps", "durations"} & set(kinds) and any(map(_nanoseconds, values)):
        raise SourceError(f"{told} nanoseconds in objects {where}; convert the column with infer_objects()")
    for inner in _within(values, kinds):
        _refuse_loss(inner, told, where)


def _within(values: list[Any], kinds: list[str]) -> list[list[Any]]:
    """What the lists of a column hold, or the dicts, by key: the columns that Arrow makes of it."""
    if kinds == ["lists"]:
        objects = (value for value in values if isinstance(value, list | tuple) or _holds_objects(value))
        return [[item for value in objects for item in value]]
    if kinds != ["dicts"]:
        return []
    fields: dict[Any, list[Any]] = {}
    for value in values:
        for key, item in value.items() if isinstance(value, dict) else ():
            fields.setdefault(key, []).append(item)
    return list(fields.values())


def _kind_of(python_type: type) -> str | None:
    return next((kind for kind, types in KINDS.items() if issubclass(python_type, types)), None)


def _holds_objects(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.dtype(object)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return bool(is_number and value == value)


def _is_time(value: Any) -> bool:
    return isinstance(value, dt.datetime) and value == value


def _nanoseconds(value: Any) -> int:
    """What a time of pandas has beyond its microseconds, of which Arrow makes nothing."""
    if not isinstance(value, dt.datetime | dt.timedelta) or value != value:
        return 0
    return int(getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0))
