"""The command line in a process of its own, or in this one, and small files for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jsonschema
import pytest

from sameset.cli.main import main

__all__ = ["DOCS", "SAMESET", "Here", "Outcome", "in_process", "run", "validated", "write_rows"]

DOCS = Path(__file__).parents[2] / "docs"

#: The script that the installation made.
SAMESET = str(Path(sysconfig.get_path("scripts")) / "sameset")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Here = Callable[..., Outcome]


def run(*arguments: object, folder: Path, **environment: str) -> Outcome:
    """`sameset ARGUMENTS` in a folder, as a person would run it."""
    process = subprocess.run(
        [SAMESET, *map(str, arguments)],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=120,
        check=False,
    )
    return Outcome(process.returncode, process.stdout, process.stderr)


def in_process(*arguments: object, folder: Path, capture: pytest.CaptureFixture[str]) -> Outcome:
    """The same without the second that a process takes to start."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        with patch.object(sys, "argv", ["sameset", *map(str, arguments)]), pytest.raises(SystemExit) as left:
            main()
    finally:
        os.chdir(here)
    out, err = capture.readouterr()
    code = left.value.code
    assert isinstance(code, int)
    return Outcome(code, out, err)


def write_rows(path: Path, rows: int = 4, *, name: str = "price", changed: int = 0) -> Path:
    """A CSV file of `id` and one more column, whose last `changed` values are others."""
    lines = [f"{i},{i + 0.5 + 100 * (i > rows - changed)}" for i in range(1, rows + 1)]
    path.write_text("\n".join([f'id,"{name}"', *lines]) + "\n", encoding="utf-8")
    return path


def validated(found: Any, schema: str) -> Any:
    """What was found, once it is known to be as a schema among the pages says."""
    jsonschema.validate(found, json.loads((DOCS / schema).read_text("utf-8")), jsonschema.Draft202012Validator)
    return found
