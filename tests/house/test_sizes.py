"""Small rooms: no file over 400 lines, tests among them; no function over 80, and half of all functions at most ten."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("src", "expectations", "flows")


def python_files(*folders: str) -> list[Path]:
    """The Python files below folders; what lies in a hidden one, such as benchmarks/.cache, is not ours."""
    found = (path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))


FILES = python_files(*PACKAGES)
ALL_FILES = [*python_files(*PACKAGES, "tests", "benchmarks", "demo", "deployments", "scripts"), Path("noxfile.py")]

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 80
MEDIAN_LINES_OF_A_FUNCTION = 10


class Function(NamedTuple):
    place: str
    lines: int


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef, source: list[str]) -> int:
    """Lines of a function from its `def` on that hold code: no docstring, no blank line, no line of comment."""
    told = set()
    if ast.get_docstring(function, clean=False) is not None:
        told = set(range(function.body[0].lineno, (function.body[0].end_lineno or 0) + 1))
    numbers = range(function.lineno, (function.end_lineno or 0) + 1)
    texts = (source[number - 1].strip() for number in numbers if number not in told)
    return sum(1 for text in texts if text and not text.startswith("#"))


def functions_of(text: str, name: str) -> list[Function]:
    source = text.splitlines()
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [Function(f"{name}:{node.lineno} {node.name}", code_lines(node, source)) for node in nodes]


@pytest.fixture(scope="module")
def functions() -> list[Function]:
    return [found for path in FILES for found in functions_of((ROOT / path).read_text("utf-8"), path.as_posix())]


def test_no_file_passes_400_lines() -> None:
    lengths = {path.as_posix(): len((ROOT / path).read_text("utf-8").splitlines()) for path in ALL_FILES}
    assert {"src", "expectations", "flows", "tests"} <= {name.partition("/")[0] for name in lengths}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_passes_80_lines(functions: list[Function]) -> None:
    assert [found for found in functions if found.lines > MOST_LINES_OF_A_FUNCTION] == []


def test_half_of_the_functions_have_at_most_ten_lines(functions: list[Function]) -> None:
    assert functions, "no functions found"
    longest = "\n".join(f"{lines:4} {place}" for place, lines in sorted(functions, key=lambda found: -found.lines)[:20])
    assert median(found.lines for found in functions) <= MEDIAN_LINES_OF_A_FUNCTION, f"the longest are\n{longest}"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f():\n    return 1\n", 2),
        ('def f():\n    """One\n\n    two.\n    """\n    return 1\n', 2),
        ("def f():\n    # why\n\n    return 1\n", 2),
        ("@cache\ndef f():\n    return 1\n", 2),
        ('def f():\n    return """a\nb"""\n', 3),
        ("async def f(\n    a,\n):\n    return a\n", 4),
    ],
)
def test_lines_are_counted_without_docstring_blank_lines_and_comments(text: str, lines: int) -> None:
    assert [found.lines for found in functions_of(text, "text")] == [lines]
