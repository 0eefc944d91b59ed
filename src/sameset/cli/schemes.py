"""What `sameset digest` does by each scheme: the digest of a place, that of several together, whether it is the expected one."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sameset.addresses import without_password
from sameset.cli.options import wanted
from sameset.errors import SamesetError, SpecError, SpecMismatchError

if TYPE_CHECKING:
    from sameset.execution.digesting import SourceDigest
    from sameset.execution.scanning import Progress
    from sameset.sketches.lattice import LatticeKey, LatticeSpec
    from sameset.sources import Source

__all__ = ["KEY_VARIABLE", "SCHEMES", "LatticeScheme", "OwnScheme", "Scheme", "UnfScheme"]

KEY_VARIABLE = "SAMESET_DIGEST_KEY"
LONGEST_KEY_FILE = 4096
SPEC_OPTIONS = ("columns", "ignore", "where", "digits", "nfc")


class Scheme(ABC):
    """A scheme with its parameters, which come from the options of the verb."""

    def __init__(self, options: dict[str, Any]) -> None:
        from sameset.sketches.spec import Spec

        self.spec = Spec().altered(**wanted(**{name: options[name] for name in SPEC_OPTIONS}))

    @abstractmethod
    def of_source(self, source: Source, progress: Progress) -> SourceDigest:
        """The digest of one source."""

    def of_all(self, found: Sequence[SourceDigest]) -> str | None:
        """The digest of several sources together, None if there is none."""
        return None

    @property
    @abstractmethod
    def start(self) -> str:
        """How printed digests of this scheme begin, its parameters and key included."""

    @property
    @abstractmethod
    def rest(self) -> str:
        """What follows, as a regular expression."""

    def check_expected(self, expected: str, sources: Sequence[str]) -> None:
        """SpecError if this can never be the digest of the sources, told before they are read."""
        if not re.fullmatch(re.escape(self.start) + self.rest, expected):
            raise SpecError(
                f"{expected!r} is no digest of this scheme with these parameters, which begins with {self.start}; "
                "digest both sides in the same way"
            )

    def is_expected(self, found: Sequence[SourceDigest], expected: str) -> bool:
        """Whether all sources together, or else each one, have the digest."""
        together = self.of_all(found) if len(found) > 1 else None
        texts = [file.digest for file in found] if together is None else [together]
        return texts == [expected] * len(texts)


class OwnScheme(Scheme):
    """The digest that sketches and snapshots have."""

    rest = "[0-9a-f]{32}"

    @property
    def start(self) -> str:
        return f"v{self.spec.encoding}:"

    def of_source(self, source: Source, progress: Progress) -> SourceDigest:
        from sameset.execution.digesting import plain_digest

        return plain_digest(source, self.spec, progress)


class UnfScheme(Scheme):
    """UNF version 6; `--digits` is its N."""

    def __init__(self, options: dict[str, Any]) -> None:
        from sameset.canonical.unf import UnfParameters

        super().__init__(options)
        given = {name: options[name] for name in ("digits", "characters", "bits") if options[name] is not None}
        self._parameters = UnfParameters(**given)

    @property
    def start(self) -> str:
        return self._parameters.header

    @property
    def rest(self) -> str:
        digits = -(-self._parameters.bits // 6)
        return f"[A-Za-z0-9+/]{{{digits}}}={{{-digits % 4}}}"

    def of_source(self, source: Source, progress: Progress) -> SourceDigest:
        from sameset.execution.digesting import unf_digest

        return unf_digest(source, self._parameters, self.spec, progress)

    def of_all(self, found: Sequence[SourceDigest]) -> str | None:
        from sameset.execution.digesting import dataset_unf

        return dataset_unf(found, self._parameters)


class LatticeScheme(Scheme):
    """LtHash32-1024, with a key or without."""

    rest = "(k[0-9a-f]{16}:)?[0-9a-f]{64}"

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self._key = _read_key(options["key_file"])

    @property
    def start(self) -> str:
        from sameset.sketches.lattice import SCHEME

        return f"{SCHEME}:"

    def of_source(self, source: Source, progress: Progress) -> SourceDigest:
        from sameset.execution.digesting import lattice_digest

        return lattice_digest(source, self._key, self.spec, progress)

    def of_all(self, found: Sequence[SourceDigest]) -> str | None:
        from sameset.execution.digesting import dataset_lattice

        try:
            return dataset_lattice(found).text
        except SpecMismatchError:
            return None

    def stored(self, found: Sequence[SourceDigest]) -> bytes:
        """The bytes of the digest of all sources together; SpecMismatchError if they do not fit."""
        from sameset.execution.digesting import dataset_lattice

        return dataset_lattice(found).to_bytes()

    def check_stored(self, address: str, stored: LatticeSpec) -> None:
        """SpecError if a stored digest is not of what is asked for, which its rows would have to be read again for."""
        spec, key = self.spec, self._key.id if self._key else None
        left_out = [name for name in spec.ignore if name in stored.names]
        chosen = {*(spec.columns or stored.names)} - {*spec.ignore}
        asked = {
            "--where": (spec.where, stored.where),
            "--digits": (spec.digits, stored.digits),
            "--nfc": (spec.nfc or None, stored.nfc),
            "--ignore": (left_out or None, None),
            "--columns": (chosen, {*stored.names}),
            "key": (key, stored.key),
        }
        for option, (given, there) in asked.items():
            if given is not None and given != there:
                raise SpecError(
                    f"{address} holds a digest that was not made with this {option}; leave it out, or digest its table again"
                )

    def check_expected(self, expected: str, sources: Sequence[str]) -> None:
        from sameset.execution.digesting import stored_lattice

        stored = stored_lattice(expected)
        if stored is None:
            try:
                super().check_expected(expected, sources)
            except SpecError as error:
                raise SpecError(f"{error}, or give a file that --store wrote") from None
        for source in sources:
            if stored_lattice(source) is None:
                self._check_comparable(without_password(source), expected, stored)

    def _check_comparable(self, source: str, expected: str, stored: SourceDigest | None) -> None:
        """SpecError if what the rows of a source get by the options is of another kind than what is expected."""
        from sameset.sketches.lattice import LatticeSpec

        key = self._key.id if self._key else ""
        if stored is None or stored.state is None:
            if expected.removeprefix(self.start).rpartition(":")[0] != (f"k{key}" if key else ""):
                raise _other_keys(source, expected)
            return
        there = stored.state.spec
        try:
            LatticeSpec(key, there.names, self.spec.digits, self.spec.nfc, self.spec.where).check_equal(there)
        except SpecMismatchError as error:
            error.args = (f"{source} and {expected}: {error}",)
            raise

    def is_expected(self, found: Sequence[SourceDigest], expected: str) -> bool:
        from sameset.execution.digesting import dataset_lattice, stored_lattice

        stored = stored_lattice(expected)
        if stored is not None:
            dataset_lattice([*found, stored])  # what must be equal to be compared must be equal to be merged
            return dataset_lattice(found) == stored.state
        for file in found:
            if len(file.digest) != len(expected) or file.digest.rpartition(":")[0] != expected.rpartition(":")[0]:
                raise _other_keys(file.address, expected)
        return super().is_expected(found, expected)


SCHEMES: dict[str, type[Scheme]] = {"sameset": OwnScheme, "unf6": UnfScheme, "lthash": LatticeScheme}


def _other_keys(address: str, expected: str) -> SpecError:
    return SpecError(f"{expected!r} and the digest of {address} have different keys; use the same one")


def _read_key(path: Path | None) -> LatticeKey | None:
    """The key in a file, else in the environment, else none; a line end behind it is no part of it.

    A path that leads nowhere is not repeated in the error: it may be the key itself, in the wrong place.
    """
    from sameset.sketches.lattice import LatticeKey

    if path is None and KEY_VARIABLE not in os.environ:
        return None
    secret = os.fsencode(os.environ[KEY_VARIABLE]) if path is None else _first_bytes(path)
    try:
        return LatticeKey(secret.removesuffix(b"\n").removesuffix(b"\r"))
    except SpecError as error:
        raise SpecError(f"{path or KEY_VARIABLE}: {error}") from None


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_KEY_FILE)
    except OSError as error:
        told = path if os.path.exists(path) else "--key-file (or SAMESET_DIGEST_KEY_FILE)"
        raise SamesetError(f"{told}: the key file cannot be read: {error.strerror}; check the path") from None
    if len(data) == LONGEST_KEY_FILE:
        raise SpecError(
            f"{path}: a file of a key has 16 to 64 bytes, this one {LONGEST_KEY_FILE} or more; check the path"
        )
    return data
