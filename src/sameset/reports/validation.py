"""What there is to tell of a validation: Great Expectations' JSON of one, or of the run of a checkpoint, read without it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sameset.comparison.sentences import count_of
from sameset.errors import SpecError
from sameset.reports.texts import cut

__all__ = ["OUTCOMES", "SEVERITIES", "Expectation", "Table", "ValidationReport", "validation_of"]

#: What is told first.
OUTCOMES = ("unknown", "failed", "met")
SEVERITIES = ("critical", "warning", "info")
LONGEST_SENTENCE = 600
LONGEST_FACT = 300
MOST_FACTS = 40
MOST_OF_A_LIST = 5
#: What the sentence says already.
HIDDEN = (
    "sentence",
    "observed_value",
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "partial_unexpected_list",
)


@dataclass(frozen=True)
class Expectation:
    """One expectation and what became of it."""

    title: str  #: in words, such as "column values to be in set"
    column: str
    severity: str  #: critical, warning or info
    outcome: str  #: met, failed, or unknown if it could not be evaluated
    told: str  #: what was found, or why nothing could be, in one sentence
    asked: str  #: what its author says of it, and its parameters
    facts: tuple[tuple[str, str], ...]  #: what else was found, as names and texts

    @property
    def rank(self) -> tuple[int, int]:
        """Its place among others: what nobody knows first, then what failed, the gravest first."""
        return OUTCOMES.index(self.outcome), SEVERITIES.index(self.severity)


@dataclass(frozen=True)
class Table:
    """A batch that was validated, with its expectations, the gravest first."""

    name: str
    suite: str
    address: str
    expectations: tuple[Expectation, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many expectations have each outcome."""
        return Counter(one.outcome for one in self.expectations)

    @property
    def unmet(self) -> tuple[Expectation, ...]:
        """The expectations that failed or could not be evaluated."""
        return tuple(one for one in self.expectations if one.outcome != "met")

    @property
    def met(self) -> tuple[Expectation, ...]:
        """The expectations that are met."""
        return tuple(one for one in self.expectations if one.outcome == "met")


@dataclass(frozen=True)
class ValidationReport:
    """Everything that was validated, the tables with the gravest failures first."""

    subject: str
    tables: tuple[Table, ...]
    origin: tuple[tuple[str, str], ...]  #: how it came about, as names and texts

    @property
    def counts(self) -> Counter[str]:
        """How many expectations have each outcome."""
        return sum((table.counts for table in self.tables), Counter())

    @property
    def outcome(self) -> str:
        """`success`, `failure`, or `unknown` if anything could not be evaluated, or nothing was."""
        counts = self.counts
        if counts["unknown"] or not counts:
            return "unknown"
        return "failure" if counts["failed"] else "success"

    @property
    def severities(self) -> Counter[str]:
        """How many expectations that are not met have each severity."""
        return Counter(one.severity for table in self.tables for one in table.unmet)

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        counts = self.counts
        total = sum(counts.values())
        if not total:
            return f"{self.subject}: no expectation was evaluated, which proves nothing"
        parts = [f"{counts['met']:,} of {count_of(total, 'expectation')} met"]
        parts += [f"{counts['failed']:,} failed"] if counts["failed"] else []
        parts += [f"{counts['unknown']:,} could not be evaluated"] if counts["unknown"] else []
        return f"{self.subject}: {', '.join(parts)}"


def validation_of(data: Any) -> ValidationReport:
    """What a JSON value tells: a validation result of Great Expectations, a list of them, or the run of a checkpoint.

    Raises SpecError if it is none of these.
    """
    run = data if isinstance(data, Mapping) and "validations" in data else {}
    results = run.get("validations") if run else data if isinstance(data, list) else [data]
    if not isinstance(results, list) or not all(_is_validation(one) for one in results):
        raise SpecError(
            "this is no validation result: it needs `results` and `success`, as Great Expectations writes them, or "
            "`validations`, as `sameset-expectations run --format json` does"
        )
    tables = sorted(_tables(results), key=lambda table: [*(one.rank for one in table.unmet), (9, 9)])
    subject = (
        f"checkpoint {run['checkpoint']}" if run.get("checkpoint") else ", ".join({table.suite: 1 for table in tables})
    )
    return ValidationReport(cut(subject or "validation", 200), tuple(tables), tuple(_origin(run, results)))


def _is_validation(data: Any) -> bool:
    return isinstance(data, Mapping) and isinstance(data.get("results"), list) and "success" in data


