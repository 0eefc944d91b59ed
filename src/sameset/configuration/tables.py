"""A table of a TOML file, read key by key: each has a kind, and what nobody asked for is unknown."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from sameset.errors import ConfigurationError

__all__ = ["Table", "nearest", "seconds_of"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Table:
    """One table: `place` names it in errors, with its file."""

    def __init__(self, file: str, content: Mapping[str, Any], path: tuple[str, ...] = ()) -> None:
        self.content = content
        self._file = file
        self._path = path
        self._known: list[str] = []

    @property
    def place(self) -> str:
        """File and table: `sameset.toml: [datasets.orders]`."""
        return f"{self._file}: [{'.'.join(map(_key, self._path))}]" if self._path else self._file

    def refuse(self, key: str, why: str) -> NoReturn:
        """ConfigurationError that names file, table and key."""
        raise ConfigurationError(f"{self.place}{'' if self._path else ':'} {_key(key)}: {why}")

    def get(self, key: str) -> Any:
        """Whatever the key holds; None if it is not there."""
        self._known.append(key)
        return self.content.get(key)

    def text(self, key: str) -> str | None:
        """A text that is not empty."""
        found = self.get(key)
        if found is not None and not (isinstance(found, str) and found.strip()):
            self.refuse(key, f"{found!r} is no text; write it in quotes")
        return found

    def flag(self, key: str) -> bool | None:
        """True or false."""
        found = self.get(key)
        if found is not None and not isinstance(found, bool):
            self.refuse(key, f"{found!r} is neither true nor false")
        return found

    def whole(self, key: str, least: int, most: int | None = None) -> int | None:
        """A whole number."""
        found = self.get(key)
        if found is None:
            return None
        top = "" if most is None else f" to {most:,}"
        if type(found) is not int or found < least or (most is not None and found > most):
            self.refuse(key, f"{found!r} is no whole number from {least}{top or ' on'}")
        return found

    def share(self, key: str) -> float | None:
        """A share: a number above 0 up to 1, or a text like "95%"."""
        found = self.get(key)
        if found is None:
            return None
        match = _PERCENT.fullmatch(found.strip()) if isinstance(found, str) else None
        number = float(match[1]) / 100 if match else found
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= 1:
            self.refuse(key, f'{found!r} is no share; write a number above 0 up to 1, or a text like "95%"')
        return float(number)

    def names(self, key: str) -> tuple[str, ...] | None:
        """A list of texts; one text alone is a list of one."""
        found = self.get(key)
        if found is None:
            return None
        listed = [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or not all(isinstance(name, str) and name for name in listed):
            self.refuse(key, f'{found!r} is no list of texts; write it like ["a", "b"]')
        return tuple(listed)

    def word(self, key: str, words: Iterable[str]) -> str | None:
        """One of a few words."""
        found = self.get(key)
        listed = list(words)
        if found is not None and found not in listed:
            self.refuse(
                key, f"{found!r} is none of {', '.join(listed)}{nearest(found, listed).partition('; there are')[0]}"
            )
        return None if found is None else str(found)

    def seconds(self, key: str) -> float | None:
        """A length of time in seconds: a number, or a text such as "30m"."""
        found = self.get(key)
        if found is None:
            return None
        seconds = seconds_of(found)
        if seconds is None:
            self.refuse(key, f'{found!r} is no length of time; write seconds, or a text like "90s", "30m", "2h", "1d"')
        return seconds

    def table(self, key: str) -> Table:
        """The table under a key, empty if it is not there."""
        found = self.get(key)
        if not isinstance(found, dict | None):
            self.refuse(
                key, f"{found!r} is no table; write [{'.'.join(map(_key, (*self._path, key)))}] and its keys below"
            )
        return Table(self._file, found or {}, (*self._path, key))

    def heir(self, shared: Mapping[str, Any]) -> Table:
        """The same table with what it does not say from others: whole keys, and of a table that both have its missing keys."""
        content = dict(self.content)
        for key, value in shared.items():
            own = content.get(key, value)
            content[key] = {**value, **own} if key == "policy" and isinstance(own, dict) and value else own
        return Table(self._file, content, self._path)

    def end(self) -> None:
        """ConfigurationError for a key that nobody asked for; the nearest known name is in it."""
        for key in self.content:
            if key not in self._known:
                self.refuse(str(key), f"there is no such key{nearest(str(key), self._known)}")


def _key(key: str) -> str:
    """A key as TOML writes it."""
    return key if _BARE.fullmatch(key) else f'"{key}"'


def seconds_of(value: object) -> float | None:
    """The seconds of a number or of a text with a unit; None for anything else, also for no time at all.

    >>> seconds_of("30m"), seconds_of(90), seconds_of("1.5 h"), seconds_of("soon"), seconds_of(0)
    (1800.0, 90.0, 5400.0, None, None)
    """
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        seconds = float(match[1]) * _SECONDS[match[2]]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        return None
    return seconds if 0 < seconds < 1e9 else None


def nearest(name: object, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the known one it is like, or all of them.

    >>> nearest("sorce", ["source", "key"]), nearest("zzz", ["source", "key"])
    ("; did you mean 'source'?", '; there are source, key')
    """
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(names[:30])}" if names else ""
