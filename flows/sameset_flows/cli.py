"""`sameset-flows deploy` and `sameset-flows serve`: from `sameset.toml` to scheduled checks.

Exit codes: 0 done, 2 not done (one sentence on stderr), 130 interrupted.
"""

from __future__ import annotations

from pathlib import Path

import click

from sameset.cli.leaving import leave, run_and_leave
from sameset.cli.memory import tune_memory
from sameset.cli.options import UNKNOWN, printable
from sameset.errors import MissingExtraError

__all__ = ["cli", "main"]

PROGRAM = "sameset-flows"

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar="SAMESET_CONFIG",
    help="The file of datasets.  [default: sameset.toml]",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="sameset", prog_name="sameset-flows", message="%(prog)s %(version)s")
def cli() -> None:
    """The datasets of sameset.toml, checked on a schedule by Prefect."""


@cli.command()
@config_option
@click.option("--work-pool", metavar="NAME", help="The work pool.  [default: that of the file, or sameset-pool]")
@click.option("--prune", is_flag=True, help="Remove deployments that this file made once and no longer names.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def deploy(config: Path | None, work_pool: str | None, prune: bool, dry_run: bool) -> None:
    """Create or bring up to date one Prefect deployment per dataset; what is as it shall be stays untouched.

    \b
    sameset-flows deploy --config sameset.toml --prune
    """
    from sameset.configuration import read_project

    project = read_project(config)
    # Prefect takes 2 s to import; a file that makes no sense is told before.
    from sameset_flows import deploying

    for change in deploying.deploy(project, pool=work_pool, prune=prune, dry_run=dry_run):
        click.echo(f"{'would be ' if dry_run and change.done in DONE else ''}{printable(str(change))}")


@cli.command()
@config_option
@click.option(
    "--limit", type=click.IntRange(1, 1000), help="At most so many checks at once.  [default: that of the file, or 4]"
)
def serve(config: Path | None, limit: int | None) -> None:
    """Run the checks of all datasets on their schedules in this process, without work pool and worker, until interrupted.

    \b
    sameset-flows serve --config sameset.toml
    """
    from sameset.configuration import read_project

    project = read_project(config)
    from sameset_flows import serving

    click.echo(f"serving {printable(', '.join(project.datasets))}; end with Ctrl-C")
    serving.serve(project, limit=limit)


DONE = ("created", "updated", "removed")


def main() -> None:
    """Runs the command line and leaves with its exit code; errors are one sentence on stderr."""
    tune_memory()
    try:
        run_and_leave(cli, PROGRAM)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "prefect":
            raise
        leave(PROGRAM, str(MissingExtraError("flows", "scheduling with Prefect")), UNKNOWN)
