"""One file to production: `sameset.toml` lists datasets with their keys, policies and schedules (docs/production.md)."""

from __future__ import annotations

from sameset.configuration.judging import Judgement, judge
from sameset.configuration.policy import Bound, Outcome, Policy, Recording
from sameset.configuration.project import Dataset, Project, Schedule
from sameset.configuration.reading import read_dataset, read_project
from sameset.configuration.variables import expanded, unspoken

__all__ = [
    "Bound",
    "Dataset",
    "Judgement",
    "Outcome",
    "Policy",
    "Project",
    "Recording",
    "Schedule",
    "expanded",
    "judge",
    "read_dataset",
    "read_project",
    "unspoken",
]
