"""A socket to listen on: on this machine, at a free port, with answers that are sent at once."""

from __future__ import annotations

import socket

import pytest

from lamina.errors import InvalidSettingError
from lamina.http_server import LOOPBACK, listen


def test_the_next_port_is_taken_where_one_is_in_use_and_there_are_tries() -> None:
    with listen(LOOPBACK, 0, owner="test") as first:
        port = first.getsockname()[1]
        with pytest.raises(InvalidSettingError, match=f"^test: port {port} is in use. Choose another with --port.$"):
            listen(LOOPBACK, port, owner="test")
        with listen(LOOPBACK, port, tries=20, owner="test") as second:
            assert port < second.getsockname()[1] < port + 20


def test_asyncio_is_told_the_protocol_so_that_small_answers_do_not_wait_for_others() -> None:
    with listen(LOOPBACK, 0, owner="test") as listening:
        assert (listening.type, listening.proto) == (socket.SOCK_STREAM, socket.IPPROTO_TCP)


def test_localhost_is_the_address_that_clients_try_first_or_second() -> None:
    with listen("localhost", 0, owner="test") as listening:
        assert listening.getsockname()[0] == LOOPBACK


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_an_address_of_ipv6_is_one() -> None:
    try:
        with listen("::1", 0, owner="test") as listening:
            assert listening.family == socket.AF_INET6
    except InvalidSettingError:
        pytest.skip("this machine has no IPv6")


@pytest.mark.parametrize("host", ["", "a" * 100, "192.0.2.1"])
def test_hosts_that_are_none_are_refused(host: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"^test: (--host must be a name|cannot listen at)"):
        listen(host, 0, owner="test")
