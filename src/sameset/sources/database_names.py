"""What stands behind the `::` of an address of a database: a single SELECT, or the name of a table or view."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

__all__ = ["is_ordered", "is_query", "name_parts", "offered", "says_order", "without_end"]

QUERY = re.compile(r"\s*(?:(?:select|with|values)(?![\w.$])|\(|--|/\*)", re.IGNORECASE)
ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)
#: Texts, quoted names and remarks; and what stands in brackets that hold no others.
NO_SQL = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|/\*.*?\*/""", re.DOTALL)
INNER = re.compile(r"\([^()]*\)")
PART = r"""("(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\]|[^."`\[\]]+)"""
NAME = re.compile(rf"\s*{PART}\s*(?:\.\s*{PART}\s*)?", re.DOTALL)


def is_query(content: str) -> bool:
    """Whether it is a query; a table of such a name is written in quotes."""
    return QUERY.match(content) is not None


def is_ordered(content: str) -> bool:
    """Whether it is a query that says in which order its rows come."""
    return is_query(content) and says_order(content)


def says_order(query: str) -> bool:
    """Whether a query has an ORDER BY of its own: that of a window, an aggregate or a query within orders no rows.

    >>> says_order("select a, sum(b) over (order by a) from t"), says_order("select a from t order by a")
    (False, True)
    """
    text, found = NO_SQL.sub(" ", query), 1
    while found:
        text, found = INNER.subn(" ", text)
    return ORDERED.search(text) is not None


def without_end(content: str) -> str:
    """The query or name without the blanks around it, the semicolon after it, and remarks behind that.

    >>> without_end(" select ';' from t; -- all"), without_end("select 1 -- one")
    ("select ';' from t", 'select 1 -- one')
    """
    text = content.strip()
    bare = NO_SQL.sub(lambda match: "\0" * len(match[0]) if match[0][0] in "-/" else "x" * len(match[0]), text)
    end = bare.rstrip("\0; \t\r\n")
    return text[: len(end)].rstrip() if ";" in bare[len(end) :] else text


def name_parts(content: str) -> tuple[str | None, str] | None:
    """Schema, if there is one, and table, without the quotes `"a"`, `` `a` `` or `[a]`; None if it is no name.

    >>> name_parts('sales."Order 5"')
    ('sales', 'Order 5')
    """
    match = NAME.fullmatch(content)
    if match is None:
        return None
    first, second = (part and _unquoted(part.strip()) for part in match.groups())
    return (first, second) if second else (None, first)


def offered(wanted: str, names: Sequence[str], most: int = 20) -> str:
    """The sentence that says which tables there are, those of a name like the wanted one first."""
    if not names:
        return "it has no tables"
    alike = difflib.SequenceMatcher(b=wanted.lower())

    def unlikeness(name: str) -> float:
        alike.set_seq1(name.lower())
        return -alike.ratio()

    shown = ", ".join(sorted(names, key=unlikeness)[:most])
    return f"it has {shown}" + (f" and {len(names) - most} more" if len(names) > most else "")


def _unquoted(part: str) -> str:
    if part[0] not in '"`[':
        return part
    inner = part[1:-1]
    return inner if part[0] == "[" else inner.replace(part[0] * 2, part[0])
