"""What the footer of a Parquet file says of its chunks of text, found without pyarrow's `RowGroupMetaData.column`.

That ends the process (pyarrow 26: nobody catches an exception of C++) where the sizes that a writer noted of a chunk do not fit
its type, which one broken byte can bring about. pyarrow's reader says of the same footer in an error what is wrong with it.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator

__all__ = ["coded_texts", "footer_of"]

MAGIC = b"PAR1"
DICTIONARY_BYTES = 3  # a text column of fewer bytes a value is written as codes of a small dictionary
#: Encodings of pages that Arrow reads as codes (PLAIN, PLAIN_DICTIONARY, RLE, BIT_PACKED, RLE_DICTIONARY); of others it does not.
CODED = {0, 2, 3, 4, 8}
# Thrift's compact protocol, in which a chunk begins with its required fields, in order: type (6, a byte array), encodings, path
# (of one name), codec, number of values, bytes before compression. To take a footer apart as a whole takes 13 ms for 53 row
# groups of 16 columns, to look for these 0.3.
VARINT = rb"([\x80-\xff]{0,9}[\x00-\x7f])"
BEFORE_NAME = re.compile(rb"\x15\x0c\x19(.)([\x00-\x7f]{1,14})\x19\x18" + VARINT, re.DOTALL)
BEHIND_NAME = re.compile(rb"\x15[\x00-\x7f]\x16" + VARINT + rb"\x16" + VARINT + rb"\x16")


def footer_of(file: str) -> bytearray:
    """A Parquet file without its pages: the magic, the footer, its length, the magic."""
    with open(file, "rb") as opened:
        opened.seek(-8, os.SEEK_END)
        (size,) = struct.unpack("<I", opened.read(4))
        opened.seek(-8 - size, os.SEEK_END)
        content = bytearray(len(MAGIC) + size + 8)
        content[: len(MAGIC)] = MAGIC
        opened.readinto(memoryview(content)[len(MAGIC) :])
        return content


def coded_texts(footer: bytearray, groups: int) -> list[list[str]]:
    """For each row group the text columns that are written as codes of a small dictionary.

    A hint by which they are read faster, with the same values: a column that is not found once in every group is in none.
    """
    chunks: dict[bytes, list[bool]] = {}
    for name, is_coded in _chunks(footer):
        chunks.setdefault(name, []).append(is_coded)
    whole = {name.decode("utf-8", "replace"): codes for name, codes in chunks.items() if len(codes) == groups}
    return [[name for name, codes in whole.items() if codes[i]] for i in range(groups)]


def _chunks(footer: bytearray) -> Iterator[tuple[bytes, bool]]:
    """The chunks of text, each the name of its column and whether it is written as codes of a small dictionary."""
    for start in BEFORE_NAME.finditer(footer):
        head, encodings, length = start.groups()
        end = start.end() + _number(length)
        rest = BEHIND_NAME.match(footer, end)
        if rest and head[0] == 16 * len(encodings) + 5:
            values, size = (_number(number) >> 1 for number in rest.groups())
            is_small = size < DICTIONARY_BYTES * values
            yield bytes(footer[start.end() : end]), is_small and CODED.issuperset(code >> 1 for code in encodings)


def _number(varint: bytes) -> int:
    """A number in groups of seven bits, the lowest first."""
    return sum((byte & 127) << 7 * place for place, byte in enumerate(varint))
