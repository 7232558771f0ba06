"""Single checks of containers: an HTTP request, a TCP connection, a command. The pod's address is reached directly from the
node's own network namespace."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import NamedTuple

from dataplane.runtime.types import Runtime, RuntimeFailure
from protos.v1 import core_pb2 as core

_LONGEST_HEAD = 16 * 1024
_LONGEST_TOLD = 256


class Outcome(NamedTuple):
    """`message` says what went wrong."""

    passed: bool
    message: str = ""


async def check(
    handler: core.ProbeHandler, *, runtime: Runtime, container: core.Container, container_id: str, address: str,
    timeout_seconds: float,
) -> Outcome:  # fmt: skip
    try:
        if handler.HasField("exec"):
            return await _run(runtime, container_id, handler.exec, timeout_seconds)
        async with asyncio.timeout(timeout_seconds):
            if handler.HasField("http_get"):
                return await http_get(handler.http_get, container, address)
            if handler.HasField("tcp_socket"):
                action = handler.tcp_socket
                return await _connect(action.host or address, port_number(action.port, container))
    except TimeoutError:
        return Outcome(False, f"command timed out after {timeout_seconds:g}s" if handler.HasField("exec")
                       else "context deadline exceeded")  # fmt: skip
    except RuntimeFailure as failure:
        return Outcome(False, str(failure))
    return Outcome(False, "this kind of probe is not supported by this node")


def port_number(port: object, container: core.Container) -> int:
    """A port by number or by the name that the container gives it; 0 for an unknown name."""
    if not port.type:  # type: ignore[attr-defined]
        return int(port.int_val)  # type: ignore[attr-defined]
    name = port.str_val  # type: ignore[attr-defined]
    return next((one.container_port for one in container.ports if one.name == name), 0)


async def http_get(action: core.HTTPGetAction, container: core.Container, address: str) -> Outcome:
    """Passes with a status from 200 to 399, without following redirects."""
    host, port = action.host or address, port_number(action.port, container)
    secure = _unchecked_tls() if action.scheme == "HTTPS" else None
    path = action.path or "/"
    shown = f"{'https' if secure else 'http'}://{host}:{port}{path}"
    try:
        reader, writer = await asyncio.open_connection(host, port, ssl=secure, limit=_LONGEST_HEAD)
    except OSError as error:
        return Outcome(False, f'Get "{shown}": dial tcp {host}:{port}: connect: {_reason(error)}')
    try:
        writer.write(_request(action, path, f"{host}:{port}"))
        line = await reader.readline()
        status = int(line.split()[1])
    except (OSError, ValueError, IndexError) as error:
        return Outcome(False, f'Get "{shown}": {error or "EOF"}')
    finally:
        await _close(writer)
    return Outcome(200 <= status < 400, f"HTTP probe failed with statuscode: {status}")


def _request(action: core.HTTPGetAction, path: str, host: str) -> bytes:
    headers = {"Host": host, "User-Agent": "kube-probe/1.0", "Accept": "*/*", "Connection": "close"}
    extra = [(header.name, header.value) for header in action.http_headers]
    given = {name.lower() for name, _ in extra}
    lines = [*((name, value) for name, value in headers.items() if name.lower() not in given), *extra]
    text = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"GET {path} HTTP/1.1\r\n{text}\r\n".encode()


async def _connect(host: str, port: int) -> Outcome:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return Outcome(False, f"dial tcp {host}:{port}: connect: {_reason(error)}")
    await _close(writer)
    return Outcome(True)


async def _run(runtime: Runtime, container_id: str, action: core.ExecAction, timeout_seconds: float) -> Outcome:
    result = await runtime.exec(container_id, list(action.command), timeout_seconds)
    return Outcome(result.exit_code == 0, result.output.decode(errors="replace")[:_LONGEST_TOLD])


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _unchecked_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
