"""Connections that break at the worst moment, through a proxy that breaks them, and servers that go and come back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from registry_contents import contents
from registry_processes import entry, record_next

from sameset.errors import RegistryUnavailableError
from sameset.registry import Registry

pytestmark = pytest.mark.slow


class Breaker:
    """Passes bytes between clients and a server; breaks the next connection whose client says `word`, before or after."""

    def __init__(self, port: int) -> None:
        self.server_port = port
        self.word = b""
        self.answered = False
        self.tells_server = (
            True  # otherwise it is as if the client's machine had lost power: the server hears nothing more
        )
        self.broken = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def break_at(self, word: bytes, *, answered: bool) -> None:
        """Break once, when a client says `word`: before the server hears it, or after it did and answered."""
        self.word, self.answered = word, answered

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=_copy, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, suppress(OSError):
            while said := client.recv(1 << 16):
                if self.word and self.word in said:
                    self.word = b""
                    self.broken += 1
                    _shut(client)
                    if self.answered:
                        server.sendall(said)
                        server.shutdown(socket.SHUT_WR)
                        while server.recv(1 << 16):
                            pass
                    if self.tells_server:
                        _shut(server)
                    return
                server.sendall(said)


def _copy(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while said := server.recv(1 << 16):
            client.sendall(said)


def _shut(side: socket.socket) -> None:
    with suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)


@contextmanager
def breaker(port: int) -> Iterator[Breaker]:
    proxy = Breaker(port)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        _shut(proxy.listener)
        proxy.listener.close()
        thread.join(10)


@pytest.mark.parametrize(
    "word", [b"INSERT INTO dataset", b"INSERT INTO snapshot", b"INSERT INTO validation", b"COMMIT"]
)
@pytest.mark.parametrize("answered", [False, True], ids=["unheard", "answer lost"])
def test_a_record_whose_connection_breaks_is_one_record(server, on_postgres, word, answered):
    with (
        breaker(server.port) as proxy,
        Registry.open(on_postgres.replace(f":{server.port}/", f":{proxy.port}/")) as registry,
    ):
        registry.record(entry("items"), expected_previous=None)
        proxy.break_at(word, answered=answered)
        recorded = registry.record(entry(run_id="the run", validation="{}", files=b"files"), expected_previous=None)
        assert proxy.broken == 1
    assert (recorded.reference, recorded.run_id) == ("orders@1", "the run")
    rows = contents(on_postgres)
    assert {name: len(rows[name]) for name in ("dataset", "snapshot", "validation", "file_set")} == {
        "dataset": 2,
        "snapshot": 2,
        "validation": 1,
        "file_set": 1,
    }


def test_a_writer_that_vanished_inside_its_transaction_is_not_waited_for_long(server, on_postgres, monkeypatch):
    monkeypatch.setattr("sameset.registry.servers._MOST_IDLE", 0.5)
    with (
        breaker(server.port) as proxy,
        Registry.open(on_postgres.replace(f":{server.port}/", f":{proxy.port}/")) as registry,
    ):
        registry.record(entry(), expected_previous=None)
        proxy.tells_server = False
        proxy.break_at(b"INSERT INTO snapshot", answered=False)
        assert registry.record(entry(sketch=b"2"), expected_previous=1).number == 2
        assert proxy.broken == 1


@pytest.mark.parametrize("word", [b"CREATE TABLE snapshot", b"INSERT INTO registry_revision", b"COMMIT"])
@pytest.mark.parametrize("answered", [False, True], ids=["unheard", "answer lost"])
def test_a_registry_is_made_once_though_the_connection_breaks(server, on_postgres, word, answered):
    with (
        breaker(server.port) as proxy,
        Registry.open(on_postgres.replace(f":{server.port}/", f":{proxy.port}/")) as registry,
    ):
        proxy.break_at(word, answered=answered)
        assert registry.record(entry(), expected_previous=None).number == 1
        assert proxy.broken == 1
    rows = contents(on_postgres)
    assert len(rows["registry"]) == len(rows["registry_revision"]) == len(rows["snapshot"]) == 1


READING: dict[str, Callable[[Registry], object]] = {
    "latest": lambda registry: registry.latest("orders"),
    "history": lambda registry: registry.history("orders"),
    "datasets": lambda registry: registry.datasets(),
    "others": lambda registry: list(registry.others("items")),
    "file_keys": lambda registry: registry.file_keys("orders"),
    "sketch": lambda registry: registry.sketch(registry.snapshot("orders")),
}


@pytest.mark.parametrize("read", READING.values(), ids=READING)
def test_what_is_read_while_the_connection_breaks_is_read_again(server, on_postgres, read):
    with (
        breaker(server.port) as proxy,
        Registry.open(on_postgres.replace(f":{server.port}/", f":{proxy.port}/")) as registry,
    ):
        record_next(registry, entry())
        registry.add_file_sketches("orders", {"key": b"sketch"})
        before = read(registry)
        assert before
        proxy.break_at(b"SELECT", answered=True)
        assert read(registry) == before
        assert proxy.broken == 1


def test_a_server_that_restarts_in_the_middle_is_waited_for(own_server, monkeypatch):
    def start_again(_: float) -> None:
        pauses.append(_)
        if len(pauses) == 3:
            own_server.start()

    pauses: list[float] = []
    with Registry.open(own_server.address) as registry:
        record_next(registry, entry())
        monkeypatch.setattr("sameset.registry.failures.time.sleep", start_again)
        for number, mode in enumerate(["immediate", "fast"], 2):
            pauses.clear()
            own_server.stop(mode)
            assert registry.record(entry(sketch=bytes([number])), expected_previous=number - 1).number == number
            assert len(pauses) >= 3
            assert pauses[0] < pauses[2]  # with growing delays
        assert [shot.number for shot in registry.history("orders")] == [3, 2, 1]


def test_a_server_that_stays_away_is_told_in_one_sentence(own_server, monkeypatch):
    monkeypatch.setattr("sameset.registry.failures.LOSS_TIMEOUT", 1.0)
    with Registry.open(own_server.address) as registry:
        record_next(registry, entry())
        own_server.stop()
        with pytest.raises(
            RegistryUnavailableError, match=r"does not answer: .*; check that its server runs"
        ) as caught:
            registry.record(entry(sketch=b"2"), expected_previous=1)
        assert "\n" not in str(caught.value)
        own_server.start()
        assert record_next(registry, entry(sketch=b"2")) == 0
