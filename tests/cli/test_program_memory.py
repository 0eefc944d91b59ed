"""The programs collect cycles seldom, and take Arrow's memory from jemalloc unless the environment says otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

AT_EXIT = """
import atexit, gc, sys

def tell():
    import pyarrow
    assert gc.isenabled() and gc.get_threshold()[0] == 10_000
    print("allocator:", pyarrow.default_memory_pool().backend_name)

atexit.register(tell)
sys.argv = sys.argv[1:]
"""


def allocator(program: str, *arguments: str, **environment: str) -> str:
    """The allocator that Arrow has at the end of a program, `module:function`."""
    module, function = program.split(":")
    code = f"{AT_EXIT}\nfrom {module} import {function}\n{function}()"
    env = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"} | environment
    done = subprocess.run(
        [sys.executable, "-c", code, "program", *arguments], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout.rpartition("allocator: ")[2].strip()


def test_a_sketch_is_made_with_jemalloc_unless_another_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "t.parquet")
    verb = ("sketch", str(tmp_path / "t.parquet"), "-o", str(tmp_path / "t.sameset"))
    assert allocator("sameset.cli.main:main", *verb) == "jemalloc"
    assert allocator("sameset.cli.main:main", *verb, ARROW_DEFAULT_MEMORY_POOL="mimalloc") == "mimalloc"


@pytest.mark.parametrize("program", ["sameset_expectations_cli.main:main", "sameset_flows.cli:main"])
def test_so_do_the_programs_beside_it(program: str) -> None:
    assert allocator(program, "--help") == "jemalloc"
