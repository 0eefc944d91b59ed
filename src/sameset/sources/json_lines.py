"""JSON lines: one object per line; what some lines lack is missing there.

The columns are all keys of all lines, of all files if there are several. JSON says what is text, number or true, so
only texts that are all dates or times become these (JSON has no other way to write them). A number with a point is a
double, as in most languages; one that needs more than 17 digits would lose some and is refused, and so are objects and
lists as values. A column whose type is given takes texts, numbers and booleans alike; numbers with a point that would not
stay as they are written (all of them in a column of texts, more than 15 digits in one of decimals) are refused.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from sameset.errors import SchemaError, SourceError
from sameset.sources.file_sets import FileSet
from sameset.sources.files import (
    LONGEST_SIGN,
    attach_stores,
    open_bytes,
    open_stream,
    readable_file,
    refuse_packed,
    sql_path,
)
from sameset.sources.given_types import checked_types, restored_halves
from sameset.sources.scan import Layout, ScannedSource, quoted, text_literal, unique_names
from sameset.sources.text_types import NUMBERS, TEMPORAL, TextColumn, ask, typed, types_of_texts

__all__ = ["JsonLinesSource"]

FIRST_LINES = 1_000
LONGEST_LINE = 1 << 24  # DuckDB's own limit, too: lines are never held that no reader takes
MOST_LEVELS = 128  # of objects and lists in each other, DuckDB's own
MOST_KEYS = 10_000  # minutes to find their types; where ids are keys there are soon millions of them
KINDS_AT_ONCE = 1_000  # simple aggregates: those of 200 columns
#: The first sign of a JSON value tells what it is; what is left are numbers, NaN and Infinity.
KINDS = {"text": "'\"'", "boolean": "'t', 'f'", "object or list": "'{', '['"}
FAMILIES: dict[str | None, tuple[str, ...]] = {"text": TEMPORAL, "number": NUMBERS, "boolean": ("boolean",)}
FRACTION = "[0-9]+[.][0-9]+(?:[eE][+-]?[0-9]+)?"


class JsonLinesSource(ScannedSource):
    """The rows of one or more files of JSON objects, one per line, also compressed (.gz, .zst)."""

    def __init__(self, files: FileSet, schema: pa.Schema | None = None) -> None:
        super().__init__(files.address)
        self._files = files
        self._schema = pa.schema([]) if schema is None else schema

    def files_read(self) -> Sequence[str]:
        return self._files.files

    def _register(self, con: duckdb.DuckDBPyConnection) -> None:
        attach_stores(con, self._files.files)

    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        for file in self._files.files:
            readable_file(file)
        try:
            return self._found(con)
        except duckdb.Error as error:
            for file in self._files.files:
                with open_stream(file) as stream:
                    refuse_packed(file, bytes(stream.read(LONGEST_SIGN)))
            for file, line, why in self._broken_lines():
                told = f"{file} is not JSON lines: line {line} {why}; write one object of JSON per line"
                raise SourceError(told) from error
            raise

    def _found(self, con: duckdb.DuckDBPyConnection) -> Layout:
        names = self._keys(con)
        if not names:
            raise SchemaError(f"{self.address} has no columns: none of its objects has a key")
        self._files.refuse_shared(names)
        identifiers = unique_names(names)
        kinds = self._kinds(con, names, identifiers)
        texts = self._values(names, identifiers, "VARCHAR")
        types = self._types(con, texts, dict(zip(names, identifiers, strict=True)), kinds)
        cells = [f"{typed(name, type_)} AS {quoted(name)}" for name, type_ in zip(identifiers, types, strict=True)]
        nested = {i: "JSON object or list" for i, found in enumerate(kinds) if found == ("object or list",)}
        keys = tuple(self._files.partitions)
        relation = f"(SELECT {', '.join([*cells, *map(quoted, keys)])} FROM {texts})"  # noqa: S608 - names are quoted
        return Layout(relation, (*names, *keys), restored_halves(names, self._schema), nested)

    def _types(
        self, con: duckdb.DuckDBPyConnection, texts: str, identifiers: dict[str, str], kinds: list[tuple[str, ...]]
    ) -> list[str]:
        """The SQL type of each column, given or found."""
        if any("number" in found for found in kinds):
            self._refuse_long_fractions(con)
        given = checked_types(con, texts, identifiers, self._schema, self._place_of, empty_is_missing=False)
        unknown = {
            name: found[0] if found else None
            for name, found in zip(identifiers, kinds, strict=True)
            if name not in given
        }
        columns = [TextColumn(identifiers[name], FAMILIES.get(kind, ())) for name, kind in unknown.items()]
        types = given | dict(zip(unknown, types_of_texts(con, texts, columns), strict=True))
        for name, kind in unknown.items():
            if kind == "number" and types[name] == "VARCHAR":
                raise SourceError(
                    f"{self.address} has numbers in {name!r} that no number type holds; write them as texts"
                )
        numbers = [name for name, found in zip(identifiers, kinds, strict=True) if "number" in found]
        self._refuse_rounded(con, [name for name in numbers if types[name].startswith("DECIMAL")])
        self._refuse_rewritten(con, identifiers, [name for name in numbers if types[name] == "VARCHAR"])
        return [types[name] for name in identifiers]

    def _place_of(self, name: str, text: str) -> str:
        """File and line of the first object with a value in a key."""
        for file, line, value in self._lines(parse_int=str, parse_float=str, parse_constant=str):
            if isinstance(value, dict) and name in value and str(value[name]) in (text, text.title()):
                return f"{file} in line {line}"
        return self.address

    def _objects(self) -> str:
        """The table expression with each line as one value, `json`."""
        return self._files.named(f"read_ndjson_objects({self._scanned()})")

    def _scanned(self) -> str:
        return f"[{', '.join(map(sql_path, self._files.files))}], {self._files.folder_options()}"

    def _values(self, names: list[str], identifiers: list[str], sql_type: str) -> str:
        """The table expression with the value of each key, as JSON or as text."""
        if names == identifiers:
            columns = ", ".join(f"{text_literal(name)}: '{sql_type}'" for name in names)
            scan = f"read_json({self._scanned()}, format = 'newline_delimited', columns = {{{columns}}})"
            return self._files.named(scan)
        # Keys that differ only in case cannot be columns of one struct; pointers tell them apart.
        pointers = ", ".join(text_literal("/" + name.replace("~", "~0").replace("/", "~1")) for name in names)
        extract = "json_extract" if sql_type == "JSON" else "json_extract_string"
        cells = ", ".join(f"x[{i}] AS {quoted(name)}" for i, name in enumerate(identifiers, 1))
        keys = "".join(f", {quoted(key)}" for key in self._files.partitions)
        values = f"(SELECT {extract}(json, [{pointers}]) AS x{keys} FROM {self._objects()})"  # noqa: S608 - literals
        return f"(SELECT {cells}{keys} FROM {values})"  # noqa: S608 - names are quoted

    def _keys(self, con: duckdb.DuckDBPyConnection) -> list[str]:
        """All keys: in the order of the first lines, then those that only later lines have, sorted."""
        found: set[str] = set()
        query = f"SELECT DISTINCT json_type(json), json_keys(json) FROM {self._objects()}"  # noqa: S608 - literals
        for type_, keys in con.sql(query).fetchall():
            if type_ != "OBJECT":
                raise SourceError(
                    f"{self.address} has a line that is no JSON object ({type_}); write one object per line"
                )
            if len(set(keys)) < len(keys):
                repeated = next(key for key in keys if keys.count(key) > 1)
                raise SchemaError(f"{self.address} has an object with the key {repeated!r} twice; rename one of them")
            found.update(keys)
            if len(found) > MOST_KEYS:
                raise SchemaError(
                    f"{self.address} has more than {MOST_KEYS:,} different keys; each is a column, so write names that are "
                    "data (ids, dates) as values"
                )
        first: dict[str, None] = {}
        for _, _, values in itertools.islice(self._lines(), FIRST_LINES):
            first.update(dict.fromkeys(values if isinstance(values, dict) else ()))
        return [key for key in first if key in found] + sorted(found - set(first))

    def _kinds(self, con: duckdb.DuckDBPyConnection, names: list[str], identifiers: list[str]) -> list[tuple[str, ...]]:
        """What each column holds: text, boolean, number, object or list, several of them only where its type is given."""
        questions = []
        for name in map(quoted, identifiers):
            signs, others = f"left(CAST({name} AS VARCHAR), 1)", ", ".join(KINDS.values())
            asked = [f"bool_or({signs} IN ({kind}))" for kind in KINDS.values()]
            questions.append(
                [*asked, f"bool_or({signs} NOT IN ({others}, 'n'))", f"bool_or(CAST({name} AS VARCHAR) = '\"\"')"]
            )
        answers = ask(con, self._values(names, identifiers, "JSON"), questions, KINDS_AT_ONCE)
        kinds: list[tuple[str, ...]] = []
        for name, (*signs_found, has_empty_text) in zip(names, answers, strict=True):
            found = [kind for kind, held in zip((*KINDS, "number"), signs_found, strict=True) if held]
            if len(found) > 1 and (name not in self._schema.names or "object or list" in found):
                raise SchemaError(
                    f"{self.address} has both {found[0]} and {found[1]} in {name!r}; write all of one kind"
                )
            # An empty text is no date, and is not missing either.
            kinds.append(("text with empty ones", *found[1:]) if has_empty_text else tuple(found))
        return kinds

    def _refuse_long_fractions(self, con: duckdb.DuckDBPyConnection) -> None:
        """Nothing, if every number with a point has at most 17 digits; the reader would round a longer one."""
        without_texts = """regexp_replace(json, '"(?:[^"\\\\]|\\\\.)*"', '', 'g')"""
        most = self._most_digits(con, f"regexp_extract_all({without_texts}, '{FRACTION}')", 17)
        if most > 17:
            raise SourceError(
                f"{self.address} has a number with a point and {most} digits, which JSON readers round; "
                "write such numbers as texts, or use CSV or Parquet"
            )

    def _refuse_rounded(self, con: duckdb.DuckDBPyConnection, decimals: list[str]) -> None:
        """Nothing, if every number with a point in columns of decimals has at most 15 digits, which doubles keep."""
        for name in decimals:
            key = text_literal(json.dumps(name, ensure_ascii=False))
            pattern = f"regexp_escape({key}) || '\\s*:\\s*-?({FRACTION})'"
            most = self._most_digits(con, f"regexp_extract_all(json, {pattern}, 1)", 15)
            if most > 15:
                raise SourceError(
                    f"{self.address} has a number with a point and {most} digits in {name!r}, which JSON readers round; "
                    "write such numbers as texts, or use CSV or Parquet"
                )

    def _most_digits(self, con: duckdb.DuckDBPyConnection, numbers: str, beyond: int) -> int:
        """The most digits of the numbers that a SQL expression finds in a line, if some have more than `beyond`, else 0."""
        digits = "trim(replace(regexp_replace(n, '[eE].*', ''), '.', ''), '0')"
        most_digits = f"list_max([length({digits}) FOR n IN {numbers}])"
        # Few lines have so many digits and points in a row; only those are looked at closely.
        longest = f"max(CASE WHEN regexp_matches(json, '[0-9.]{{{beyond + 2}}}') THEN {most_digits} END)"
        (most,) = con.sql(f"SELECT {longest} FROM {self._objects()}").fetchall()[0]  # noqa: S608 - literals
        return int(most or 0)

    def _refuse_rewritten(self, con: duckdb.DuckDBPyConnection, identifiers: dict[str, str], texts: list[str]) -> None:
        """Nothing, if no number in columns of texts has a point or an exponent: the reader writes `1.10` as `1.1`."""
        relation = self._values(list(identifiers), list(identifiers.values()), "JSON")
        for name in texts:
            number = f"CAST({quoted(identifiers[name])} AS VARCHAR)"
            query = f"SELECT bool_or(regexp_matches({number}, '^-?[0-9]+[.eE]')) FROM {relation} AS source"  # noqa: S608
            if con.sql(query).fetchall() == [(True,)]:
                raise SourceError(
                    f"{self.address} has numbers with a point in {name!r}, a column of texts, and JSON readers do not keep "
                    "how these are written; write them as texts"
                )

    def _lines(self, **parsing: Any) -> Iterator[tuple[str, int, Any]]:
        """File, number and value of each line, up to the first of a file that is no JSON."""
        for name in self._files.files:
            with open_bytes(name) as file:
                for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), 1):
                    if not line.strip():
                        continue
                    try:
                        if len(line) > LONGEST_LINE:
                            raise OverflowError
                        yield name, number, json.loads(line.decode(), **parsing)
                    except (ValueError, RecursionError, OverflowError) as error:
                        yield name, number, error
                        break

    def _broken_lines(self) -> Iterator[tuple[str, int, str]]:
        """File, number and fault of the first line that Python's JSON reader cannot read either."""
        for file, number, value in self._lines():
            if isinstance(value, RecursionError) or _is_deep(value):
                yield file, number, "is nested too deeply"
            elif isinstance(value, OverflowError):
                yield file, number, "is longer than 16 MiB"
            elif isinstance(value, ValueError) and "UTF-8 BOM" in str(value):
                yield file, number, "begins with a byte order mark, which is to be left out"
            elif isinstance(value, UnicodeDecodeError):
                yield file, number, "is not UTF-8"
            elif isinstance(value, ValueError):
                yield file, number, f"cannot be read ({str(value).split(': line')[0]})"
            elif not isinstance(value, dict):
                yield file, number, "is no JSON object"
            elif not _is_unicode(value):
                yield file, number, "has one half of a pair of \\u escapes without the other"


def _is_deep(value: Any) -> bool:
    """Whether a value has more levels than DuckDB reads; Python's own limit is what a process has set."""
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            part
            for one in level
            if isinstance(one, (dict, list))
            for part in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return any(isinstance(one, (dict, list)) for one in level)


def _is_unicode(value: Any) -> bool:
    try:
        return bool(json.dumps(value, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return False
