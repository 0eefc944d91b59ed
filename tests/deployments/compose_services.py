"""The services of deployments/compose.yaml as this machine can run them, where no container engine does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deployments"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WITH_SECRETS = str(FOLDER / "docker" / "with-secrets")


@dataclass(frozen=True)
class Stack:
    """Where the services run: a folder with `secrets` in it, and what names and ports are called on this machine."""

    folder: Path
    names: Mapping[str, str]

    def environment(self, service: str) -> dict[str, str]:
        """The variables of a service, and nothing of this process's that belongs to Prefect or the registry."""
        mine = {
            name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SAMESET_", "PG"))
        }
        told = {name: self._here(str(value)) for name, value in SERVICES[service].get("environment", {}).items()}
        home = self.folder / "home" / service
        home.mkdir(parents=True, exist_ok=True)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return mine | told | {"HOME": str(home), "PATH": path, "SECRETS_FOLDER": f"{self.folder}/secrets"}

    def command(self, service: str) -> list[str]:
        """What a service runs, behind the image's entry point."""
        return [WITH_SECRETS, *(self._here(word) for word in SERVICES[service]["command"])]

    def health(self, service: str) -> list[str]:
        """What asks a service whether it is healthy."""
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        return [self._here(word) for word in words]

    def run(self, service: str, command: list[str] | None = None) -> subprocess.CompletedProcess[str]:
        """A command of a service, to its end."""
        return subprocess.run(
            command or self.command(service),
            env=self.environment(service),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )

    @contextmanager
    def running(self, service: str) -> Iterator[subprocess.Popen[bytes]]:
        """A service, until the end of the block."""
        with (self.folder / f"{service}.log").open("wb") as log:
            command, environment = self.command(service), self.environment(service)
            with subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log) as process:
                try:
                    yield process
                finally:
                    process.terminate()

    def _here(self, text: str) -> str:
        # In one pass, because the number of a port may be in that of another.
        names = "|".join(map(re.escape, self.names))
        return re.sub(names, lambda found: self.names[found[0]], text)
