"""sameset.toml is read strictly: what it says comes out, and a slip of the pen names file, table and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from sameset.configuration import Bound, Policy, Schedule, read_dataset, read_project
from sameset.configuration.policy import DIFFERENT, Outcome, Recording
from sameset.configuration.schedules import cron_fault
from sameset.errors import ConfigurationError

FULL = """
registry = "registry.db"
manifests = "~/manifests"
docs = "pages"
project = "shop"
pool = "team-pool"
concurrency = 2

[policy]
fail_on = ["different"]
max_removed = 0

[schedule]
every = "1h"

[datasets.orders]
source = "data/orders/*.parquet"
key = ["o_orderkey"]
ignore = ["loaded_at"]
where = "o_orderkey > 0"
digits = 12
incremental = true
trust_metadata = true
timeout = "30m"
retries = 5
tags = ["vendor"]
schedule = { cron = "0 3 * * 1-5", timezone = "Europe/Berlin" }

[datasets.orders.policy]
fail_on = ["truncated", "replaced"]
warn_on = ["unchanged"]
max_added = "5%"
max_changed = 100
min_similarity = "95%"
min_rows = 1
resembles = "warn"
may_resemble = ["orders_copy"]
record = "always"

[datasets."Daily Customers"]
source = "postgresql://etl@db.example/shop::customers"
key = "c_custkey"
manifest = true
schedule = false
"""


@pytest.fixture
def write(tmp_path: Path):
    def file(text: str) -> Path:
        path = tmp_path / "sameset.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return file


def test_what_the_file_says_comes_out(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    project = read_project(write(FULL))
    assert project.registry == str(tmp_path / "registry.db")
    assert project.docs == str(tmp_path / "pages")
    assert project.manifests == str(tmp_path / "home" / "manifests")
    assert (project.name, project.pool, project.concurrency) == ("shop", "team-pool", 2)
    orders, customers = project.dataset("orders"), project.dataset("Daily Customers")
    assert orders.source == str(tmp_path / "data/orders/*.parquet")
    assert (orders.key, orders.ignore, orders.timeout, orders.tags) == (
        ("o_orderkey",),
        ("loaded_at",),
        1800,
        ("vendor",),
    )
    assert orders.schedule == Schedule("0 3 * * 1-5", "Europe/Berlin")
    assert orders.policy == Policy(
        fail_on=frozenset({"truncated", "replaced"}),
        warn_on=frozenset({"unchanged"}),
        max_added=Bound(percent=5),
        max_removed=Bound(rows=0),  # of the policy that all share
        max_changed=Bound(rows=100),
        min_similarity=0.95,
        min_rows=1,
        resembles=Outcome.WARNED,
        may_resemble=("orders_copy",),
        record=Recording.ALWAYS,
    )
    assert customers.source == "postgresql://etl@db.example/shop::customers"
    assert (customers.key, customers.manifest, customers.schedule) == (("c_custkey",), True, None)
    assert customers.policy == Policy(fail_on=DIFFERENT, max_removed=Bound(rows=0))


def test_a_dataset_without_a_word_has_the_shared_schedule_and_the_usual_policy(write):
    project = read_project(write('schedule = { every = 60 }\n[datasets.a]\nsource = "a.csv"'))
    assert project.dataset("a").schedule == Schedule(every=60)
    assert project.dataset("a").policy == Policy()


def test_a_file_that_windows_saved_is_read(tmp_path):
    (tmp_path / "sameset.toml").write_bytes(b"\xef\xbb\xbf[datasets.a]\r\nsource = 'a.csv'\r\n")
    assert read_project(tmp_path / "sameset.toml").dataset("a").source == str(tmp_path / "a.csv")


def test_the_parameters_of_a_flow_are_the_same_dataset(write):
    for dataset in read_project(write(FULL)).datasets.values():
        table = {"source": dataset.source, "key": list(dataset.key), "tags": list(dataset.tags)}
        again = read_dataset(
            dataset.name, table | dataset.options() | {"policy": dataset.policy.as_table()}, "parameters"
        )
        assert (again.wanted, again.policy, again.options()) == (dataset.wanted, dataset.policy, dataset.options())


def test_the_file_of_the_environment_is_read_where_none_is_named(write, monkeypatch, tmp_path):
    path = write('[datasets.a]\nsource = "/a.csv"')
    monkeypatch.setenv("SAMESET_CONFIG", str(path))
    assert read_project().path == path
    monkeypatch.delenv("SAMESET_CONFIG")
    monkeypatch.chdir(tmp_path)
    assert read_project().path == path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is no dataset"),
        ("[datasets.orders", "is not valid TOML"),
        ("regisrty = 'x'\n[datasets.a]\nsource = 'a'", "regisrty: there is no such key; did you mean 'registry'?"),
        ("[datasets.a]\nsorce = 'a'", r"\[datasets.a\] sorce: there is no such key; did you mean 'source'"),
        ("[datasets.a]\nkey = 'a'", r"\[datasets.a\] source: it is missing"),
        ("pool = 'a/b'\n[datasets.a]\nsource = 'a'", "pool: 'a/b' holds '/', which no work pool of Prefect may"),
        ("[datasets.a]\nsource = 'a'\nkeys = ['x']", r"\[datasets.a\] keys: there is no such key; did you mean 'key'"),
        ("[datasets.'a b']\nsource = 5", r'\[datasets."a b"\] source: 5 is no text'),
        ("[datasets.'a@1']\nsource = 'a'", "cannot name a dataset"),
        ("datasets = 5", "datasets: 5 is no table"),
        ("[datasets.a]\nsource = 'a'\nkey = [1]", r"key: \[1\] is no list of texts"),
        ("[datasets.a]\nsource = 'a'\ndigits = 16", "digits: 16 is no whole number from 1 to 15"),
        ("[datasets.a]\nsource = 'a'\ndigits = true", "digits: True is no whole number"),
        ("[datasets.a]\nsource = 'a'\nnfc = 'yes'", "nfc: 'yes' is neither true nor false"),
        ("[datasets.a]\nsource = 'a'\ntimeout = 'soon'", "timeout: 'soon' is no length of time"),
        ("[datasets.a]\nsource = 'a'\nbucket_by = 'day:0'", r"\[datasets.a\]: .*there can be 1 to 4,096"),
        ("[datasets.a]\nsource = 'a'\ncolumns = []", r"\[datasets.a\]: no column was chosen"),
        ("[datasets.a]\nsource = 'a'\nmanifest = true\nincremental = true", "cannot go with incremental"),
        ("[datasets.a]\nsource = 'a'\nschedule = {}", "schedule: it has either cron"),
        ("[datasets.a]\nsource = 'a'\nschedule = { cron = '0 3 * *' }", "has not five fields"),
        ("[datasets.a]\nsource = 'a'\nschedule = { cron = '0 3 * * *', timezone = 'Mars' }", "'Mars' is no time zone"),
        (
            "[datasets.a]\nsource = 'a'\nschedule = { cron = '0 3 * * *', timezone = 'posixrules' }",
            "'posixrules' is no time zone",  # which the system has a file of, but Prefect does not take
        ),
        (
            "[datasets.a]\nsource = 'a'\nschedule = { cron = '0 3 30-31 feb mon' }",
            "never comes: no month of feb has a day 30",
        ),
        ("[datasets.a]\nsource = 'a'\nschedule = { cron = '0 25 * * *' }", "has hour 25, which is not from 0 to 23"),
        ("[datasets.a]\nsource = 'a'\nschedule = { cron = '0 3 * * mo' }", "has day of week mo, which is not"),
        ("[datasets.a]\nsource = 'a'\nschedule = { cron = '*/0 3 * * *' }", "has minute '[*]/0', which is none"),
        ("[datasets.a]\nsource = 'a'\nschedule = { cron = '0 9-5 * * *' }", "has hour '9-5', which goes backwards"),
        ("[datasets.a]\nsource = 'a'\nschedule = { every = 1 }", "too often"),
        ("[datasets.a]\nsource = 'a'\nretries = 11", "retries: 11 is no whole number from 0 to 10"),
        ("[datasets.a]\nsource = 'a'\npolicy = { min_similarity = 95 }", "min_similarity: 95 is no share"),
        ("[datasets.a]\nsource = 'a'\n[datasets.a]\nsource = 'b'", "is not valid TOML"),
        ("schedule = { evry = 60 }\n[datasets.a]\nsource = 'a'", r"\[schedule\] evry: .* did you mean 'every'"),
        (
            "[datasets.a]\nsource = 'a'\npolicy = { fail_on = ['modifed'] }",
            r"\[datasets.a.policy\] fail_on: .*'modified'",
        ),
        ("[datasets.a]\nsource = 'a'\npolicy = { fail_on = ['identical'] }", "a check says 'unchanged'"),
        (
            "[datasets.a]\nsource = 'a'\npolicy = { max_added = 0.05 }",
            "max_added: 0.05 is no bound; write a number of rows",
        ),
        ("[datasets.a]\nsource = 'a'\npolicy = { min_rows = 5, max_rows = 4 }", "min_rows: 5 is more than max_rows"),
        (
            "[datasets.a]\nsource = 'a'\npolicy = { fail_on = ['new'], warn_on = ['new'] }",
            "new cannot both warn and fail",
        ),
        (
            "policy = { record = 'never' }\n[datasets.a]\nsource = 'a'",
            r"\[policy\] record: 'never' is none of passed, always$",
        ),
        ("concurrency = 0\n[datasets.a]\nsource = 'a'", "concurrency: 0 is no whole number from 1"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_that_names_the_place(text, told, write):
    path = write(text)
    with pytest.raises(ConfigurationError, match=told) as error:
        read_project(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "registry = 'postgresql://ann:hunter2@db/reg'\n[datasets.a]\nsource = 'a'",
        "registry = 'postgresql://ann@db/reg?password=hunter2'\n[datasets.a]\nsource = 'a'",
        "[datasets.a]\nsource = 'postgresql://ann:hunter2@[::1]/shop::orders'",
        "[datasets.a]\nsource = 's3://key:hunter2@bucket/orders'",
        "[datasets.a]\nsource = \"x.duckdb::select * from postgres_scan('host=h password=hunter2', 's', 't')\"",
        "[datasets.a]\nsource = \"postgresql://db/shop::select dblink('postgresql://ann:hunter2@h/d')\"",
        "[datasets.a]\nsource = 'a'\nschema_from = 'postgresql://ann:hunter2@db/shop::orders'",
    ],
)
def test_a_password_is_refused_and_not_repeated(text, write):
    with pytest.raises(ConfigurationError, match="the address holds a password") as error:
        read_project(write(text))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "source", ["postgresql://ann@db/shop::select * from t where password = 'x'", "s3://bucket/key=5/part.parquet"]
)
def test_what_only_looks_like_a_password_is_not_refused(source, write):
    assert read_project(write(f'[datasets.a]\nsource = "{source}"')).dataset("a").source == source


@pytest.mark.parametrize(
    ("path", "told"), [("nowhere.toml", "does not exist"), (".", "cannot be read: Is a directory")]
)
def test_a_file_that_is_not_there_is_told(path, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=told):
        read_project(path)


def test_an_unknown_dataset_is_told_with_its_nearest_name(write):
    with pytest.raises(ConfigurationError, match="has no dataset 'order'; did you mean 'orders'"):
        read_project(write(FULL)).dataset("order")


@pytest.mark.parametrize(
    "cron", ["0 3 29 2 *", "0 0 31 */2 *", "0 0 30,31 1-2 mon", "0 0 31/2 dec *", "0 0 * * *", "0 0 1 2 0-7"]
)
def test_days_that_some_month_has_come(cron):
    assert cron_fault(cron) is None
