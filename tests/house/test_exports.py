"""The public face: every module says what it gives, in order, and the package gives what its pages describe."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import sameset

ROOT = Path(__file__).parents[2]
PACKAGES = ["sameset", "sameset_expectations", "sameset_expectations_cli", "sameset_flows"]


def modules_of(package: str) -> list[str]:
    paths = importlib.import_module(package).__path__
    return [package, *(found.name for found in pkgutil.walk_packages(paths, f"{package}."))]


MODULES = [name for package in PACKAGES for name in modules_of(package)]


def defined_in(module: ModuleType) -> list[str]:
    """Names without a leading underscore that are defined (`def`, `class`) at the top of a module's file."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def order(name: str) -> tuple[int, list[str | int]]:
    """Sort key of ruff's RUF022: constants, then classes, then the rest; numbers in names by their value."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


@pytest.mark.parametrize("name", MODULES)
def test_all_is_sorted_and_every_name_exists(name: str) -> None:
    module = importlib.import_module(name)
    exported = list(getattr(module, "__all__", []))
    assert exported == sorted(set(exported), key=order)
    assert [missing for missing in exported if not hasattr(module, missing)] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_defines_public_names_has_all(name: str) -> None:
    module = importlib.import_module(name)
    if defined_in(module):
        assert hasattr(module, "__all__"), f"{name} defines {defined_in(module)}"


def test_the_package_exports_exactly_all() -> None:
    """A submodule becomes an attribute when it is imported, so submodules do not count."""
    submodules = {found.name for found in pkgutil.iter_modules(sameset.__path__)}
    shown = {name for name in dir(sameset) if not name.startswith("_") and name != "annotations"}
    public = {name for name in sameset.__all__ if not name.startswith("_")}
    assert shown - submodules == public - submodules


def test_the_promised_names_are_exported() -> None:
    assert {"SamesetError", "check_table", "compare", "open_source", "sketch_table"} <= set(sameset.__all__)


def test_every_exported_name_is_documented() -> None:
    pages = "\n".join(page.read_text("utf-8") for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))])
    assert [name for name in sameset.__all__ if not re.search(rf"\b{re.escape(name)}\b", pages)] == []


def test_an_exported_name_stays_itself_whichever_module_was_imported_first() -> None:
    """A submodule that has the name of an exported function takes its place as soon as anybody imports it."""
    code = (
        "import importlib, pkgutil, types, sameset\n"
        "for found in pkgutil.iter_modules(sameset.__path__, 'sameset.'):\n"
        "    importlib.import_module(found.name)\n"
        "print(*[n for n in sameset.__all__ if isinstance(getattr(sameset, n), types.ModuleType)])\n"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert process.returncode == 0, process.stderr
    assert process.stdout.split() == []
