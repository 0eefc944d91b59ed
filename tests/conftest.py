"""What holds for every test: a world of its own, the same examples in CI every time, and no skip in CI."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# Tests that may skip in CI, by node id. Empty: what CI lacks, CI installs (.ci/run).
MAY_SKIP_IN_CI: frozenset[str] = frozenset()
# --doctest-modules would import each of them as one module "conftest", and trip over the second.
collect_ignore_glob = ["*conftest.py"]

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
# The first example of a test may compile a kernel for seconds, so a deadline would be a matter of luck.
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if IN_CI else "dev")

_world = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


class NoSkips:
    """Turns every skip into a failure that gives the reason: a test that skips in CI proves nothing there."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        expected_failure = hasattr(report, "wasxfail")
        if report.skipped and not expected_failure and item.nodeid not in MAY_SKIP_IN_CI:
            report.outcome, report.longrepr = "failed", f"skipped in CI: {_reason(report.longrepr)}"
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.skipped and collector.nodeid not in MAY_SKIP_IN_CI:
            report.outcome, report.longrepr = "failed", f"skipped in CI: {_reason(report.longrepr)}"
        return report


def _reason(longrepr: object) -> str:
    """The sentence in pytest's (file, line, reason)."""
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


def _forget_stale_kernels() -> None:
    """Removes compiled kernels that are older than some source: Numba looks at the file of a function alone, not at the files
    whose functions are compiled into it, so that after a change the tests would prove the kernels of before."""
    kernels = Path(__file__).parents[1] / "src" / "sameset" / "kernels"
    newest = max((source.stat().st_mtime for source in kernels.glob("*.py")), default=0.0)
    for compiled in (kernels / "__pycache__").glob("*.nb[ci]"):
        with suppress(FileNotFoundError):  # another worker was first
            if compiled.stat().st_mtime < newest:
                compiled.unlink()


def pytest_configure(config: pytest.Config) -> None:
    """Moves home, registry and Prefect into a folder of this run.

    Before any test module is imported, because Prefect reads its settings when it is imported.
    """
    _forget_stale_kernels()
    config.stash[_world] = tempfile.TemporaryDirectory(prefix="sameset-tests-", ignore_cleanup_errors=True)
    _leave_the_users_world(Path(config.stash[_world].name))
    if IN_CI:
        # Registered by hand: the hooks of a conftest.py see only the tests beside it, not the doctests in src.
        config.pluginmanager.register(NoSkips(), "sameset-no-skips")


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_world].cleanup()


def _leave_the_users_world(world: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "SAMESET_", "GX_"))]:
        del os.environ[name]
    # NUMBA_CACHE_DIR stays as it is: compiled kernels are worth keeping between runs.
    folders = {
        "HOME": world / "home",
        "XDG_CACHE_HOME": world / "cache",
        "XDG_CONFIG_HOME": world / "config",
        "XDG_DATA_HOME": world / "data",
        "XDG_STATE_HOME": world / "state",
        "PREFECT_HOME": world / "prefect",
    }
    for name, folder in folders.items():
        folder.mkdir()
        os.environ[name] = str(folder)
    os.environ["SAMESET_REGISTRY"] = f"sqlite:///{world / 'registry.db'}"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["GX_ANALYTICS_ENABLED"] = "false"


@pytest.fixture
def require() -> Callable[[str, str], str]:
    """`require(program, package)`: the program's path, or a skip that says what to install (a failure in CI)."""

    def find(program: str, package: str) -> str:
        path = shutil.which(program)
        if path is None:
            pytest.skip(f"{program} is not installed; it comes with the package {package}")
        return path

    return find
