"""A set of files -> few fat jobs for the partition map, cut so that a changed file changes few of them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING
from zlib import crc32

from sameset.execution.file_memory import name_of
from sameset.execution.partition_jobs import PartitionJob
from sameset.sketches.storage import FORMAT
from sameset.sources.file_parts import FilesSource
from sameset.sources.file_states import FileState, Trust, states_of

if TYPE_CHECKING:
    import pyarrow as pa

    from sameset.sketches.spec import Spec
    from sameset.sources.base import Source

__all__ = ["partition_jobs", "states_name"]

JOB_BYTES = 1 << 28  # of files: about a second of one core, some thirty times what Prefect takes for a task
FILE_BYTES = 1 << 20  # what opening a file costs, as bytes that are read in that time
MOST_JOBS = 4_096  # beyond, jobs grow: each costs whoever shares them out a message, a merge and a kept sketch


@dataclass(frozen=True)
class _Piece:
    """A file, or some of its row groups, with its weight."""

    place: int
    weight: int
    groups: range | None = None


def partition_jobs(source: Source, spec: Spec) -> list[PartitionJob]:
    """The jobs that together read each row of a source once; none if it can only be read as a whole.

    The cuts depend on the files alone, their names and sizes, so that a run finds what an earlier one has done.
    """
    if not isinstance(source, FilesSource) or source.why_whole(()) is not None:
        return []
    if spec.where is not None:  # it is about the columns of the whole, and not every file has these by itself
        return []
    whole = source.schema()
    if source.why_whole([name for name in whole.names if name not in source.file_set.partitions]) is not None:
        return []
    states = states_of(source.file_set.files, Trust.STATUS)
    # The row groups' sizes are known before compression, which is more than the file has: a split file is cut a bit finer.
    target = _job_bytes(sum(state.size + FILE_BYTES for state in states))
    pieces = list(_pieces(source, states, target))
    cuts = _cut(source.file_set.names(), pieces, target)
    reading = name_of(FORMAT, version("sameset"), spec.to_json(), source.reading, whole)
    return [_job(number, cut, source, spec, whole, states, reading) for number, cut in enumerate(cuts)]


def states_name(files: Sequence[str], states: Sequence[FileState] | None = None) -> str | None:
    """A name for the states in which files are, now unless they are given; None if that may not show another write."""
    found = states_of(files, Trust.STATUS) if states is None else states
    if any(state.etag is None and state.is_recent for state in found):
        return None
    return name_of([(state.size, state.modified, state.changed, state.inode, state.etag) for state in found])


def _job_bytes(total: int) -> int:
    """How much a job reads: doubled until there are few enough, so that one file more seldom moves all cuts."""
    target = JOB_BYTES
    while total > target * MOST_JOBS:
        target *= 2
    return target


def _pieces(source: FilesSource, states: Sequence[FileState], target: int) -> Iterator[_Piece]:
    for place, state in enumerate(states):
        sizes = source.row_groups(source.file_set.files[place]) if state.size > target else ()
        if len(sizes) < 2:
            yield _Piece(place, state.size + FILE_BYTES)
            continue
        start, weight = 0, 0
        for number, size in enumerate(sizes):
            weight += size
            if weight >= target or number == len(sizes) - 1:
                yield _Piece(place, weight + FILE_BYTES, range(start, number + 1))
                start, weight = number + 1, 0


def _cut(names: Sequence[str], pieces: Sequence[_Piece], target: int) -> Iterator[list[_Piece]]:
    """Neighbouring pieces together, up to the target; a piece of a file is alone.

    In a job's second half every eighth name or so ends it, so that behind a file that came or went the cuts are soon the old ones.
    """
    job: list[_Piece] = []
    weight = 0
    for piece in pieces:
        if job and (piece.groups is not None or weight + piece.weight > target):
            yield job
            job, weight = [], 0
        job.append(piece)
        weight += piece.weight
        ends = weight >= target // 2 and crc32(names[piece.place].encode()) % 8 == 0
        if piece.groups is not None or ends:
            yield job
            job, weight = [], 0
    if job:
        yield job


def _job(
    number: int,
    pieces: Sequence[_Piece],
    source: FilesSource,
    spec: Spec,
    whole: pa.Schema,
    states: Sequence[FileState],
    reading: str,
) -> PartitionJob:
    places = [piece.place for piece in pieces]
    groups = pieces[0].groups
    files = tuple(source.file_set.files[place] for place in places)
    folders = {key: [values[place] for place in places] for key, values in source.file_set.partitions.items()}
    of_files = states_name(files, [states[place] for place in places])
    return PartitionJob(
        number,
        _name(files, groups),
        files,
        of_files,
        name_of(reading, [source.file_set.below(file) for file in files], folders, str(groups), of_files),
        pickle.dumps((source.part(places, whole, groups), spec)),
    )


def _name(files: Sequence[str], groups: range | None) -> str:
    if groups is not None:
        return f"{files[0]} (row groups {groups.start} to {groups.stop - 1})"
    return files[0] if len(files) == 1 else f"{len(files)} files from {files[0]} to {files[-1]}"
