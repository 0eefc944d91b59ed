"""What `pip install 'sameset[...]'` gives users, who have no lock: the bounds are in the wheel, and a resolver keeps to them."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

#: What Prefect 3.8's server and Great Expectations 1.24 work with (tests/house/test_lock.py says what breaks beyond), and the
#: first version of each that does not.
WORKING = {
    "fastapi": (SpecifierSet(">=0.139,<0.151"), "0.151"),
    "sqlalchemy": (SpecifierSet(">=2.0.36,<2.0.45"), "2.0.45"),
    "prefect": (SpecifierSet(">=3.8,<3.9"), "3.9"),
    "great-expectations": (SpecifierSet(">=1.24,<1.25"), "1.25"),
    "duckdb": (SpecifierSet(">=2.0,<2.1"), "2.1"),
}
#: Which of them each extra brings.
BROUGHT = {
    "": {"sqlalchemy", "duckdb"},
    "expectations": {"sqlalchemy", "duckdb", "great-expectations"},
    "flows": set(WORKING),
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as users get it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def required(wheel: Path, extra: str) -> dict[str, SpecifierSet]:
    """What the wheel itself asks for with an extra; extras of its own that an extra names are followed."""
    archive = zipfile.ZipFile(wheel)
    (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
    asked = [Requirement(text) for text in message_from_bytes(archive.read(name)).get_all("Requires-Dist") or []]
    found: dict[str, SpecifierSet] = {}
    for one in asked:
        if one.marker is None or one.marker.evaluate({"extra": extra}):
            inner = (
                [required(wheel, each) for each in one.extras] if one.name == "sameset" else [{one.name: one.specifier}]
            )
            for bounds in inner:
                found |= bounds
    return found


@pytest.mark.parametrize("extra", BROUGHT)
def test_the_wheel_says_what_does_not_work(wheel: Path, extra: str) -> None:
    asked = required(wheel, extra)
    assert BROUGHT[extra] <= set(asked)
    for name in BROUGHT[extra]:
        assert Version(WORKING[name][1]) not in asked[name], f"{name} may be {WORKING[name][1]}"


@pytest.mark.parametrize("extra", BROUGHT)
@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_what_a_resolver_chooses_today_is_what_works(wheel: Path, extra: str, python: str, tmp_path: Path) -> None:
    """Without the lock, the newest of everything that the wheel allows."""
    asked = tmp_path / "asked.in"
    asked.write_text(f"sameset{f'[{extra}]' if extra else ''} @ {wheel.as_uri()}\n")
    command = [ROOT / "scripts" / "uv", "pip", "compile", asked, "--python-version", python, "--upgrade", "--no-header"]
    done = subprocess.run(
        [*command, "--no-annotate", "--quiet"], capture_output=True, text=True, timeout=240, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    chosen = dict(line.split(" ")[0].split("==") for line in done.stdout.splitlines() if "==" in line)
    assert BROUGHT[extra] <= set(chosen)
    assert {name: chosen[name] for name in BROUGHT[extra] if chosen[name] not in WORKING[name][0]} == {}


def test_what_is_installed_here_is_what_works() -> None:
    """Somebody who upgrades one package by hand is told by this, before the server says it in its own words."""
    found = {name: importlib.metadata.version(name) for name in WORKING}
    assert {name: version for name, version in found.items() if version not in WORKING[name][0]} == {}
