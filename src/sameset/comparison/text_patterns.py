"""Patterns of texts: white space, case, Unicode form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from sameset.comparison.patterns import Counted, Pattern, PatternKind, explains

if TYPE_CHECKING:
    Rewrite = Callable[[pa.Array], pa.Array]

__all__ = ["CASES", "REWRITES", "text_pattern"]


def _normalised(texts: pa.Array) -> pa.Array:
    return pc.utf8_normalize(texts, "NFC")


def _single_spaced(texts: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"\s+", " "))


#: Cases that a text may be put in, and their names.
CASES: dict[str, Rewrite] = {
    "lower case": pc.utf8_lower,
    "upper case": pc.utf8_upper,
    "title case": pc.utf8_title,
    "sentence case": pc.utf8_capitalize,
}
#: Rewritings that leave out something; the old or the new text may be the one that was rewritten.
REWRITES: dict[str, tuple[PatternKind, Rewrite]] = {
    "white space at its ends": (PatternKind.TRIMMED, pc.utf8_trim_whitespace),
    "white space": (PatternKind.REFORMATTED, _single_spaced),
    "the Unicode form": (PatternKind.NORMALISED, _normalised),
}


def text_pattern(column: str, old: pa.Array, new: pa.Array) -> Pattern | None:
    """The simplest pattern that explains cells of text (Arrow arrays, row by row), all of them changed; None if there is none."""
    return _trimmed(column, old, new) or _recased(column, old, new) or _reformatted(column, old, new)


def _trimmed(column: str, old: pa.Array, new: pa.Array) -> Pattern | None:
    trim = pc.utf8_trim_whitespace
    told = "lost white space at its ends", "has white space at its ends that it had not"
    return _told(column, PatternKind.TRIMMED, told[0], trim(old), new) or _told(
        column, PatternKind.UNTRIMMED, told[1], old, trim(new)
    )


def _recased(column: str, old: pa.Array, new: pa.Array) -> Pattern | None:
    for name, put in CASES.items():
        found = _told(column, PatternKind.RECASED, f"was put into {name}", put(old), new)
        if found:
            return found
    return _told(column, PatternKind.RECASED, "differs in case alone", _folded(old), _folded(new))


def _folded(texts: pa.Array) -> pa.Array:
    """Lower case, also of what Python, Java and PostgreSQL's ICU write with two letters in upper case."""
    return pc.replace_substring(pc.utf8_lower(texts), "ß", "ss")


def _reformatted(column: str, old: pa.Array, new: pa.Array) -> Pattern | None:
    forms = (
        (PatternKind.NORMALISED, "differs in its Unicode form alone", _normalised),
        (PatternKind.REFORMATTED, "differs in white space alone", _single_spaced),
        (PatternKind.REFORMATTED, "differs in white space and case alone", lambda t: pc.utf8_lower(_single_spaced(t))),
        (
            PatternKind.REFORMATTED,
            "differs in white space, case and Unicode form alone",
            lambda t: _normalised(pc.utf8_lower(_single_spaced(t))),
        ),
    )
    for kind, told, form in forms:
        found = _told(column, kind, told, form(old), form(new))
        if found:
            return found
    return None


def _told(column: str, kind: PatternKind, told: str, old: pa.Array, new: pa.Array) -> Pattern | None:
    """The pattern if nearly all texts agree now; it takes the same type on both sides."""
    fits = pc.sum(pc.equal(old, new)).as_py() or 0
    return Pattern(kind, column, fits, len(old), Counted.CELLS, told) if explains(fits, len(old)) else None
