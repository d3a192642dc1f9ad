"""Ports on the loopback."""

import socket

from .console import Failure


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def pick():
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def require(port, variable):
    """Fail if the port is taken, naming the variable that moves it."""
    if not 0 < port < 65536 or not is_free(port):
        raise Failure(
            f"Port {port} is in use by another program.",
            f"stop that program (perhaps an Odoo: ss -ltnp 'sport = :{port}' names "
            "it), or choose another port: "
            f"{variable}={port + 1 if port < 65535 else 8070}",
        )
