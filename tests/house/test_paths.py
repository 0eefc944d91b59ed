"""No file of the project names a place of somebody's machine, a package index, or a secret."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Parents that are nobody's own: Dockerfiles and pages may name them.
COMMON_NAMES = ["", "app", "build", "code", "data", "mnt", "opt", "srv", "src", "tmp", "usr", "var", "workspace"]
COMMON_FOLDERS = {Path("/", name) for name in COMMON_NAMES} | {Path(tempfile.gettempdir()).resolve()}
# Put together here, so that this file does not hold what it looks for.
PUBLIC_INDEXES = ["pypi" + ".org", "pythonhosted" + ".org", "conda" + ".anaconda.org"]
PRIVATE_FOLDERS = ["/" + name for name in ("root", "home", "Users")]
SECRETS = [
    rb"-----BEGIN [A-Z ]*PRIVATE " + rb"KEY-----",
    rb"\bAKIA" + rb"[0-9A-Z]{16}\b",
    rb"\bgh[pousr]_" + rb"[A-Za-z0-9]{36}\b",
    rb"\bxox[abp]-" + rb"[A-Za-z0-9-]{20,}",
]


def project_files() -> list[Path]:
    """Files under version control; in a copy without it, all that .gitignore does not leave out."""
    # The tests have a HOME of their own, so git does not know which foreign-owned checkouts its user trusts.
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"]
    if (ROOT / ".git").exists():
        names = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return list(unignored_files())


def unignored_files() -> Iterator[Path]:
    patterns = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if not ignored(name, patterns)]
        yield from (Path(folder, name) for name in names if not ignored(name, patterns))


def ignored(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def own_folders() -> list[str]:
    """Where this checkout lies: a file that names it was written for one machine."""
    parent = [] if ROOT.parent in COMMON_FOLDERS else [ROOT.parent]
    return [str(folder) for folder in (ROOT, *parent)]


def configured_indexes() -> list[str]:
    """Hosts of the package indexes that this machine is set to use by environment variables."""
    settings = [value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_")) and "INDEX" in name]
    hosts = (urlsplit(address).hostname for setting in settings for address in setting.split())
    return [host for host in hosts if host]


def path_pattern(folders: list[str]) -> re.Pattern[bytes]:
    """Finds these folders as absolute paths, in file: and sqlite: addresses too, but not within a longer path."""
    any_of = "|".join(re.escape(folder) for folder in folders)
    return re.compile(rf"(?:(?<![\w.~/-])|(?<=://)|(?<=:///))(?:{any_of})(?=/)".encode())


def host_pattern(hosts: list[str]) -> re.Pattern[bytes]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(re.escape(host) for host in hosts)})\b".encode())


def found(pattern: re.Pattern[bytes]) -> list[str]:
    """`file:line: text` of each hit in the project."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line[:160]!r}"
        for path in project_files()
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_files_of_the_project_are_found() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in project_files()}
    assert {"pyproject.toml", "requirements.lock", "src/sameset/errors.py"} <= names
    assert not any(name.startswith((".venv/", ".git/")) for name in names)


def test_no_file_names_a_folder_of_a_machine() -> None:
    assert found(path_pattern(PRIVATE_FOLDERS + own_folders())) == []


def test_no_file_names_a_package_index() -> None:
    assert found(host_pattern(PUBLIC_INDEXES + configured_indexes())) == []


def test_no_file_holds_a_secret() -> None:
    assert found(re.compile(b"|".join(SECRETS))) == []


@pytest.mark.parametrize(
    ("line", "hit"),
    [
        ("open('{folder}/data.csv')", True),
        ("{folder}/data.csv", True),
        ("file://{folder}/data.csv", True),
        ("sqlite:///{folder}/registry.db", True),
        ("https://example.com{folder}/page", False),
        ("docs{folder}/page", False),
        ("{folder}less", False),
    ],
)
@pytest.mark.parametrize("folder", PRIVATE_FOLDERS)
def test_only_absolute_paths_count(folder: str, line: str, hit: bool) -> None:
    assert bool(path_pattern(PRIVATE_FOLDERS).search(line.format(folder=folder).encode())) is hit


@pytest.mark.parametrize("host", PUBLIC_INDEXES)
def test_hosts_are_found_in_addresses(host: str) -> None:
    assert host_pattern(PUBLIC_INDEXES).search(f"https://files.{host}/simple".encode())
    assert host_pattern(PUBLIC_INDEXES).search(f"https://{host}/simple".encode())
