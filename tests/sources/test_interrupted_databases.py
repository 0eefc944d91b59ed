"""A statement that a database server still computes is ended there when the scan is interrupted."""

from __future__ import annotations

import _thread
import threading
import time

import pytest

from sameset.execution.sketching import sketch_table

PROMPT = 2.0


@pytest.mark.parametrize(
    ("server", "content"),
    [
        ("postgres", "select cast(pg_sleep(60) as text) as x"),
        ("postgres+psycopg", "select cast(pg_sleep(60) as text) as x"),
        pytest.param("mysql", "select sleep(60) as x", marks=pytest.mark.slow),
    ],
)
def test_ctrl_c_ends_a_statement_before_its_first_row(
    server: str, content: str, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(server.partition("+")[0])
    if "+" in server:
        address = address.replace("postgresql://", "postgresql+psycopg://")
    timer = threading.Timer(0.5, _thread.interrupt_main)
    started = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        sketch_table(f"{address}::{content}")
    assert time.monotonic() - started < 0.5 + PROMPT
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("sameset")] == []
