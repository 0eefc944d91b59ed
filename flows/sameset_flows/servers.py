"""The Prefect server that commands speak to; what the network or the server says against us is one sentence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL

from sameset.errors import SamesetError

__all__ = ["client_of_server", "wait_for_server"]

HOW = "start one with `prefect server start`, then `prefect config set PREFECT_API_URL=http://127.0.0.1:4200/api`"


@contextmanager
def client_of_server() -> Iterator[SyncPrefectClient]:
    """A client of the server at PREFECT_API_URL; SamesetError if none is set, or it does not answer or refuses."""
    if not PREFECT_API_URL.value():
        raise SamesetError(f"PREFECT_API_URL names no Prefect server; {HOW}")
    try:
        with get_client(sync_client=True) as client:
            yield client
    except PrefectHTTPStatusError as error:
        answer = (error.response.text or str(error)).strip().splitlines()[0][:500]
        raise SamesetError(f"the Prefect server refuses: {error.response.status_code} {answer}") from error
    except httpx.HTTPError as error:
        raise SamesetError(
            f"no Prefect server answers at {PREFECT_API_URL.value()}: {error or type(error).__name__}; {HOW}"
        ) from error


def wait_for_server(seconds: float) -> None:
    """Returns once the server answers; SamesetError if it does not within so many seconds."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            with client_of_server() as client:
                client.hello()
        except SamesetError:
            if not PREFECT_API_URL.value() or time.monotonic() > give_up:
                raise
            time.sleep(0.5)
        else:
            return
