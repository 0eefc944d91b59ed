"""The rules of tests/conftest.py, tried on tests of its own: no skip in CI, and a world apart from the user's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SKIPS = {
    "in a test": "import pytest\ndef test_it(): pytest.skip('no such thing')\n",
    "by a marker": "import pytest\n@pytest.mark.skip(reason='no such thing')\ndef test_it(): pass\n",
    "by a fixture": "def test_it(require): require('no-such-program', 'no such thing')\n",
    "of a whole module": "import pytest\npytest.skip('no such thing', allow_module_level=True)\n",
}
WORLD = """\
import os
from pathlib import Path
NAMES = ["HOME", "PREFECT_HOME", "SAMESET_REGISTRY", "XDG_DATA_HOME"]
AT_IMPORT = {name: os.environ[name] for name in NAMES}
def test_world():
    assert all("sameset-tests-" in value for value in AT_IMPORT.values())
    assert "PREFECT_API_URL" not in os.environ
    Path("world.txt").write_text(os.environ["HOME"])
"""


def run_tests(folder: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `text` as a test file, in a process of its own, under this project's conftest.py."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    outside = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(
        command, cwd=folder, env=outside | environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", SKIPS.values(), ids=SKIPS.keys())
def test_a_skip_fails_in_ci_and_gives_its_reason(text: str, tmp_path: Path) -> None:
    process = run_tests(tmp_path, text, CI="true")
    assert process.returncode in {1, 2}, process.stdout
    assert "skipped in CI: " in process.stdout
    assert "no such thing" in process.stdout


def test_a_skip_is_a_skip_elsewhere(tmp_path: Path) -> None:
    process = run_tests(tmp_path, SKIPS["by a fixture"])
    assert process.returncode == 0, process.stdout
    assert "1 skipped" in process.stdout


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.xfail(strict=True, reason='known')\ndef test_it(): assert False\n"
    process = run_tests(tmp_path, text, CI="true")
    assert process.returncode == 0, process.stdout
    assert "1 xfailed" in process.stdout


@pytest.mark.slow
def test_the_users_world_is_left_before_modules_are_imported_and_nothing_remains(tmp_path: Path) -> None:
    process = run_tests(tmp_path, WORLD, PREFECT_API_URL="http://localhost:1/api", SAMESET_REGISTRY="sqlite:///mine.db")
    assert process.returncode == 0, process.stdout
    assert not Path((tmp_path / "world.txt").read_text("utf-8")).exists()
