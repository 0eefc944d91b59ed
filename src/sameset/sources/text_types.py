"""Which type the texts of a column are written in: CSV has none, JSON no dates.

A column gets a type only if every one of its values is the plain writing of a value of that type, so that typing
never changes a value. Everything else stays text.

    number     `5`, `-0.50`, `1e-7`; `nan`, `inf` beside real numbers; not `007`, `+5`, `1,000`
    boolean    `true`, `false`, in any case; not `t`, `yes`, `1`
    date       `2024-02-29`
    time       `10:00:00`, up to nine digits of a second
    timestamp  a date, a blank or `T`, a time; with a zone (`Z`, `+02`, `+02:00`) an instant

Numbers with a point become doubles if these keep all their digits (at most 15, or the very text that a double is
written as), else decimals, up to 38 digits; a number that neither can hold makes its column text.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from sameset.sources.scan import quoted, text_literal

__all__ = ["ALL", "NUMBERS", "TEMPORAL", "TextColumn", "ask", "families_of", "typed", "types_of_texts"]

SAMPLE_ROWS, FEWEST_SAMPLE_ROWS = 1_000, 20
FEW_COLUMNS = 100
# Planning 1,024 takes 0.3 s, 4,096 take 1.6; each query opens the files once more. With FILTER instead of CASE it takes the
# square of their number: 2 s for 1,024.
AGGREGATES_AT_ONCE = 1_024
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)"
WHOLE = r"-?(?:0|[1-9][0-9]*)"
FIXED = r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)"
NUMBER = r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
WORDS = "'nan', 'inf', '-inf', '+inf', 'infinity', '-infinity', '+infinity'"

#: By family: the SQL that is true of a text {x} of the family. Each of the three kinds of numbers holds the one before,
#: beyond that no text is of two families.
FITS = {
    "whole": f"regexp_full_match({{x}}, '{WHOLE}')",
    "fixed": f"regexp_full_match({{x}}, '{FIXED}')",
    "number": f"(regexp_full_match({{x}}, '{NUMBER}') OR lower({{x}}) IN ({WORDS}))",
    "boolean": "lower({x}) IN ('true', 'false')",
    "date": "coalesce(CAST(TRY_CAST({x} AS DATE) AS VARCHAR) = {x} AND NOT contains({x}, 'inf'), false)",
    "time": f"regexp_full_match({{x}}, '{CLOCK}')",
    "timestamp": f"(regexp_full_match({{x}}, '{DAY}[ T]{CLOCK}') AND TRY_CAST({{x}} AS TIMESTAMP) IS NOT NULL)",
    "instant": f"(regexp_full_match({{x}}, '{DAY}[ T]{CLOCK} ?{ZONE}') AND TRY_CAST({{x}} AS TIMESTAMPTZ) IS NOT NULL)",
}
ALL = tuple(FITS)
TEMPORAL = ("date", "time", "timestamp", "instant")
NUMBERS = ("whole", "fixed", "number")
LONG_WHOLE, LONG_FRACTION = "LONG WHOLE", "LONG FRACTION"
WIDTHS = ("BIGINT", "UBIGINT", "DECIMAL(38, 0)")
NANOSECONDS = {"time": "TIME_NS", "timestamp": "TIMESTAMP_NS", "instant": "TIMESTAMPTZ_NS"}
MICROSECONDS = {"time": "TIME", "timestamp": "TIMESTAMP", "instant": "TIMESTAMPTZ"}


@dataclass(frozen=True)
class TextColumn:
    """A column of texts, by its SQL identifier, and the families that it may turn out to be of."""

    identifier: str
    families: tuple[str, ...] = ALL


def types_of_texts(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[TextColumn]) -> list[str]:
    """The SQL type of each column, `VARCHAR` for text, from all rows of the relation.

    A sample rules out most families; one scan over all rows proves what is left and gathers what decides between
    the widths of a family; a last one looks at numbers of more than 15 digits, if there are any.
    """
    pending = _fitting_sample(con, relation, columns)
    if any(len(column.families) > 1 and column.families[-1] not in NUMBERS for column in pending):
        pending = _fitting(con, relation, pending)
    types = dict.fromkeys((column.identifier for column in columns), "VARCHAR")
    while pending := [column for column in pending if column.families]:
        facts = ask(con, relation, [_questions(column) for column in pending])
        for column, (fit, *found) in zip(pending, facts, strict=True):
            if fit:
                types[column.identifier] = _type(column.families[0], *found)
        # What is not of its first family may still be of a wider one; without any value (NULL) it is text.
        rest = [column for column, (fit, *_) in zip(pending, facts, strict=True) if fit is False]
        pending = [TextColumn(column.identifier, column.families[1:]) for column in rest]
    return list(_with_long_numbers(con, relation, types).values())


def typed(identifier: str, sql_type: str) -> str:
    """The SQL that reads a text as its type; an empty one is a missing value, unless the column is text."""
    name = quoted(identifier)
    return name if sql_type == "VARCHAR" else f"CAST(nullif({name}, '') AS {sql_type})"


def families_of(con: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> list[str | None]:
    """The family that each single text is of, or None."""
    row = ", ".join(f"{text_literal(text)} AS t{i}" for i, text in enumerate(texts))
    questions = [[FITS[family].replace("{x}", f"t{i}") for family in ALL] for i in range(len(texts))]
    answers = ask(con, f"(SELECT {row})", questions)
    return [next((family for family, fit in zip(ALL, fits, strict=True) if fit), None) for fits in answers]


def _fitting_sample(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[TextColumn]) -> list[TextColumn]:
    """The columns with those of their families that no value in the first rows contradicts.

    Of many columns the cells are stacked into one, so that there are as many aggregates as families: those of 2,000 columns
    take 16 s to plan.
    """
    if len(columns) <= FEW_COLUMNS:
        return _fitting(con, f"(SELECT * FROM {relation} LIMIT {SAMPLE_ROWS})", columns)  # noqa: S608 - names are quoted
    names = ", ".join(quoted(column.identifier) for column in columns)
    rows = max(FEWEST_SAMPLE_ROWS, SAMPLE_ROWS * FEW_COLUMNS // len(columns))
    cells = f"(UNPIVOT (SELECT {names} FROM {relation} LIMIT {rows}) ON COLUMNS(*) INTO NAME label VALUE cell)"  # noqa: S608
    fits = ", ".join(_all_fit(family, "cell") for family in ALL)
    found = con.sql(f"SELECT label, {fits} FROM {cells} GROUP BY label").fetchall()  # noqa: S608 - names are quoted
    answers = {label: list(fit) for label, *fit in found}
    return [
        TextColumn(
            column.identifier, tuple(family for family in column.families if family not in _ruled_out(answers, column))
        )
        for column in columns
    ]


def _ruled_out(answers: dict[str, list[Any]], column: TextColumn) -> set[str]:
    found = answers.get(column.identifier, ())  # a column without any value is not among them
    return {family for family, fit in zip(ALL, found, strict=False) if fit is False}


def _fitting(con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[TextColumn]) -> list[TextColumn]:
    """The columns with those of their families that no value contradicts; without any value, all of them."""
    questions = [[_all_fit(family, quoted(column.identifier)) for family in column.families] for column in columns]
    answers = ask(con, relation, questions)
    return [
        TextColumn(
            column.identifier, tuple(f for f, fit in zip(column.families, fits, strict=True) if fit is not False)
        )
        for column, fits in zip(columns, answers, strict=True)
    ]


def _all_fit(family: str, name: str) -> str:
    return _of_values("bool_and", FITS[family].replace("{x}", name), name)


def _of_values(aggregate: str, condition: str, name: str) -> str:
    """The SQL of an aggregate of a condition over the texts that are values, not missing ones."""
    return f"{aggregate}(CASE WHEN {name} <> '' THEN {condition} END)"


def _questions(column: TextColumn) -> list[str]:
    """What decides whether a column is of its first family, and of which of its widths."""
    family, name = column.families[0], quoted(column.identifier)
    fit = _all_fit(family, name)
    if family in NUMBERS:
        length = f"length({name})" if family == "whole" else f"length(replace({name}, '.', ''))"
        real = _of_values("bool_or", f"NOT contains(lower({name}), 'n')", name)
        return [fit, f"max({length})", real][: 2 + (family == "number")]
    if family in NANOSECONDS:
        fine = f"coalesce(bool_or(regexp_matches({name}, '[.][0-9]{{7}}')), false)"
        return [fit, fine, _of_values("bool_and", f"TRY_CAST({name} AS {NANOSECONDS[family]}) IS NOT NULL", name)]
    return [fit]


def _type(family: str, *found: Any) -> str:
    """The type of a column of a family by what was found of it."""
    if family == "whole":
        return "BIGINT" if found[0] <= 18 else LONG_WHOLE
    if family == "fixed":
        # A double keeps 15 digits, wherever the point is.
        return "DOUBLE" if found[0] <= 15 else LONG_FRACTION
    if family == "number":
        return LONG_FRACTION if found[1] else "VARCHAR"
    if family in NANOSECONDS:
        fine, held = found
        return MICROSECONDS[family] if not fine else NANOSECONDS[family] if held else "VARCHAR"
    return family.upper()


def _with_long_numbers(con: duckdb.DuckDBPyConnection, relation: str, types: dict[str, str]) -> dict[str, str]:
    """The types, those of columns with long numbers after a closer look at them."""
    long = [name for name, type_ in types.items() if type_ in (LONG_WHOLE, LONG_FRACTION)]
    looks = [_widths(quoted(n)) if types[n] == LONG_WHOLE else _questions_of_long(quoted(n)) for n in long]
    for name, answer in zip(long, ask(con, relation, looks), strict=True):
        if types[name] == LONG_WHOLE:
            types[name] = next((width for width, holds in zip(WIDTHS, answer, strict=True) if holds), "VARCHAR")
        else:
            types[name] = _long_fraction(*answer)
    return types


def _widths(name: str) -> list[str]:
    return [_of_values("bool_and", f"TRY_CAST({name} AS {width}) IS NOT NULL", name) for width in WIDTHS]


def _questions_of_long(name: str) -> list[str]:
    double = f"TRY_CAST({name} AS DOUBLE)"
    word = f"contains(lower({name}), 'n')"
    digits = _digits(name)
    written = f"CAST({double} AS VARCHAR) = {name} OR printf('%.17g', {double}) = {name}"
    # With an exponent programs write a double in the fewest digits that tell it apart, or in 17 of them.
    forms = [f"rtrim({_digits(text)}, '0')" for text in (f"CAST({double} AS VARCHAR)", f"printf('%.16e', {double})")]
    written += f" OR contains(lower({name}), 'e') AND rtrim({digits}, '0') IN ({', '.join(forms)})"
    short = f"length({digits}) <= 15"
    in_range = f"isfinite({double}) AND ({double} <> 0 OR {digits} = '')"
    return [
        _of_values("bool_and", f"{word} OR ({short} OR {written}) AND {in_range}", name),
        f"bool_or({word} OR contains(lower({name}), 'e'))",
        f"max(length(ltrim(split_part({name}, '.', 1), '-')))",
        f"max(length(split_part({name}, '.', 2)))",
    ]


def _digits(text: str) -> str:
    """The SQL of the digits of a number written as text, without sign, point, exponent and zeros in front."""
    return f"ltrim(replace(replace(regexp_replace({text}, '[eE].*', ''), '-', ''), '.', ''), '0')"


def _long_fraction(kept_by_double: bool, no_decimal: bool, whole: int, scale: int) -> str:
    if kept_by_double:
        return "DOUBLE"
    return "VARCHAR" if no_decimal or whole + scale > 38 else f"DECIMAL(38, {scale})"


def ask(
    con: duckdb.DuckDBPyConnection, relation: str, questions: Sequence[Sequence[str]], at_once: int = AGGREGATES_AT_ONCE
) -> list[tuple[Any, ...]]:
    """The answers to several lists of aggregates, in one scan, or in a few if there are more than so many."""
    answers: list[tuple[Any, ...]] = []
    for asked in _portions(questions, at_once):
        every = [question for each in asked for question in each]
        row: Sequence[Any] = ()
        if every:
            (row,) = con.sql(f"SELECT {', '.join(every)} FROM {relation} AS source").fetchall()  # noqa: S608 - quoted
        found = iter(row)
        answers += [tuple(itertools.islice(found, len(each))) for each in asked]
    return answers


def _portions(questions: Sequence[Sequence[str]], at_once: int) -> Iterator[list[Sequence[str]]]:
    """The lists in groups of about so many aggregates."""
    portion: list[Sequence[str]] = []
    for asked in questions:
        portion.append(asked)
        if sum(map(len, portion)) >= at_once:
            yield portion
            portion = []
    yield portion
