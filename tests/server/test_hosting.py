"""The server listens where it is told, on loopback unless told otherwise."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from catalog.errors import ServeError
from catalog.server.hosting import ANY, listen, url_of


def test_port_zero_is_any_free_port_of_the_interface() -> None:
    with listen("127.0.0.1", 0) as listener:
        host, port = listener.getsockname()
        assert url_of(listener) == f"http://127.0.0.1:{port}/"
    assert host == "127.0.0.1"


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with (
        listen("127.0.0.1", 0) as first,
        pytest.raises(ServeError, match="name another --host or --port"),
    ):
        listen("127.0.0.1", first.getsockname()[1])


def test_an_interface_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(
        ServeError, match=r"cannot listen on 192\.0\.2\.1:0: [^()]+; name another --host"
    ):
        listen("192.0.2.1", 0)


def test_a_name_that_no_interface_can_have_is_refused() -> None:
    with pytest.raises(ServeError, match="is not the name of an interface: write an address"):
        listen("é\u202e" * 2000, 0)


def test_all_interfaces_are_opened_by_an_address_that_works_here_and_elsewhere() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert_reached(listener)


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6")
def test_all_interfaces_of_ipv6_are_opened_by_an_address_of_ipv6() -> None:
    try:
        listener = listen("::", 0)
    except ServeError as error:
        pytest.skip(str(error))
    with listener:
        assert_reached(listener)


def assert_reached(listener: socket.socket) -> None:
    """Whether its URL leads to a socket, and names no interface that means all of them."""
    url = urlsplit(url_of(listener))
    assert url.hostname not in ANY
    with socket.create_connection((url.hostname, url.port), timeout=5):
        pass


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6")
def test_an_ipv6_address_stands_in_brackets() -> None:
    try:
        listener = listen("::1", 0)
    except ServeError as error:
        pytest.skip(str(error))
    with listener:
        assert url_of(listener).startswith("http://[::1]:")
