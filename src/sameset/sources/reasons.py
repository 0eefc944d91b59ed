"""What went wrong, in the words of a person: the sentences that DuckDB and Arrow hide in their errors."""

from __future__ import annotations

import errno
import glob
import os
import re

import duckdb
import pyarrow as pa

from sameset.sources.files import is_object

__all__ = ["advice", "file_of", "may_pass", "reason"]

LONGEST = 500  # of a reason: what a reader quotes comes from the file
#: What DuckDB raises where the bytes of a file are not what they should be: also its base class, for what Thrift says.
_OF_BYTES = (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException, duckdb.InternalException)
_DAMAGED = "it may be damaged or cut off, so copy it again or write it anew"
_TOO_LARGE = "it may be damaged and claim more than it holds; copy it again, or read it where there is more memory"
#: What to do where the operating system refused, by its name for it.
_REFUSED = {
    "EACCES": "check its permissions",
    "ENOENT": "check the path",
    "EISDIR": "name the files in it",
    "EIO": "check the disk",
}

# What libpq says of a server that is away or was lost, what a PostgreSQL says that starts, stops or has no connection left,
# and what stores answer, in pyarrow's words and in ours, which come back within an error of DuckDB.
_PASSES = re.compile(
    r"\[libpq\](?!.*(?:FATAL|ERROR|could not translate)).*(?:Failed to connect|closed the connection|could not receive|SSL SYSCALL)"
    r"|\[libpq\].*FATAL: +(?:.*(?:starting up|shutting down|recovery|not yet accepting|too many clients|connection slots)"
    r"|terminating connection)"
    r"|AWS Error (?:NETWORK_CONNECTION|REQUEST_TIMEOUT|SLOW_DOWN|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|THROTTLING)"
    r"|the store (?:does not answer|asks to slow down)",
    re.DOTALL,
)

_OTHER = "it is not compressed as its ending says, or damaged; give it the ending of what it is, or fetch it again"
_OUT_OF_REACH = "it has times that the finer unit of other files does not reach; read the files separately"
#: By what the libraries say of files that users really have, what it is and what to do.
KNOWN = {
    "Truncated compressed stream": "its compressed content breaks off; fetch or write it again",
    "zlib inflate failed: incorrect data check": "its compressed content is damaged; fetch or write it again",
    "zlib inflate failed": _OTHER,
    "ZSTD decompress failed": _OTHER,
    "Could not read encrypted metadata": "it is encrypted; decrypt it, for there is no way to give its key",
    "File is encrypted but": "it has encrypted columns; decrypt it, for there is no way to give its keys",
    "Parquet magic bytes not found": "it is no Parquet file, or breaks off before its end; fetch or write it again",
    "Parquet file size is": "it is no Parquet file, or breaks off before its end; fetch or write it again",
    "Need at least one non-root column": "it has no columns; give it as an Arrow file, or write it with one",
    "a different configuration than existing": "this process has it open; close that connection, or give a relation of it",
    "would result in out of bounds timestamp": _OUT_OF_REACH,
    "Could not convert Timestamp to higher precision": _OUT_OF_REACH,
    "Not an Arrow file": "it breaks off before its end, or something was written behind it; fetch or write it again",
}


def may_pass(error: BaseException) -> bool:
    """Whether a reader's error passes by itself: a server or a store that was lost or is away. A wrong password stays wrong."""
    return bool(_PASSES.search(str(error)))


def advice(error: BaseException, address: str) -> str:
    """What to do about a reader's error of a file, where that can be told; empty where it cannot."""
    number = error.errno if isinstance(error, OSError) else None
    if number is not None:
        return _REFUSED.get(errno.errorcode.get(number, ""), "")
    if may_pass(error) or not _is_of_files(address):
        return ""
    if isinstance(error, MemoryError):
        return _TOO_LARGE
    of_bytes = isinstance(error, (OSError, UnicodeError, pa.ArrowException, *_OF_BYTES)) or type(error) is duckdb.Error
    return _DAMAGED if of_bytes else ""


def _is_of_files(address: str) -> bool:
    """Whether an address is one of files, and not of a server's or a database file's table or query, which may hold any sign."""
    if "::" in address or "://" in address:
        return bool(is_object(address))
    return os.path.exists(address) or glob.has_magic(address)


def file_of(error: BaseException, address: str) -> str:
    """Which of several CSV files DuckDB speaks of."""
    match = re.search(r"^ *file = (.*)$", str(error), re.MULTILINE)
    file = re.sub(r"^objects://", "s3://", match[1]) if match else ""
    return f"{file}: " if file and file not in (address, os.path.abspath(address)) else ""


def reason(error: BaseException) -> str:
    """The first sentence of a reader's error, without its kind, its advice on options, and line breaks."""
    text = str(error).strip()
    if match := re.search(r"CSV Error on Line: (\d+)", text):
        return _csv_reason(int(match[1]), text)
    if "CSV Parser state machine" in text:
        return "its line ends are of several kinds, or a quote is not closed; write it with one kind of line end"
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    first = re.sub(r"^(?:\w+ )*(?:Error|Exception): ", "", first)
    first = "".join(sign if sign.isprintable() else "?" for sign in first[: 2 * LONGEST])
    known = next((told for sign, told in KNOWN.items() if sign in first), None)
    return known or first.split(" Try ")[0].strip().rstrip(".:")[:LONGEST]


def _csv_reason(line: int, text: str) -> str:
    if match := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text):
        return f"line {line} has {match[2]} cells, but the header has {match[1]}; correct it, or quote cells that hold a delimiter"
    if "unterminated quote" in text:
        return f"line {line} has a quote that is not closed; close it, or double a quote within a cell"
    if "unicode" in text:
        return f"line {line} is not UTF-8; convert the file to UTF-8"
    if "Maximum line size" in text:
        return f"line {line} is longer than a line may be; look for a quote that is not closed"
    return f"line {line} is not valid CSV: {text.splitlines()[-1][:LONGEST] if text else ''}; correct it, or write the file anew"
