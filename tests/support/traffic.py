"""Programs for tests' pods and clients: `python traffic.py COMMAND ...`. Standard library only, as they start often.

serve NAME PORT                 TCP and UDP: answers every line or datagram with NAME
ask HOST PORT COUNT [udp]       one connection (or socket) a question; prints what came back, as JSON. HOST may be
                                a mapped address (::ffff:10.96.0.10), asked by an IPv6 socket
load HOST PORT                  asks by new connections and over one that stays, until stdin ends; prints counts, as JSON
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import threading
import time
from collections import Counter

TIMEOUT = 3.0


def serve(name: str, port: int) -> None:
    answer = f"{name}\n".encode()
    tcp = socket.create_server(("0.0.0.0", port), backlog=512)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", port))
    with selectors.DefaultSelector() as selector:
        selector.register(tcp, selectors.EVENT_READ)
        selector.register(udp, selectors.EVENT_READ)
        print("serving", flush=True)
        while True:
            for key, _ in selector.select():
                if key.fileobj is tcp:
                    connection, _ = tcp.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connection, selectors.EVENT_READ)
                elif key.fileobj is udp:
                    _data, client = udp.recvfrom(2048)
                    udp.sendto(answer.rstrip() + b" " + client[0].encode(), client)
                else:
                    _answer(selector, key.fileobj, answer)


def _answer(selector: selectors.BaseSelector, connection: socket.socket, answer: bytes) -> None:
    try:
        data = connection.recv(1 << 16)
        if data.startswith(b"\0"):
            data = _rest_of(connection, data)
            connection.sendall(data)
        elif data:
            connection.sendall(answer.rstrip() + b" " + connection.getpeername()[0].encode() + b"\n")
    except OSError:
        data = b""
    if not data:
        selector.unregister(connection)
        connection.close()


def _rest_of(connection: socket.socket, data: bytes) -> bytes:
    """All of a stream, up to its newline: so much does not fit into buffers both ways at once."""
    parts = [data]
    while not parts[-1].endswith(b"\n"):
        parts.append(connection.recv(1 << 16))
    return b"".join(parts)


def send(host: str, port: int, size: int) -> dict[str, int]:
    """The first byte marks the stream for echoing, a newline ends it."""
    data = b"\0" + bytes(1 + number * 7 % 251 for number in range(1021)).replace(b"\n", b"x") * (size // 1021) + b"\n"
    with socket.create_connection((host, port), timeout=TIMEOUT) as connection:
        connection.settimeout(30)
        connection.sendall(data)
        returned = connection.makefile("rb").readline()
    return {"sent": len(data), "returned": len(returned), "right": int(returned == data)}


def ask_tcp(host: str, port: int) -> dict[str, str]:
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT) as connection:
            connection.sendall(b"who\n")
            name, seen = connection.makefile().readline().split()
            return {"name": name, "seen": seen, "peer": ":".join(map(str, connection.getpeername()[:2]))}
    except (OSError, ValueError) as error:
        return {"error": type(error).__name__, "after": f"{time.monotonic() - began:.3f}"}


def ask_udp(host: str, port: int) -> dict[str, str]:
    """By a socket that is not connected: the answer must come from the address that was asked."""
    began = time.monotonic()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(TIMEOUT)
        try:
            asking.sendto(b"who", (host, port))
            data, sender = asking.recvfrom(2048)
            name, seen = data.decode().split()
            return {"name": name, "seen": seen, "peer": f"{sender[0]}:{sender[1]}"}
        except OSError as error:
            return {"error": type(error).__name__, "after": f"{time.monotonic() - began:.3f}"}


def load(host: str, port: int) -> None:
    stop = threading.Event()
    counts: Counter[str] = Counter()
    workers = [threading.Thread(target=work, args=(host, port, stop, counts)) for work in (_by_new, _by_new, _by_one)]
    for worker in workers:
        worker.start()
    print("loading", flush=True)
    sys.stdin.read()
    stop.set()
    for worker in workers:
        worker.join()
    print(json.dumps(counts), flush=True)


def _by_new(host: str, port: int, stop: threading.Event, counts: Counter[str]) -> None:
    while not stop.wait(0.003):
        answer = ask_tcp(host, port)
        counts[answer.get("name", f"error {answer.get('error')} after {answer.get('after')}")] += 1


def _by_one(host: str, port: int, stop: threading.Event, counts: Counter[str]) -> None:
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT) as connection:
            lines = connection.makefile()
            while not stop.wait(0.003):
                connection.sendall(b"who\n")
                counts["kept" if lines.readline() else "error kept connection closed"] += 1
    except OSError as error:
        counts[f"error kept connection {error!r}"] += 1


def main(arguments: list[str]) -> None:
    match arguments:
        case ["serve", name, port]:
            serve(name, int(port))
        case ["ask", host, port, count]:
            print(json.dumps([ask_tcp(host, int(port)) for _ in range(int(count))]))
        case ["ask", host, port, count, "udp"]:
            print(json.dumps([ask_udp(host, int(port)) for _ in range(int(count))]))
        case ["send", host, port, size]:
            print(json.dumps(send(host, int(port), int(size))))
        case ["load", host, port]:
            load(host, int(port))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
