"""The environments of the other tools: made in the cache when first needed, from the pinned versions in peers*.txt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Environments", "Peer", "ThisEnvironment"]

FOLDER = Path(__file__).parent

#: The environment of each tool, by the name of its pins: peers-NAME.txt, or peers.txt.
TOOLS = {
    "duckdb": "",
    "polars": "",
    "pandas": "",
    "mmh3": "",
    "idhash": "-idhash",  # its wheels are for Python 3.10 and pyarrow below 16
    "datacompy": "-datacompy",  # needs older versions of pandas and Polars
    "reladiff": "-reladiff",  # brings a query builder and more
}


@dataclass(frozen=True)
class Peer:
    """The interpreter that runs a tool, or why there is none."""

    python: str = ""
    reason: str = ""


class Environments(dict[str, Peer]):
    """Where each tool runs: in the environment that its pins ask for, which is made when the tool is first needed."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def __missing__(self, tool: str) -> Peer:
        name = f"peers{TOOLS[tool]}"
        self[tool] = self._made(tool, self._cache / name, FOLDER / f"{name}.txt")
        return self[tool]

    def _made(self, tool: str, folder: Path, pins: Path) -> Peer:
        python = _python310() if tool == "idhash" else sys.executable
        if not python:
            return Peer(reason="idhash 0.2.0 needs Python 3.10, and no python3.10 runs here")
        try:
            return Peer(_ready(python, folder, pins))
        except SystemExit as error:
            if not TOOLS[tool]:
                raise  # without the usual ones there is nothing to compare with
            return Peer(reason=f"{tool} could not be installed: {error}")


class ThisEnvironment(dict[str, Peer]):
    """Where each tool runs if nothing may be installed: in the project's own environment, where that has it."""

    def __missing__(self, tool: str) -> Peer:
        found = subprocess.run([sys.executable, "-c", f"import {tool}"], capture_output=True, check=False)
        reason = f"{tool} is not in the project's environment, and --no-peers installs nothing"
        self[tool] = Peer(reason=reason) if found.returncode else Peer(sys.executable)
        return self[tool]


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
