"""The environments of the other tools: made when they are needed, and a row that says why where that cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchmarks import peers
from benchmarks.peers import FOLDER, TOOLS, Environments, ThisEnvironment


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the environments that were made; nothing is installed."""
    names: list[str] = []

    def ready(python: str, folder: Path, pins: Path) -> str:
        names.append(pins.name)
        return str(folder / "bin" / "python")

    monkeypatch.setattr(peers, "_ready", ready)
    return names


def test_an_environment_is_made_when_a_tool_is_asked_for(made: list[str], tmp_path: Path) -> None:
    environments = Environments(tmp_path)
    assert made == []
    assert environments["reladiff"] is environments["reladiff"]
    assert made == ["peers-reladiff.txt"]
    assert environments["duckdb"].python == str(tmp_path / "peers" / "bin" / "python")


@pytest.mark.parametrize("tool", TOOLS)
def test_the_pins_of_each_tool_name_it_with_its_version(tool: str) -> None:
    pins = (FOLDER / f"peers{TOOLS[tool]}.txt").read_text("utf-8").split()
    assert [pin for pin in pins if pin.startswith(f"{tool}==")] != []
    assert [pin for pin in pins if "==" not in pin] == []


def test_a_tool_that_cannot_be_installed_leaves_its_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(python: str, folder: Path, pins: Path) -> str:
        raise SystemExit("no such version")

    monkeypatch.setattr(peers, "_ready", fail)
    assert "no such version" in Environments(tmp_path)["datacompy"].reason
    with pytest.raises(SystemExit, match="no such version"):
        Environments(tmp_path)["duckdb"]


def test_without_a_python_of_its_own_idhash_says_so(
    monkeypatch: pytest.MonkeyPatch, made: list[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(peers, "_python310", lambda: "")
    assert "needs Python 3.10" in Environments(tmp_path)["idhash"].reason
    assert made == []


def test_without_installing_the_tools_are_those_of_the_project() -> None:
    found = ThisEnvironment()
    assert found["duckdb"].python == sys.executable
    assert "is not in the project's environment" in found["no_such_tool"].reason
