from __future__ import annotations

import os
import sqlite3
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry_processes import entry
from sqlalchemy import update

from sameset.errors import MissingExtraError, RegistryError, SpecError
from sameset.registry import Registry, check_name, default_address, parse_reference, schema
from sameset.registry.engine import locate


def refused(address, **options) -> str:
    """What opening says; one line, and nothing is made."""
    with pytest.raises(RegistryError) as caught, Registry.open(address, **options):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def recorded(tmp_path) -> Path:
    path = tmp_path / "registry.db"
    with Registry.open(path) as registry:
        registry.record(entry(sketch=os.urandom(50_000)), expected_previous=None)
    return path


def test_a_missing_registry_is_not_made_by_reading(tmp_path):
    path = tmp_path / "folder" / "registry.db"
    assert f"there is no registry at {path}" in refused(path, create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [2, 99, 100, 5000])
@pytest.mark.parametrize("create", [True, False])
def test_a_file_of_something_else_is_no_registry(tmp_path, size, create):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"these are not the bytes of a database"[:size].ljust(size, b"."))
    before = path.read_bytes()
    assert f"{path} is not a SQLite database" in refused(path, create=create)
    assert path.read_bytes() == before


def test_an_empty_file_is_a_registry_still_to_be_made(tmp_path):
    path = tmp_path / "registry.db"
    path.touch()
    assert "there is no registry" in refused(path, create=False)
    with Registry.open(path) as registry:
        assert registry.record(entry(), expected_previous=None).number == 1


def test_the_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("create table theirs (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    assert "is a SQLite database but no registry" in refused(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [schema.SCHEMA_VERSION + 1, 0])
def test_another_schema_version_is_refused(recorded, version):
    connection = sqlite3.connect(recorded)
    connection.execute("update registry set schema_version = ?", [version])
    connection.commit()
    connection.close()
    assert f"has schema version {version}, this program reads {schema.SCHEMA_VERSION}" in refused(recorded)


def test_a_truncated_registry_is_damaged(recorded):
    recorded.write_bytes(recorded.read_bytes()[:8192])
    assert "is damaged; restore it from a copy" in refused(recorded)


def test_a_sketch_whose_bytes_changed_is_damaged(recorded):
    with Registry.open(recorded) as registry:
        snapshot = registry.snapshot("orders")
        with registry._engine.begin() as connection:
            connection.execute(update(schema.sketch).values(content=b"something else"))
        with pytest.raises(RegistryError, match=r"the sketch of orders@1 in .* is damaged"):
            registry.sketch(snapshot)


@pytest.mark.parametrize("create", [True, False])
def test_a_registry_below_a_file_cannot_be_made(tmp_path, create):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "folder" / "registry.db"
    assert str(path) in refused(path, create=create)


def test_a_folder_is_no_registry(tmp_path):
    assert str(tmp_path) in refused(tmp_path)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that refuses to make files")
def test_a_folder_that_takes_no_files_is_said_with_the_address():
    with (
        pytest.raises(RegistryError, match=r"registry /proc/registry-of-sameset\.db cannot be"),
        Registry.open("/proc/registry-of-sameset.db") as registry,
    ):
        registry.record(entry(), expected_previous=None)


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        (":memory:", "names no file"),
        ("mysql://u:hunter2@h/db", "a registry cannot be at mysql://"),
        ("duckdb:///x.duckdb", "a registry cannot be at duckdb://"),
        ("postgresql://u:hunter2@h:port/db", "cannot be read"),
        ("postgresql://u:the@hunter2@h/db", "cannot be read"),
    ],
)
def test_an_address_that_is_none_is_refused(address, fault):
    assert fault in refused(address)
    assert "hunter2" not in refused(address)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_without_its_driver_names_the_extra(scheme, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    address = "{}://ann:{}@127.0.0.1:1/registry".format(scheme, "hunter2")
    with pytest.raises(MissingExtraError, match=r"sameset\[postgres\]") as caught:
        Registry.open(address)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("password", ["hunter2", "hunter2/x", "hunter2%40", "hunter2:1"])
def test_the_address_of_a_server_is_shown_without_its_password(password):
    place = locate(f"postgresql://ann:{password}@db:5432/registry?sslpassword={password}&sslmode=require")
    assert place.address == "postgresql+psycopg://ann@db:5432/registry?sslmode=require"
    assert place.url.password is not None
    assert "hunter2" not in repr(place)


@given(st.text(max_size=30), st.none() | st.integers(1, 999_999_999))
def test_a_name_that_can_be_borne_can_be_referred_to(name, number):
    try:
        check_name(name)
    except SpecError:
        return
    assert parse_reference(name if number is None else f"{name}@{number}") == (name, number)


@pytest.mark.parametrize(
    "name", ["", " ", " orders", "orders\n", "a@1", "a::b", "a\x00b", "a\tb", "a\u2028b", "a\udcffb", "x" * 201]
)
def test_a_name_that_no_dataset_can_bear_is_refused_in_one_printable_line(name):
    with pytest.raises(SpecError, match="cannot name a dataset") as caught:
        check_name(name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["orders", "Größe 2", "a:b", "schema.table", "x" * 200, "売上"])
def test_names_of_every_script_are_borne(name, tmp_path):
    with Registry.open(tmp_path / "r.db") as registry:
        assert registry.record(entry(check_name(name)), expected_previous=None).dataset == name
        assert registry.snapshot(name).reference == f"{name}@1"


@pytest.mark.parametrize(
    "text", ["orders@", "orders@x", "orders@0", "orders@-1", "orders@1.5", "orders@³", "a@1@2", "@1"]
)
def test_a_reference_that_is_none_is_refused(text):
    with pytest.raises(SpecError):
        parse_reference(text)


def test_a_number_of_many_digits_is_no_reference():
    with pytest.raises(SpecError, match="is not a snapshot"):
        parse_reference("orders@" + "9" * 5000)


def test_the_default_address_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SAMESET_REGISTRY", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert default_address() == str(tmp_path / ".local/share/sameset/registry.db")
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    assert default_address() == str(tmp_path / ".local/share/sameset/registry.db")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_address() == str(tmp_path / "data/sameset/registry.db")
    monkeypatch.setenv("SAMESET_REGISTRY", "postgresql://ann@db/registry")
    assert default_address() == "postgresql://ann@db/registry"
