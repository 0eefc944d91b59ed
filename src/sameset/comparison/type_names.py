"""What people call the types of columns."""

from __future__ import annotations

import re

__all__ = ["are_other_tensors", "type_text"]

TENSOR = re.compile(r"extension<arrow\.fixed_shape_tensor\[value_type=([\w ]+), shape=\[([\d,]*)\]\]>")


def type_text(name: str) -> str:
    """The name of a type, that of a tensor of one shape in short.

    >>> type_text("extension<arrow.fixed_shape_tensor[value_type=uint8, shape=[8,8]]>"), type_text("int64")
    ('tensor<uint8, 8x8>', 'int64')
    """
    found = TENSOR.fullmatch(name)
    return f"tensor<{found[1]}, {found[2].replace(',', 'x')}>" if found else name


def are_other_tensors(left: str, right: str) -> bool:
    """Whether both names are of tensors of one shape, and no tensor of one can equal one of the other."""
    return left != right and all(TENSOR.fullmatch(name) for name in (left, right))
