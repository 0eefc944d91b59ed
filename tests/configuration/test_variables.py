"""`${NAME}` in addresses: the environment has the value, and nothing that is shown or recorded tells it."""

from __future__ import annotations

import json

import pytest

from sameset.configuration import expanded, read_dataset, unspoken
from sameset.configuration.checking import arrival_of, check_configured, source_of
from sameset.errors import ConfigurationError, SourceError
from sameset.registry import Registry


def test_a_variable_is_its_value_and_a_missing_one_an_error(monkeypatch):
    monkeypatch.setenv("DATA", "/data")
    assert expanded("${DATA}/orders") == "/data/orders"
    assert expanded("$DATA/${not a name}") == "$DATA/${not a name}"
    monkeypatch.delenv("DATA")
    with pytest.raises(ConfigurationError, match=r"the environment has no DATA, which an address names as \$\{DATA\}"):
        expanded("${DATA}/orders")


@pytest.mark.parametrize("value", ["hunter2", "hunter%212", "a b"])
def test_an_error_says_the_name_for_the_value(value, monkeypatch):
    monkeypatch.setenv("PW", value)
    with pytest.raises(SourceError) as caught, unspoken("postgresql://ann:${PW}@db::t", None):
        raise SourceError(f"{value}: no such user; also {value.replace('%21', '!')}")
    assert str(caught.value) == "${PW}: no such user; also ${PW}"


@pytest.mark.parametrize(
    "address", ["postgresql://ann:${PW}@db/shop::orders", "postgresql://ann@db/shop?password=${PW}::orders", "${WHERE}"]
)
def test_a_password_may_be_a_variable(address):
    assert read_dataset("a", {"source": address}, "here").source == address


@pytest.mark.parametrize("address", ["postgresql://ann:${PW}x@db/shop::orders", "postgresql://a:b@db?password=${PW}"])
def test_a_password_beside_a_variable_is_refused(address):
    with pytest.raises(ConfigurationError, match="the address holds a password"):
        read_dataset("a", {"source": address}, "here")


def test_what_is_recorded_and_told_has_the_variable(tmp_path, monkeypatch):
    (tmp_path / "rows.csv").write_text("id\n1\n2\n", "utf-8")
    monkeypatch.setenv("HUSH", str(tmp_path))
    dataset = read_dataset("rows", {"source": "${HUSH}/rows.csv"}, "here")
    address = str(tmp_path.parent / "elsewhere.db")
    with Registry.open(address) as registry:
        arrival = arrival_of(dataset, source_of(dataset, address), registry)
        check, _ = check_configured(dataset, arrival, registry)
        assert registry.latest("rows").source == "${HUSH}/rows.csv"
    assert check.arrival.address == "${HUSH}/rows.csv"
    assert str(tmp_path) not in json.dumps(check.to_json())
