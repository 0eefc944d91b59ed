"""`--key COL ...`: one option that takes as many columns as follow it, or is repeated."""

from __future__ import annotations

from collections.abc import Sequence

import click

__all__ = ["KeyedCommand", "spread_keys"]

KEY = ("--key", "-k")


class KeyedCommand(click.Command):
    """A command in which `--key a b` is `--key a --key b`; click itself gives an option a fixed number of values."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments that click parses."""
        options = [param for param in self.params if isinstance(param, click.Option) and not param.is_flag]
        valued = {name for option in options for name in option.opts}
        arguments = sum(isinstance(param, click.Argument) for param in self.params)
        return super().parse_args(ctx, spread_keys(args, valued, arguments))


def spread_keys(args: Sequence[str], valued: set[str], arguments: int) -> list[str]:
    """The arguments with `--key` before every key column.

    Words that follow a key are more of the key, unless the command's own `arguments` are still missing: those are last.

    >>> spread_keys(["data.csv", "--key", "a", "b"], {"--key"}, 1)
    ['data.csv', '--key', 'a', '--key', 'b']
    >>> spread_keys(["--key", "a", "b", "data.csv"], {"--key"}, 1)
    ['--key', 'a', '--key', 'b', 'data.csv']
    """
    words = list(args)
    loose = _loose_words(words, valued)
    plain = [i for i in _plain_words(words, valued) if i not in loose]
    missing = max(arguments - len(plain), 0)
    more = loose[: len(loose) - missing] if missing else loose
    return [part for i, word in enumerate(words) for part in ((KEY[0], word) if i in more else (word,))]


def _plain_words(words: Sequence[str], valued: set[str]) -> list[int]:
    """Where neither an option nor an option's value stands."""
    end = words.index("--") if "--" in words else len(words)
    values = {i + 1 for i in range(end) if words[i] in valued}
    return [i for i, word in enumerate(words) if i > end or (i < end and i not in values and not word.startswith("-"))]


def _loose_words(words: Sequence[str], valued: set[str]) -> list[int]:
    """Those of them that follow a key column without an option between."""
    end = words.index("--") if "--" in words else len(words)
    plain = [i for i in _plain_words(words, valued) if i < end]
    loose: list[int] = []
    for i in plain:
        after_key = i >= 2 and words[i - 2] in KEY
        if after_key or i - 1 in loose:
            loose.append(i)
    return loose
