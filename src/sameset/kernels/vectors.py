"""Additions of a few adjacent words at once, which the compiler does not find by itself."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["add_four", "add_one", "add_two"]


def _add(builder: Any, words: int, addresses: Any) -> None:
    """Replaces the words at the first address by (they + those at the second) modulo those at the third.

    A sum below twice its modulus needs one subtraction, and minus the modulus it wraps to something huge where it needs none.
    """
    vector = ir.VectorType(ir.IntType(64), words)
    target, *places = [builder.inttoptr(address, vector.as_pointer()) for address in addresses]
    cell, row, modulus = (builder.load(place, align=8) for place in (target, *places))
    total = builder.add(cell, row)
    less = builder.sub(total, modulus)
    builder.store(builder.select(builder.icmp_unsigned("<", total, less), total, less), target, align=8)


@intrinsic
def add_four(typingctx: Any, cell: Any, row: Any, modulus: Any) -> Any:
    """Adds four words at the address `row` to those at `cell`, modulo those at `modulus`, where 0 stands for 2^64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _add(builder, 4, args)
        return context.get_dummy_value()

    return types.none(types.uint64, types.uint64, types.uint64), codegen


@intrinsic
def add_two(typingctx: Any, cell: Any, row: Any, modulus: Any) -> Any:
    """The same for two words."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _add(builder, 2, args)
        return context.get_dummy_value()

    return types.none(types.uint64, types.uint64, types.uint64), codegen


@intrinsic
def add_one(typingctx: Any, cell: Any, row: Any, modulus: Any) -> Any:
    """The same for one word."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _add(builder, 1, args)
        return context.get_dummy_value()

    return types.none(types.uint64, types.uint64, types.uint64), codegen
