"""Every supported minor of Great Expectations, with pandas 2 and 3, in an environment of its own: `make matrix`.

The edges (the oldest and the newest, with either pandas) are tested in CI; ARGS goes to nox:

    make matrix ARGS="--tags edges"
    make matrix ARGS="-s 'expectations(gx-1.14-pandas-3)' -- tests/expectations/test_engines.py"
"""

from __future__ import annotations

import re
from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"  # uv brings an environment up to date in a second

#: From the first with conditions for rows as objects, which our own engine takes, to the newest that is tested.
MINORS = [f"1.{minor}" for minor in range(9, 25)]
EDGES = (MINORS[0], MINORS[-1])
PANDAS = ("2", "3")
#: Pairs that cannot be installed together.
IMPOSSIBLE = {("1.12", "3"), ("1.13", "3")}
#: What each version of Great Expectations chooses for itself; all else is what requirements.lock says.
FREE = ("altair", "great-expectations", "marshmallow", "pandas")
EXTRAS = ("duckdb-sql", "postgres")
TOOLS = ("editables", "hatchling", "hypothesis", "packaging", "pytest", "pytest-timeout", "pytest-xdist")

#: What stands on Great Expectations' own classes: engines, data source, checkpoints, pages, and that nothing is dropped.
TESTS = (
    "batches",
    "checkpoints",
    "data_docs",
    "datasource",
    "engines",
    "escaping",
    "fail_closed",
    "gallery_pages",
    "near_bounds",
    "recording",
    "refusals",
    "runtime_datasources",
    "values",
)

PAIRS = [
    nox.param(gx, pandas, id=f"gx-{gx}-pandas-{pandas}", tags=["edges"] if gx in EDGES else [])
    for gx in MINORS
    for pandas in PANDAS
    if (gx, pandas) not in IMPOSSIBLE
]


@nox.session(venv_backend="uv")
@nox.parametrize(["gx", "pandas"], PAIRS)
def expectations(session: nox.Session, gx: str, pandas: str) -> None:
    """The tests of the expectations that start nothing slow; warnings of old versions are no errors."""
    constraints = Path(session.create_tmp()) / "constraints.txt"
    constraints.write_text("\n".join(locked()) + "\n", encoding="utf-8")
    install(
        session, "--constraint", str(constraints), *requirements(), f"great-expectations=={gx}.*", f"pandas=={pandas}.*"
    )
    install(session, "--no-deps", "--no-build-isolation", "--editable", ".")
    tests = session.posargs or [f"tests/expectations/test_{name}.py" for name in TESTS]
    options = [
        "-n",
        "logical",
        "--dist",
        "loadfile",
        "-m",
        "not slow and not server",
        "-q",
        "-W",
        "default",
        "--disable-warnings",
    ]
    session.run("python", "-m", "pytest", *options, "-p", "no:cacheprovider", *tests)


def install(session: nox.Session, *arguments: str) -> None:
    """Has uv install into the session, from the index that the project uses."""
    python = f"{session.bin}/python"
    session.run("scripts/uv", "pip", "install", "--quiet", "--python", python, *arguments, external=True)


def requirements() -> list[str]:
    """What the library, the extras of the tests and pytest need, but for Great Expectations."""
    project = nox.project.load_toml("pyproject.toml")
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *(each for name in EXTRAS for each in extras[name])]
    tools = [each for each in project["dependency-groups"]["dev"] if name_of(each) in TOOLS]
    return [each for each in (*wanted, *tools) if name_of(each) not in ("sameset", *FREE)]


def locked() -> list[str]:
    """The lines of requirements.lock that no version of Great Expectations speaks against."""
    lines = Path("requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix("\\").strip() for line in lines if re.match(r"[a-z0-9]", line)]
    return [pin for pin in pins if name_of(pin) not in FREE]


def name_of(requirement: str) -> str:
    """The name of a package in a requirement."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()
