"""`--key COL ...`: options that take as many columns as follow them, or are repeated."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import click

__all__ = ["ListsCommand", "spread_lists"]


class ListsCommand(click.Command):
    """A command in which `--key a b` is `--key a --key b`; click itself gives an option a fixed number of values."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments that click parses."""
        options = [param for param in self.params if isinstance(param, click.Option) and not param.is_flag]
        valued = {name for option in options for name in option.opts}
        lists = {name for option in options if option.multiple for name in option.opts}
        arguments = sum(isinstance(param, click.Argument) for param in self.params)
        return super().parse_args(ctx, spread_lists(args, valued, lists, arguments))


def spread_lists(args: Sequence[str], valued: Collection[str], lists: Collection[str], arguments: int) -> list[str]:
    """The arguments with the option before every value of a list.

    Words that follow a value of a list are more of it, unless the command's own `arguments` are still missing: those are last.

    >>> spread_lists(["data.csv", "--key", "a", "b"], ["--key"], ["--key"], 1)
    ['data.csv', '--key', 'a', '--key', 'b']
    >>> spread_lists(["--key", "a", "b", "data.csv"], ["--key"], ["--key"], 1)
    ['--key', 'a', '--key', 'b', 'data.csv']
    """
    plain = _plain_words(args, valued)
    loose = _loose_words(args, plain, lists)
    missing = max(arguments - (len(plain) - len(loose)), 0)
    more = dict(list(loose.items())[: len(loose) - missing])
    return [part for i, word in enumerate(args) for part in ((more[i], word) if i in more else (word,))]


def _plain_words(args: Sequence[str], valued: Collection[str]) -> list[int]:
    """Where neither an option nor an option's value stands."""
    end = args.index("--") if "--" in args else len(args)
    values = {i + 1 for i in range(end) if args[i] in valued}
    return [i for i, word in enumerate(args) if i > end or (i < end and i not in values and not word.startswith("-"))]


def _loose_words(args: Sequence[str], plain: Sequence[int], lists: Collection[str]) -> dict[int, str]:
    """Which of them follow a value of a list without an option between, and of which list."""
    loose: dict[int, str] = {}
    end = args.index("--") if "--" in args else len(args)
    for i in plain:
        if i < end and i >= 2 and args[i - 2] in lists:
            loose[i] = args[i - 2]
        elif i < end and i - 1 in loose:
            loose[i] = loose[i - 1]
    return loose
