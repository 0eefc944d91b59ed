"""CSV as RFC 4180 writes it: a header, one delimiter, double quotes; nothing is skipped, filled up or repaired.

Only two things are found out: the delimiter (comma, tab, semicolon or bar: the one that cuts the header into most
cells) and the types that are not given (`text_types`, over all files together). A cell without anything is a missing
value, `""` is the empty text.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa

from sameset.errors import SourceError
from sameset.sources.base import Source
from sameset.sources.file_parts import FilesSource
from sameset.sources.file_sets import FileSet
from sameset.sources.file_states import of_each
from sameset.sources.files import attach_stores, open_bytes, open_stream, readable_file, refuse_packed, sql_path
from sameset.sources.given_types import checked_types, restored_halves
from sameset.sources.scan import Layout, ScannedSource, quoted, reading, refuse_repeated, text_literal, unique_names
from sameset.sources.schemas import one_schema
from sameset.sources.text_types import TextColumn, families_of, typed, types_of_texts

__all__ = ["DelimitedSource"]

TAB = "\t"
DELIMITERS = (",", TAB, ";", "|")
#: What others separate cells by; a header of one cell that has one, as all lines behind it, is no column's name.
SEPARATORS = (*DELIMITERS, " ", ":", "^", "~", "\x01", "\x1f", "\u00a6", "\u00a7")
LINES_LOOKED_AT = 100
NUMBER_STARTS = tuple("+-.0123456789")
EXCEL_HINT = re.compile(r'"?sep=.?"?', re.IGNORECASE)
LINE_BREAK = re.compile(r"\r\n|\r|\n")
HEADER_BYTES = 1 << 20
# DuckDB's own limit is 2 MB; whole documents may be cells. Its buffer would grow with that, to 16 lines, and scan
# lineitem at half the speed; two lines do.
LONGEST_LINE = 1 << 24
BUFFER = 1 << 25
#: A text that no cell is: DuckDB lets a line end with more empty cells than the header has, if these are missing values.
NO_CELL = "\x01no cell\x01"

Header = tuple[tuple[str, ...], str]


class DelimitedSource(ScannedSource, FilesSource):
    """The rows of one or more CSV or TSV files in UTF-8, also compressed (.gz, .zst)."""

    def __init__(self, files: FileSet, schema: pa.Schema | None = None, union_by_name: bool = False) -> None:
        super().__init__(files.address)
        self._files = files
        self._schema = schema
        self._union_by_name = union_by_name

    @property
    def file_set(self) -> FileSet:
        return self._files

    @property
    def reading(self) -> str:
        return f"csv, union by name {self._union_by_name}, types {self._schema}"

    def own_schema(self, file: str) -> pa.Schema:
        header, _ = _header_of(readable_file(file), () if self._schema is None else self._schema.names)
        return pa.schema([pa.field(name, pa.string()) for name in header])

    def alone(self, file: str) -> Source:
        return DelimitedSource(FileSet(file, (file,)), self._schema)

    def like(self, files: FileSet, groups: range | None = None) -> FilesSource:
        return DelimitedSource(files, self._schema, self._union_by_name)

    def why_whole(self, names: Sequence[str]) -> str | None:
        if self._schema is None:
            return "the types of a CSV's columns are found over all rows of all files; --schema-from gives them"
        if missing := [name for name in names if name not in self._schema.names]:
            return f"the type of {missing[0]!r} is found over all rows of all files; --schema-from has no such column"
        return None

    def _register(self, con: duckdb.DuckDBPyConnection) -> None:
        attach_stores(con, self._files.files)

    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        names = self._names()
        self._files.refuse_shared(names)
        identifiers = dict(zip(names, unique_names(names), strict=True))
        texts = self._texts(names, identifiers, missing=NO_CELL)
        types = dict.fromkeys(names, "VARCHAR") | self._given(con, texts, identifiers)
        found = [name for name in names if self._schema is None or name not in self._schema.names]
        columns = [TextColumn(identifiers[name]) for name in found]
        types |= zip(found, types_of_texts(con, texts, columns), strict=True)
        if set(types.values()) <= {"VARCHAR"}:  # nothing has looked at all lines yet
            con.sql(f"SELECT count(*) FROM {texts}").fetchall()  # noqa: S608 - names are quoted
        for each in dict.fromkeys(header for header, _ in self._headers):
            self._refuse_data_as_header(con, each, [types[name] for name in each])
        cells = [f"{typed(identifiers[name], types[name])} AS {quoted(identifiers[name])}" for name in names]
        keys = tuple(self._files.partitions)
        scan = self._texts(names, identifiers, missing="")
        relation = f"(SELECT {', '.join([*cells, *map(quoted, keys)])} FROM {scan})"  # noqa: S608 - names are quoted
        return Layout(relation, (*names, *keys), restored=restored_halves(names, self._schema))

    def _names(self) -> tuple[str, ...]:
        """The columns of all files."""
        headers = [header for header, _ in self._headers]
        if len(headers) == 1:
            return headers[0]
        schemas = [pa.schema([pa.field(name, pa.string()) for name in header]) for header in headers]
        return tuple(one_schema(self.address, self._files.files, schemas, self._union_by_name).names)

    def _texts(self, names: tuple[str, ...], identifiers: dict[str, str], missing: str) -> str:
        """The table expression with all cells as text, null where they are `missing`; files of one header are one scan."""
        groups: dict[Header, list[str]] = {}
        for file, each in zip(self._files.files, self._headers, strict=True):
            groups.setdefault(each, []).append(file)
        scans = [self._scan_of(files, header, identifiers, missing) for header, files in groups.items()]
        if len(scans) == 1:
            return scans[0]
        keys = list(map(quoted, self._files.partitions))
        parts = []
        for (header, _), scan in zip(groups, scans, strict=True):
            cells = [("" if name in header else "NULL::VARCHAR AS ") + quoted(identifiers[name]) for name in names]
            parts.append(f"SELECT {', '.join(cells + keys)} FROM {scan}")  # noqa: S608 - names are quoted
        return f"({' UNION ALL '.join(parts)})"

    def _scan_of(self, files: list[str], header: Header, identifiers: dict[str, str], missing: str) -> str:
        columns = ", ".join(f"{text_literal(identifiers.get(name, name))}: 'VARCHAR'" for name in header[0])
        return self._files.named(
            f"read_csv([{', '.join(map(sql_path, files))}], auto_detect = false, header = true, "
            f"delim = {text_literal(header[1])}, {self._files.folder_options()}, "
            f"quote = '\"', escape = '\"', nullstr = {text_literal(missing)}, allow_quoted_nulls = false, strict_mode = true, "
            f"null_padding = false, ignore_errors = false, max_line_size = {LONGEST_LINE}, "
            f"buffer_size = {BUFFER}, columns = {{{columns}}})"
        )

    def _given(self, con: duckdb.DuckDBPyConnection, texts: str, identifiers: dict[str, str]) -> dict[str, str]:
        """The SQL types of the columns that have a given one, once all their texts are known to be values of it."""
        if self._schema is None:
            return {}
        return checked_types(con, texts, identifiers, self._schema, self._place_of, empty_is_missing=True)

    def _place_of(self, name: str, text: str) -> str:
        """File and line of the first row with a text in a column."""
        for file, (header, delimiter) in zip(self._files.files, self._headers, strict=True):
            if name not in header:
                continue
            at, start = header.index(name), 1
            with io.TextIOWrapper(open_bytes(file), "utf-8-sig", newline="") as lines:
                reader = csv.reader(lines, delimiter=delimiter)
                for cells in reader:
                    if start > 1 and cells[at : at + 1] == [text]:
                        return f"{file} in line {start}"
                    start = reader.line_num + 1
        return self.address

    @cached_property
    def _headers(self) -> list[Header]:
        """By file, the names of its columns and the delimiter between them."""
        given = () if self._schema is None else self._schema.names
        return of_each(lambda file: _header_of(readable_file(file), given), self._files.files)

    def _refuse_data_as_header(self, con: duckdb.DuckDBPyConnection, header: tuple[str, ...], types: list[str]) -> None:
        """Nothing, unless the first line reads as one more row: each typed column has a value of its type there."""
        if self._schema is not None and set(header) & set(self._schema.names):
            return
        telling = [name for name, type_ in zip(header, types, strict=True) if type_ != "VARCHAR"] or list(header)
        # Of a true header the first name tells already.
        if families_of(con, telling[:1]) != [None] and None not in families_of(con, telling):
            raise SourceError(
                f"{self.address} seems to have no header: {header[0]!r} and what follows in its first line read as "
                "data; put the names of the columns into the first line, or, if these are names, give types with --schema-from"
            )


def _header_of(file: str, given: Sequence[str]) -> Header:
    """Names and delimiter; a single name is one of the `given`, or at least no several ones."""
    text = _start_of(file)
    _refuse_no_header(file, text)
    delimiters = (TAB,) if Path(file.lower()).name.split(".")[1:2] == ["tsv"] else DELIMITERS
    cut = {delimiter: _first_line(text, delimiter) for delimiter in delimiters}
    chosen = _likeliest(file, text, cut, given)
    best = cut[chosen]
    if not best:
        raise SourceError(f"{file} has no valid header in line 1; look for a quote that is not closed")
    refuse_repeated(best, file)
    _refuse_other_breaks(file, text, chosen)
    if len(best) == 1 and best[0] not in given and (separator := _separator(text)):
        raise SourceError(
            f"{file} seems to have its cells separated by {separator!r}, which would be read as one column; "
            f"write {'tabs' if delimiters == (TAB,) else 'commas'}, or give the type of the column {best[0]!r} with --schema-from"
        )
    return tuple(best), chosen


def _likeliest(file: str, text: str, cut: dict[str, list[str]], given: Sequence[str]) -> str:
    """The delimiter that cuts the header into most cells; of several such the one for the `given` names, or for the first lines."""
    most = max(map(len, cut.values()))
    able = [delimiter for delimiter, cells in cut.items() if len(cells) == most]
    if most < 2 or len(able) == 1:
        return able[0]
    if named := [delimiter for delimiter in able if set(cut[delimiter]) <= set(given)]:
        return named[0]
    lines = text.splitlines()[1 : LINES_LOOKED_AT + 1]
    fitting = [each for each in able if all(len(_first_line(line, each)) == most for line in lines if line)]
    if len(fitting) > 1 or not lines:
        signs = " and by ".join(map(repr, fitting or able))
        raise SourceError(
            f"{file} can be read as separated by {signs}; put what is one cell into quotes, or give the types of the columns "
            "with --schema-from"
        )
    return (fitting or able)[0]


def _refuse_no_header(file: str, text: str) -> None:
    first = text.split("\n", 1)[0].rstrip("\r")
    if not text.strip("\r\n"):
        raise SourceError(f"{file} has no header line; the first line has to name the columns")
    if not first:
        raise SourceError(f"{file} has an empty line 1; the first line has to name the columns")
    if "\0" in first:
        raise SourceError(f"{file} has NUL bytes in line 1, so it is no text in UTF-8; convert it to UTF-8")
    if EXCEL_HINT.fullmatch(first):
        raise SourceError(f"{file} has {first!r} in line 1, which only Excel understands; remove this line")


def _separator(text: str) -> str | None:
    """The sign, if there is one, that cuts the header and all lines behind it into the same number of cells, two or more.

    A blank does only where it cuts off numbers: names of people are often of two words, and so may be the header's.
    """
    header, *lines = text.splitlines()[: LINES_LOOKED_AT + 1]
    lines = [line for line in lines if line]
    for sign in SEPARATORS if lines and '"' not in header else ():
        names, rows = header.split(sign), [line.split(sign) for line in lines]
        if len(names) == 1 or not all(names) or {len(cells) for cells in rows} != {len(names)}:
            continue
        if sign != " " or any(all(cell[:1] in NUMBER_STARTS for cell in column) for column in zip(*rows, strict=True)):
            return sign
    return None


def _start_of(file: str) -> str:
    """The beginning of a file as text."""
    with reading(file):
        with open_stream(file) as stream:
            start = bytes(stream.read(HEADER_BYTES))
        refuse_packed(file, start)
        try:
            return codecs.getincrementaldecoder("utf-8-sig")().decode(start)
        except UnicodeDecodeError as error:
            line = start[: error.start].count(b"\n") + 1
            raise SourceError(f"{file} is not UTF-8 in line {line}; convert it to UTF-8") from error


def _first_line(text: str, delimiter: str) -> list[str]:
    return _cut_line(text, delimiter)[0]


def _cut_line(text: str, delimiter: str) -> tuple[list[str], str]:
    """The cells of the first line, as DuckDB cuts them (blanks around quotes are no part of a cell), and what ends it."""
    end = re.escape(delimiter)
    # As often as it can, without going back: a line of many quotes is read once.
    cell = re.compile(rf' *"((?:[^"]|"")*+)" *(?={end}|[\r\n]|\Z)|(?! *")([^{end}\r\n]*)')
    cells, at = [], 0
    while match := cell.match(text, at):
        cells.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        at = match.end()
        if text[at : at + 1] != delimiter:
            return cells, (LINE_BREAK.match(text, at) or [""])[0]
        at += 1
    return [], ""  # not with this delimiter: `a;"b,c"` is no line of comma-separated cells


def _refuse_other_breaks(file: str, text: str, delimiter: str) -> None:
    """Nothing, unless a name holds a line break that does not end the line: DuckDB would find no rows behind that."""
    names, end = _cut_line(text, delimiter)
    if odd := next((name for name in names if end and set(LINE_BREAK.findall(name)) - {end}), None):
        raise SourceError(
            f"{file} has a line break within the name {odd!r}, of another kind than the lines end with; write that name in one line"
        )