def _tables(results: Iterable[Mapping[str, Any]]) -> Iterator[Table]:
    for result in results:
        meta = _mapping(result.get("meta"))
        name = _mapping(meta.get("active_batch_definition")).get("data_asset_name") or result.get("batch_id")
        expectations = sorted((_expectation(_mapping(one)) for one in result["results"]), key=lambda one: one.rank)
        address = _text(_mapping(meta.get("batch_spec")).get("address", ""))
        yield Table(_text(name or "table"), _text(result.get("suite_name") or "suite"), address, tuple(expectations))


def _expectation(result: Mapping[str, Any]) -> Expectation:
    config = _mapping(result.get("expectation_config"))
    kwargs = _mapping(config.get("kwargs"))
    kind = _text(config.get("type") or "an expectation without a type")
    found = _mapping(result.get("result"))
    reason = _reason(_mapping(result.get("exception_info")))
    outcome = "unknown" if reason is not None else "met" if result.get("success") is True else "failed"
    severity = config.get("severity")
    asked = ", ".join(
        f"{name} = {_text(value)}" for name, value in kwargs.items() if name not in ("batch_id", "column")
    )
    described = [_text(config["description"])] if isinstance(config.get("description"), str) else []
    return Expectation(
        title=kind.removeprefix("expect_").replace("_", " "),
        column=_text(kwargs.get("column", "")),
        severity=severity if severity in SEVERITIES else "critical",
        outcome=outcome,
        told=cut(reason if reason is not None else _told(found), LONGEST_SENTENCE),
        asked="; ".join(one for one in (*described, asked) if one),
        facts=tuple(_facts(found)) if outcome != "met" else (),
    )


def _reason(info: Mapping[str, Any]) -> str | None:
    """Why the expectation could not be evaluated; Great Expectations tells it once, or for each metric that failed."""
    for one in [info] if "raised_exception" in info else info.values():
        if isinstance(one, Mapping) and one.get("raised_exception"):
            return (str(one.get("exception_message") or "").strip() or "no reason given").splitlines()[0]
    return None


def _told(found: Mapping[str, Any]) -> str:
    """What was found: the sentence of an expectation of ours, the counts of any other."""
    sentence = _mapping(found.get("details")).get("sentence")
    if isinstance(sentence, str):
        return sentence
    if found.get("unexpected_count"):
        share = f" ({_text(found['unexpected_percent'])} %)" if found.get("unexpected_percent") is not None else ""
        total = f" of {_text(found['element_count'])}" if found.get("element_count") is not None else ""
        listed = found.get("partial_unexpected_list")
        values = [_text(value) for value in listed[:MOST_OF_A_LIST]] if isinstance(listed, list) else []
        more = ", …" if isinstance(listed, list) and len(listed) > MOST_OF_A_LIST else ""
        return f"{_text(found['unexpected_count'])}{total} unexpected{share}{': ' if values else ''}{', '.join(values)}{more}"
    if found.get("observed_value") is not None:
        return f"observed {_text(found['observed_value'])}"
    return f"none of {_text(found['element_count'])} unexpected" if found.get("element_count") is not None else ""


def _facts(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The details of a result, flat, as many as a reader can take."""
    flat = list(_flat(found, ""))
    yield from flat[:MOST_FACTS]
    if flat[MOST_FACTS:]:
        yield "…", f"and {len(flat) - MOST_FACTS:,} more"


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key not in HIDDEN:
                inner = str(key) if name in ("", "details") else f"{name}.{key}"
                yield from _flat(part, inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, part in enumerate(value[:MOST_OF_A_LIST], 1):
            yield f"{name} {number}", _text(part)
        if value[MOST_OF_A_LIST:]:
            yield name, f"and {len(value) - MOST_OF_A_LIST:,} more"
    elif value not in (None, ""):
        yield name, _text(value)


def _origin(run: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    meta = _mapping(results[0].get("meta")) if results else {}
    identity = _mapping(meta.get("run_id"))
    yield "checkpoint", _text(run.get("checkpoint") or "")
    yield "run", _text(run.get("run_name") or identity.get("run_name") or "")
    yield "time", _text(run.get("run_time") or identity.get("run_time") or meta.get("validation_time") or "")
    yield "suites", ", ".join({_text(one.get("suite_name") or "suite"): 1 for one in results})
    yield "Data Docs", _text(run.get("docs") or "")
    yield "Great Expectations", _text(meta.get("great_expectations_version") or "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    """A JSON value as one line; a text as it is."""
    if isinstance(value, str):
        return cut(value, LONGEST_FACT)
    if isinstance(value, float):
        # A bound of 0.9999999 must not read as 1.
        return f"{value:.6g}" if float(f"{value:.6g}") == value else f"{value:.12g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return cut(json.dumps(value, ensure_ascii=False, default=str), LONGEST_FACT)
