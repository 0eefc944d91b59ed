"""The program in a folder of small files."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from digest_runs import ORDERS, SECRET, Outcome, Run

from sameset.cli.main import main


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`sameset VERB ARGUMENTS` in a folder with orders.parquet, the same as orders.csv, a half of it each, and key.txt."""
    monkeypatch.chdir(tmp_path)
    pq.write_table(ORDERS, "orders.parquet")
    pyarrow.csv.write_csv(ORDERS, "orders.csv")
    pq.write_table(ORDERS.slice(0, 15), "first.parquet")
    pq.write_table(ORDERS.slice(15), "second.parquet")
    Path("key.txt").write_text(SECRET, "utf-8")

    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["sameset", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        assert isinstance(left.value.code, int)
        return Outcome(left.value.code, *capsys.readouterr())

    return call
