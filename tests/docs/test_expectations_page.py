"""The page about expectations: its examples say what their comments say, and its tables are the fields."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/expectations.md").read_text(encoding="utf-8")
sys.path.append(str(ROOT / "tests/expectations"))

from gallery import CASES, Case, make_world  # noqa: E402  # found by the line above

SECTIONS = dict(re.findall(r"^### (Expect\w+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
SHARED = PAGE.partition("## What they share")[2].partition("###")[0]


def code(text: str) -> str:
    return "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def test_the_examples_say_what_their_comments_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAMESET_REGISTRY", str(tmp_path / "registry.db"))
    make_world(tmp_path, str(tmp_path / "registry.db"))
    examples = code(PAGE)
    exec(compile(examples, "expectations.md", "exec"), {})
    expected = re.findall(r"\)  # ((?:True|False) .*)$", examples, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == expected
    assert len(expected) > 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_expectation_has_its_fields_and_an_example(case: Case) -> None:
    section = SECTIONS[case.name]
    assert f"se.{case.name}(" in code(section)
    for name in case.kind.success_keys:
        field = case.kind.__fields__[name]
        default = "required" if field.required else f"`{field.get_default()!r}`"
        line = f"| `{name}` | {default} | {field.field_info.description} |"
        assert line in section or (line in SHARED and f"`{name}`" in section), line
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert set(listed) <= set(case.kind.success_keys)


def test_the_page_lists_them_all() -> None:
    assert set(SECTIONS) == {case.name for case in CASES}
    assert set(re.findall(r"\(#(\w+)\)", PAGE)) == {case.name.lower() for case in CASES}
