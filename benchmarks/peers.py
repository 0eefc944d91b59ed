"""The environments of the other tools: made once in the cache, from the pinned versions in peers*.txt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Peer", "environments", "of_this_environment"]

FOLDER = Path(__file__).parent
MODULES = ("duckdb", "polars", "pandas", "mmh3", "idhash")


@dataclass(frozen=True)
class Peer:
    """The interpreter that runs a tool, or why there is none."""

    python: str = ""
    reason: str = ""


def environments(cache: Path) -> dict[str, Peer]:
    """Where each tool runs: all in one environment but idhash, whose wheels are for Python 3.10 and pyarrow below 16."""
    peers = Peer(_ready(sys.executable, cache / "peers", FOLDER / "peers.txt"))
    return dict.fromkeys(MODULES, peers) | {"idhash": _idhash(cache)}


def of_this_environment() -> dict[str, Peer]:
    """Where each tool runs if nothing may be installed: in the project's own environment, where that has it."""
    return {name: _own(name) for name in MODULES}


def _own(name: str) -> Peer:
    found = subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, check=False)
    if found.returncode:
        return Peer(reason=f"{name} is not in the project's environment, and --no-peers installs nothing")
    return Peer(sys.executable)


def _idhash(cache: Path) -> Peer:
    python = _python310()
    if not python:
        return Peer(reason="idhash 0.2.0 needs Python 3.10, and no python3.10 runs here")
    try:
        return Peer(_ready(python, cache / "peers-idhash", FOLDER / "peers-idhash.txt"))
    except SystemExit as error:
        return Peer(reason=f"idhash 0.2.0 could not be installed: {error}")


def _python310() -> str:
    """The path of a Python 3.10 that runs: pyenv's shim on the PATH does so only when it is told the version."""
    shim = shutil.which("python3.10")
    if not shim:
        return ""
    command = [shim, "-c", "import sys; print(sys.executable)"]
    environment = os.environ | {"PYENV_VERSION": "3.10"}
    found = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return found.stdout.strip() if found.returncode == 0 else ""


def _ready(python: str, folder: Path, pins: Path) -> str:
    """The interpreter of an environment that holds what `pins` names; made again where the pins or the Python changed."""
    inner = str(folder / "bin" / "python")
    stamp = folder / "ready.txt"
    wanted = f"{python}\n{pins.read_text('utf-8')}"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return inner
    _call([python, "-m", "venv", "--clear", str(folder)])
    _call([inner, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(pins)])
    stamp.write_text(wanted, "utf-8")
    return inner


def _call(command: list[str]) -> None:
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        lines = [line for line in found.stderr.splitlines() if line.startswith("ERROR")] or [found.stderr.strip()]
        raise SystemExit(f"{Path(command[0]).name} {' '.join(command[1:4])} failed: {lines[-1][:300]} (try --no-peers)")
