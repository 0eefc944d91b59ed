"""JSON lines: one object per line; what some lines lack is missing there.

The columns are all keys of all lines. JSON says what is text, number or true, so only texts that are all dates or
times become these (JSON has no other way to write them). A number with a point is a double, as in most languages;
one that needs more than 17 digits would lose some and is refused, and so are objects and lists as values.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import duckdb

from sameset.errors import SchemaError, SourceError
from sameset.sources.files import open_bytes, readable_file, sql_path
from sameset.sources.scan import Layout, ScannedSource, quoted, text_literal, unique_names
from sameset.sources.text_types import NUMBERS, TEMPORAL, TextColumn, typed, types_of_texts

__all__ = ["JsonLinesSource"]

FIRST_LINES = 1_000
#: The first sign of a JSON value tells what it is; what is left are numbers, NaN and Infinity.
KINDS = {"text": "'\"'", "boolean": "'t', 'f'", "object or list": "'{', '['"}
FAMILIES: dict[str | None, tuple[str, ...]] = {"text": TEMPORAL, "number": NUMBERS, "boolean": ("boolean",)}
FRACTION = "[0-9]+[.][0-9]+(?:[eE][+-]?[0-9]+)?"


class JsonLinesSource(ScannedSource):
    """The rows of a file of JSON objects, one per line, also compressed (.gz, .zst)."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._path = path

    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        readable_file(self._path)
        try:
            return self._found(con)
        except duckdb.Error as error:
            for line, why in self._broken_lines():
                raise SourceError(f"{self.address} is not JSON lines: line {line} {why}") from error
            raise

    def _found(self, con: duckdb.DuckDBPyConnection) -> Layout:
        names = self._keys(con)
        if not names:
            raise SchemaError(f"{self.address} has no columns: none of its objects has a key")
        identifiers = unique_names(names)
        kinds = self._kinds(con, names, identifiers)
        if "number" in kinds:
            self._refuse_long_fractions(con)
        texts = self._values(names, identifiers, "VARCHAR")
        columns = [TextColumn(name, FAMILIES.get(kind, ())) for name, kind in zip(identifiers, kinds, strict=True)]
        types = types_of_texts(con, texts, columns)
        for name, kind, type_ in zip(names, kinds, types, strict=True):
            if kind == "number" and type_ == "VARCHAR":
                raise SourceError(
                    f"{self.address} has numbers in {name!r} that no number type holds; write them as texts"
                )
        cells = (f"{typed(name, type_)} AS {quoted(name)}" for name, type_ in zip(identifiers, types, strict=True))
        nested = {i: "JSON object or list" for i, kind in enumerate(kinds) if kind == "object or list"}
        relation = f"(SELECT {', '.join(cells)} FROM {texts})"  # noqa: S608 - names are quoted
        return Layout(relation, tuple(names), refused=nested)

    def _objects(self) -> str:
        """The table expression with each line as one value, `json`."""
        return f"read_ndjson_objects({sql_path(self._path)})"

    def _values(self, names: list[str], identifiers: list[str], sql_type: str) -> str:
        """The table expression with the value of each key, as JSON or as text."""
        if names == identifiers:
            columns = ", ".join(f"{text_literal(name)}: '{sql_type}'" for name in names)
            return f"read_json({sql_path(self._path)}, format = 'newline_delimited', columns = {{{columns}}})"
        # Keys that differ only in case cannot be columns of one struct; pointers tell them apart.
        pointers = ", ".join(text_literal("/" + name.replace("~", "~0").replace("/", "~1")) for name in names)
        extract = "json_extract" if sql_type == "JSON" else "json_extract_string"
        cells = ", ".join(f"x[{i}] AS {quoted(name)}" for i, name in enumerate(identifiers, 1))
        values = f"(SELECT {extract}(json, [{pointers}]) AS x FROM {self._objects()})"  # noqa: S608 - literals
        return f"(SELECT {cells} FROM {values})"  # noqa: S608 - names are quoted

    def _keys(self, con: duckdb.DuckDBPyConnection) -> list[str]:
        """All keys: in the order of the first lines, then those that only later lines have, sorted."""
        found: set[str] = set()
        query = f"SELECT DISTINCT json_type(json), json_keys(json) FROM {self._objects()}"  # noqa: S608 - literals
        for type_, keys in con.sql(query).fetchall():
            if type_ != "OBJECT":
                raise SourceError(
                    f"{self.address} has a line that is no JSON object ({type_}); write one object per line"
                )
            if repeated := next((key for key in keys if keys.count(key) > 1), None):
                raise SchemaError(f"{self.address} has an object with the key {repeated!r} twice; rename one of them")
            found.update(keys)
        first: dict[str, None] = {}
        for _, values in itertools.islice(self._lines(), FIRST_LINES):
            first.update(dict.fromkeys(values if isinstance(values, dict) else ()))
        return [key for key in first if key in found] + sorted(found - set(first))

    def _kinds(self, con: duckdb.DuckDBPyConnection, names: list[str], identifiers: list[str]) -> list[str | None]:
        """What each column holds: text, boolean, number, object or list; None if nothing."""
        questions = []
        for name in map(quoted, identifiers):
            signs = f"left(CAST({name} AS VARCHAR), 1)"
            questions += [f"bool_or({signs} IN ({kind}))" for kind in KINDS.values()]
            others = ", ".join(KINDS.values())
            questions += [f"bool_or({signs} NOT IN ({others}, 'n'))", f"bool_or(CAST({name} AS VARCHAR) = '\"\"')"]
        relation = self._values(names, identifiers, "JSON")
        answers = iter(con.sql(f"SELECT {', '.join(questions)} FROM {relation} AS source").fetchall()[0])  # noqa: S608
        kinds: list[str | None] = []
        for name in names:
            found = [kind for kind in (*KINDS, "number") if next(answers)]
            has_empty_text = next(answers)
            if len(found) > 1:
                raise SchemaError(
                    f"{self.address} has both {found[0]} and {found[1]} in {name!r}; write all of one kind"
                )
            # An empty text is no date, and is not missing either.
            kinds.append("text with empty ones" if has_empty_text else found[0] if found else None)
        return kinds

    def _refuse_long_fractions(self, con: duckdb.DuckDBPyConnection) -> None:
        """Nothing, if every number with a point has at most 17 digits; the reader would round a longer one."""
        without_texts = """regexp_replace(json, '"(?:[^"\\\\]|\\\\.)*"', '', 'g')"""
        digits = "trim(replace(regexp_replace(n, '[eE].*', ''), '.', ''), '0')"
        longest = f"list_max([length({digits}) FOR n IN regexp_extract_all({without_texts}, '{FRACTION}')])"
        # Few lines have 19 digits and points in a row; only those are looked at closely.
        query = f"SELECT max(CASE WHEN regexp_matches(json, '[0-9.]{{19}}') THEN {longest} END) FROM {self._objects()}"  # noqa: S608
        (most,) = con.sql(query).fetchall()[0]
        if most is not None and most > 17:
            raise SourceError(
                f"{self.address} has a number with a point and {most} digits, which JSON readers round; "
                "write such numbers as texts, or use CSV or Parquet"
            )

    def _lines(self) -> Iterator[tuple[int, Any]]:
        """Number and value of each line, up to the first that is no JSON."""
        with open_bytes(self._path) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    yield number, json.loads(line)
                except ValueError as error:
                    yield number, error
                    return

    def _broken_lines(self) -> Iterator[tuple[int, str]]:
        """Number and fault of the first line that Python's JSON reader cannot read either."""
        for number, value in self._lines():
            if isinstance(value, ValueError):
                yield number, f"cannot be read ({str(value).split(': line')[0]})"
            elif not isinstance(value, dict):
                yield number, "is no JSON object"
