"""CSV as RFC 4180 writes it: a header, one delimiter, double quotes; nothing is skipped, filled up or repaired.

Only two things are found out: the delimiter (comma, tab, semicolon or bar: the one that cuts the header into most
cells) and the types (`text_types`). A cell without anything is a missing value, `""` is the empty text.
"""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import duckdb

from sameset.errors import SourceError
from sameset.sources.files import open_bytes, readable_file, sql_path
from sameset.sources.scan import Layout, ScannedSource, quoted, reading, text_literal, unique_names
from sameset.sources.text_types import TextColumn, families_of, typed, types_of_texts

__all__ = ["DelimitedSource"]

DELIMITERS = (",", "\t", ";", "|")
HEADER_BYTES = 1 << 20
# DuckDB's own limit is 2 MB; whole documents may be cells. Its buffer would grow with that, to 16 lines, and scan
# lineitem at half the speed; two lines do.
LONGEST_LINE = 1 << 24
BUFFER = 1 << 25


class DelimitedSource(ScannedSource):
    """The rows of a CSV or TSV file in UTF-8, also compressed (.gz, .zst)."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._path = path

    def _layout(self, con: duckdb.DuckDBPyConnection) -> Layout:
        readable_file(self._path)
        header, delimiter = self._header()
        identifiers = unique_names(header)
        texts = self._texts(identifiers, delimiter)
        types = types_of_texts(con, texts, [TextColumn(identifier) for identifier in identifiers])
        self._refuse_data_as_header(con, header, types)
        cells = (f"{typed(name, type_)} AS {quoted(name)}" for name, type_ in zip(identifiers, types, strict=True))
        return Layout(f"(SELECT {', '.join(cells)} FROM {texts})", tuple(header))  # noqa: S608 - names are quoted

    def _texts(self, identifiers: list[str], delimiter: str) -> str:
        """The table expression with all cells as text."""
        columns = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in identifiers)
        return (
            f"read_csv({sql_path(self._path)}, auto_detect = false, header = true, delim = {text_literal(delimiter)}, "
            "quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, strict_mode = true, "
            f"null_padding = false, ignore_errors = false, max_line_size = {LONGEST_LINE}, "
            f"buffer_size = {BUFFER}, columns = {{{columns}}})"
        )

    def _header(self) -> tuple[list[str], str]:
        """The names of the columns and the delimiter between them."""
        text = self._start()
        if not text.strip("\r\n"):
            raise SourceError(f"{self.address} has no header line; the first line has to name the columns")
        delimiters = ("\t",) if Path(self._path.lower()).name.split(".")[1:2] == ["tsv"] else DELIMITERS
        best: list[str] = []
        chosen = delimiters[0]
        for delimiter in delimiters:
            cells = self._first_line(text, delimiter)
            if len(cells) > len(best):
                best, chosen = cells, delimiter
        return best, chosen

    def _start(self) -> str:
        """The beginning of the file as text."""
        with reading(self.address):
            with open_bytes(self._path) as file:
                start = file.read(HEADER_BYTES)
            try:
                return codecs.getincrementaldecoder("utf-8-sig")().decode(start)
            except UnicodeDecodeError as error:
                line = start[: error.start].count(b"\n") + 1
                raise SourceError(f"{self.address} is not UTF-8 in line {line}; convert it to UTF-8") from error

    def _first_line(self, text: str, delimiter: str) -> list[str]:
        try:
            return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration):
            # Not with this delimiter: `a;"b,c"` is no line of comma-separated cells.
            return []

    def _refuse_data_as_header(self, con: duckdb.DuckDBPyConnection, header: list[str], types: list[str]) -> None:
        """Nothing, unless the first line reads as one more row: each typed column has a value of its type there."""
        if not header:
            raise SourceError(f"{self.address} has no valid header in line 1; look for a quote that is not closed")
        families = families_of(con, header)
        evident = [family is not None for family, type_ in zip(families, types, strict=True) if type_ != "VARCHAR"]
        if all(evident) and (evident or all(families)):
            raise SourceError(
                f"{self.address} seems to have no header: {header[0]!r} and what follows in its first line read as "
                "data; put the names of the columns into the first line"
            )
