"""deployments/compose.yaml: of the specification, pinned, without secrets, healthy, hardened."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from compose_services import COMPOSE, FOLDER, ROOT, SERVICES

from sameset.cli.main import cli
from sameset_flows.cli import cli as flows

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
#: What ends when it has done its work; all others run until they are stopped.
ONCE = {"registry", "deploy"}
OURS = set(SERVICES) - {"database"}


def test_it_is_what_the_compose_specification_allows() -> None:
    """compose-spec.json is the specification's schema as dclint 3.1.0 carries it."""
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(COMPOSE)


def test_no_key_is_given_twice() -> None:
    """YAML's readers take the last one and say nothing."""

    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: Strict, node: yaml.MappingNode) -> dict[object, object]:
        names = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        assert sorted(names) == sorted(set(names))
        return loader.construct_yaml_map(node)  # type: ignore[no-any-return]

    Strict.add_constructor("tag:yaml.org,2002:map", mapping)
    yaml.load((FOLDER / "compose.yaml").read_text("utf-8"), Strict)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_full_version(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.search(r":\d+\.\d+|@sha256:[0-9a-f]{64}$", image), image
    if name in OURS:
        assert image == f"sameset:{PROJECT['version']}"
        assert SERVICES[name]["build"] == {"context": "..", "dockerfile": "deployments/Dockerfile"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_may_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert not {"privileged", "network_mode", "pid", "cap_add"} & set(service)
    assert service.get("user", "") not in {"root", "0", 0}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_what_runs_has_a_health_check_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    if name in ONCE:
        assert service["restart"].startswith("on-failure")
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert {"test", "interval", "timeout", "retries", "start_period"} == set(service["healthcheck"])


def test_whoever_is_waited_for_is_there_and_can_be() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if name in ONCE else "service_healthy"
            assert how == {"condition": wanted}


def test_volumes_and_secrets_are_declared_and_used() -> None:
    volumes = {one.split(":")[0] for service in SERVICES.values() for one in service.get("volumes", [])}
    assert {name for name in volumes if re.fullmatch(r"\w+", name)} == set(COMPOSE["volumes"])
    secrets = {one for service in SERVICES.values() for one in service.get("secrets", [])}
    assert secrets == set(COMPOSE["secrets"])
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_read_from_files_that_the_service_is_given(name: str) -> None:
    service = SERVICES[name]
    told = {variable: str(value) for variable, value in service.get("environment", {}).items()}
    given = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
    files = {value for variable, value in told.items() if variable.endswith("_FILE")}
    made = (
        {f"/run/secrets/{role}_database_password" for role in ("prefect", "sameset")} if name == "database" else set()
    )
    assert files | made == given
    # A variable whose name says that it is secret holds the name of a file.
    assert [one for one in told if re.search("PASSWORD|AUTH|SECRET|TOKEN", one) and not one.endswith("_FILE")] == []
    assert [value for value in told.values() if re.search(r"://[^/@]*:[^/@]*@", value)] == []


def test_secrets_are_ignored_by_git_and_by_the_image() -> None:
    assert "deployments/secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    first, *allowed = [
        line
        for line in (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "**"))
    ]
    assert first == "*"
    assert not [line for line in allowed if not line.startswith("!") or "secrets/" in line or line == "!deployments"]


def test_the_files_that_are_mounted_are_there() -> None:
    volumes = [one.split(":")[0] for service in SERVICES.values() for one in service.get("volumes", [])]
    assert [one for one in volumes if one.startswith(".") and not (FOLDER / one).exists()] == []


@pytest.mark.parametrize("name", sorted(ONCE))
def test_commands_of_ours_are_such(name: str) -> None:
    program, *arguments = SERVICES[name]["command"]
    verbs = {"sameset": cli, "sameset-flows": flows}[program]
    assert CliRunner().invoke(verbs, [*arguments, "--help"]).exit_code == 0
    assert program in PROJECT["scripts"]


@pytest.mark.parametrize("name", ["server", "worker"])
def test_the_commands_of_prefect_are_those_that_its_page_names(name: str) -> None:
    program, *words = SERVICES[name]["command"]
    assert program == "prefect"
    assert words[:2] == {"server": ["server", "start"], "worker": ["worker", "start"]}[name]
