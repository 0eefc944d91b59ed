"""requirements.lock: hashes for every entry, no address, and versions that pyproject.toml allows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


class Entry(NamedTuple):
    name: str
    version: Version
    hashes: list[str]


def entries_of(text: str) -> list[Entry]:
    """The pinned packages of a lock; a line that is neither a pin, a hash nor a comment is an error."""
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    return [entry_of(line) for line in lines if line and not line.startswith("#")]


def entry_of(line: str) -> Entry:
    pin, *hashes = line.split("--hash=")
    requirement = Requirement(pin)
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", f"not pinned: {pin}"
    return Entry(canonicalize_name(requirement.name), Version(specifier.version), [one.strip() for one in hashes])


ENTRIES = entries_of(LOCK)


def declared() -> list[Requirement]:
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    texts = [*project["dependencies"], *extras, *groups["dev"], *PROJECT["build-system"]["requires"]]
    return [requirement for requirement in map(Requirement, texts) if requirement.name != project["name"]]


def test_the_lock_names_packages() -> None:
    assert len(ENTRIES) > 50


def test_every_entry_has_hashes() -> None:
    assert [entry.name for entry in ENTRIES if not entry.hashes] == []
    assert [one for entry in ENTRIES for one in entry.hashes if not re.fullmatch(r"sha256:[0-9a-f]{64}", one)] == []


def test_the_lock_holds_no_address() -> None:
    options = [line for line in LOCK.splitlines() if line.startswith("-")]
    assert options == []
    assert "://" not in LOCK


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_the_locked_version_is_one_that_pyproject_allows(requirement: Requirement) -> None:
    versions = [entry.version for entry in ENTRIES if entry.name == canonicalize_name(requirement.name)]
    assert versions, f"{requirement.name} is not locked; run: make lock"
    assert [version for version in versions if version not in requirement.specifier] == []


# Prefect 3.8 cannot start, or answers its own client with 422, with a newer FastAPI; its scheduler is dead with
# SQLAlchemy 2.1, and duckdb-engine's reflection broke with 2.0.45. Raise a bound only together with Prefect.
@pytest.mark.parametrize(("name", "working"), [("fastapi", "<0.151"), ("sqlalchemy", "<2.0.45")])
def test_versions_that_break_prefect_are_neither_locked_nor_allowed(name: str, working: str) -> None:
    bound = SpecifierSet(working)
    assert [entry.version for entry in ENTRIES if entry.name == name and entry.version not in bound] == []
    allowed = [requirement.specifier for requirement in declared() if requirement.name == name]
    first_broken = Version(working.removeprefix("<"))
    assert allowed, f"{name} is not declared"
    assert not any(first_broken in specifier for specifier in allowed)


def test_the_supported_pythons_are_those_that_setup_accepts() -> None:
    pythons = SpecifierSet(PROJECT["project"]["requires-python"])
    accepted = re.search(
        r"\((3), (\d+)\) <= sys.version_info\[:2\] < \((3), (\d+)\)", (ROOT / "scripts/setup").read_text()
    )
    assert accepted is not None
    first, beyond = int(accepted[2]), int(accepted[4])
    assert [minor for minor in range(8, 20) if f"3.{minor}" in pythons] == list(range(first, beyond))
