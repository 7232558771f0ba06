"""Whatever is sent to the server, in any number and of any size: it answers, or refuses, and goes on serving the others."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.api import errors, registry
from controlplane.client.client import Client
from protos.v1 import core_pb2 as core
from protos.v1 import node_pb2
from protos.v1 import resources_pb2 as wire
from tests.support.builders import make_deployment, make_pod
from tests.support.messages import messages
from tests.support.server import RunningApi
from tests.support.waiting import eventually

UNARY = ("Get", "List", "Create", "Update", "Patch", "Delete", "DeleteCollection", "Bind", "Batch", "Kinds", "Convert")
REQUESTS: dict[str, Any] = {
    "Get": wire.GetRequest, "List": wire.ListRequest, "Watch": wire.WatchRequest, "Create": wire.CreateRequest,
    "Update": wire.UpdateRequest, "Patch": wire.PatchRequest, "Delete": wire.DeleteRequest, "Bind": wire.BindRequest,
    "DeleteCollection": wire.DeleteCollectionRequest, "Batch": wire.BatchRequest, "Convert": wire.ConvertRequest,
}  # fmt: skip
# What a refusal may be. UNKNOWN and INTERNAL are not among them: they would mean that the server was surprised.
REFUSALS = {
    grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.ABORTED, grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.FAILED_PRECONDITION,
}  # fmt: skip


@pytest.fixture
async def channel(api: RunningApi) -> AsyncIterator[grpc.aio.Channel]:
    async with api.connection().channel() as opened:
        yield opened


async def send(channel: grpc.aio.Channel, method: str, body: bytes) -> grpc.StatusCode:
    """The code that the server answers with, within a bounded time."""
    try:
        await channel.unary_unary(f"/orlop.v1.Resources/{method}")(body, timeout=20)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def still_serves(client: Client) -> None:
    async with asyncio.timeout(5):
        assert (await client.get(registry.NAMESPACES, "default")).metadata.name == "default"


class TestMalformed:
    @pytest.mark.parametrize("method", UNARY)
    async def test_bytes_that_are_no_message_are_refused(
        self, client: Client, channel: grpc.aio.Channel, method: str
    ) -> None:
        chance = random.Random(method)
        for size in (1, 2, 7, 50, 1000, 50_000):
            for _ in range(4):
                await send(channel, method, chance.randbytes(size))
        await still_serves(client)

    @pytest.mark.parametrize("method", sorted(set(REQUESTS) - {"Watch"}))
    async def test_a_message_with_bytes_changed_is_answered_or_refused(
        self, client: Client, channel: grpc.aio.Channel, method: str
    ) -> None:
        pod = wire.Object(pod=make_pod(name="a"))
        samples: dict[str, Any] = {
            "Create": wire.CreateRequest(object=pod), "Update": wire.UpdateRequest(object=pod),
            "Batch": wire.BatchRequest(writes=[wire.WriteRequest(create=wire.CreateRequest(object=pod))]),
        }  # fmt: skip
        samples["Convert"] = wire.ConvertRequest(document=b'{"apiVersion": "v1", "kind": "Pod"}', api_version="v1")
        request = samples.get(method) or REQUESTS[method]()
        names = {field.name for field in request.DESCRIPTOR.fields}
        for name, value in (("resource", "pods"), ("namespace", "default"), ("name", "a"), ("patch", b'{"spec": {}}')):
            if name in names:
                setattr(request, name, value)
        whole, chance = request.SerializeToString(), random.Random(method)
        for _ in range(60):
            body = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            await send(channel, method, bytes(body[: chance.randint(1, len(body))]))
        await still_serves(client)

    async def test_any_message_is_answered_or_refused_in_order(self, client: Client, channel: grpc.aio.Channel) -> None:
        """Well-formed messages with any content: no surprise, no internal error."""
        asked: list[tuple[str, bytes]] = []

        @settings(max_examples=250, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(sorted(set(REQUESTS) - {"Watch"})), st.data())
        def draw(method: str, data: st.DataObject) -> None:
            asked.append((method, data.draw(messages(REQUESTS[method], 6)).SerializeToString()))

        draw()
        for method, body in asked:
            code = await send(channel, method, body)
            assert code is grpc.StatusCode.OK or code in REFUSALS, f"{method} {body!r}: {code}"
        await still_serves(client)

    async def test_any_watch_is_opened_or_refused(self, client: Client, channel: grpc.aio.Channel) -> None:
        chance, refused = random.Random(7), []
        words = (
            "",
            "pods",
            "nodes",
            "x",
            "pods.x",
            "secrets",
            "0",
            "-1",
            "99999999999999999999",
            "a=b",
            "a in (",
            "\0",
            "ä" * 300,
        )
        for _ in range(80):
            request = wire.WatchRequest(
                resource=chance.choice(words), namespace=chance.choice(words), label_selector=chance.choice(words),
                field_selector=chance.choice(words), resource_version=chance.choice(words),
                send_initial_events=chance.random() < 0.5,
            )  # fmt: skip
            call = channel.unary_stream("/orlop.v1.Resources/Watch")(request.SerializeToString(), timeout=5)
            try:
                async with asyncio.timeout(0.05):
                    await call.read()
            except TimeoutError:
                call.cancel()
            except grpc.aio.AioRpcError as error:
                refused.append((error.code(), f"{request}: {error.details()}"))
        assert refused
        assert not [told for code, told in refused if code not in REFUSALS]
        await still_serves(client)

    async def test_methods_and_services_that_are_not_there(self, client: Client, channel: grpc.aio.Channel) -> None:
        assert await send(channel, "DropEverything", b"") is grpc.StatusCode.UNIMPLEMENTED
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary("/no.such/Service")(b"", timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        await still_serves(client)


class TestOversized:
    async def test_a_message_above_the_limit_is_refused(self, client: Client, channel: grpc.aio.Channel) -> None:
        assert await send(channel, "Create", b"\x0a" + b"\xff" * (17 << 20)) is grpc.StatusCode.RESOURCE_EXHAUSTED
        await still_serves(client)

    async def test_an_object_above_etcds_limit_is_refused_by_name(self, client: Client) -> None:
        big = core.Secret(data={"a": b"x" * 1_000_000}, string_data={"b": "y" * 1_000_000})
        big.metadata.name, big.metadata.namespace = "big", "default"
        with pytest.raises((errors.TooLarge, errors.Invalid), match="big"):
            await client.create(big)

    async def test_too_many_writes_in_a_batch_are_refused(self, channel: grpc.aio.Channel) -> None:
        request = wire.BatchRequest(writes=[wire.WriteRequest()] * 1001)
        assert await send(channel, "Batch", request.SerializeToString()) is grpc.StatusCode.INVALID_ARGUMENT

    @pytest.mark.parametrize(
        "patch",
        [
            b"[" * 100_000, b'{"a":' * 100_000, b'{"spec":' * 5_000 + b"1" + b"}" * 5_000, b"null", b'"x"', b"\xff\xfe", b"",
            b'{"metadata": {"labels": "x"}}', b'{"spec": [1, 2]}', b'{"spec": {"replicas": 1e400}}',
            b'{"spec": {"replicas": 99999999999999999999}}',
            b'{"metadata": {"annotations": {"a": "' + b"x" * 500_000 + b'"}}}',
        ],
        ids=lambda patch: patch[:24].decode("latin-1"),
    )  # fmt: skip
    @pytest.mark.parametrize("kind", ["MERGE", "JSON", "STRATEGIC", "APPLY"])
    async def test_a_hostile_patch_is_refused(
        self, client: Client, channel: grpc.aio.Channel, patch: bytes, kind: str
    ) -> None:
        await client.create(make_deployment(name="web"))
        request = wire.PatchRequest(
            resource="deployments.apps", namespace="default", name="web", patch=patch, field_manager="m",
            type=wire.PatchRequest.Type.Value(kind), field_validation="Strict",
        )  # fmt: skip
        assert await send(channel, "Patch", request.SerializeToString()) in REFUSALS
        await still_serves(client)

    @pytest.mark.parametrize("copies", [1000])
    async def test_a_json_patch_cannot_grow_an_object_without_bound(
        self, client: Client, channel: grpc.aio.Channel, copies: int
    ) -> None:
        """Each operation copies the whole of the annotations into itself."""
        await client.create(make_deployment(name="web"))
        steps = [{"op": "add", "path": "/metadata/annotations", "value": {"a": "x" * 1000}}]
        steps += [{"op": "copy", "from": "/metadata", "path": f"/metadata/x{number}"} for number in range(copies)]
        request = wire.PatchRequest(
            resource="deployments.apps", namespace="default", name="web", patch=orjson.dumps(steps),
            type=wire.PatchRequest.JSON,
        )  # fmt: skip
        assert await send(channel, "Patch", request.SerializeToString()) in REFUSALS
        await still_serves(client)

    @pytest.mark.parametrize(
        "selector",
        [
            "a=b," * 50_000,
            "(" * 10_000,
            "a in (" + "x," * 100_000 + "x)",
            "a" * 1_000_000,
            "!" * 10_000,
            "a notin ((((b))))",
        ],
        ids=lambda text: text[:12],
    )
    async def test_a_hostile_selector_is_answered_or_refused_soon(self, client: Client, selector: str) -> None:
        async with asyncio.timeout(10):
            with contextlib.suppress(errors.BadRequest):
                await client.list(registry.PODS, labels=selector)
        await still_serves(client)


class TestConnections:
    async def test_bytes_that_are_no_tls_and_no_http_are_shrugged_off(self, api: RunningApi, client: Client) -> None:
        for payload in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\xff\xff" + b"\0" * 500,
            random.Random(1).randbytes(5000),
            b"",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
            writer.write(payload)
            await writer.drain()
            writer.close()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        with contextlib.suppress(OSError):  # it wants a certificate first
            reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port, ssl=context)
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100)
            async with asyncio.timeout(5):
                assert len(await reader.read()) < 10_000
        await still_serves(client)

    async def test_hundreds_of_idle_connections_do_not_hold_up_the_others(self, api: RunningApi, client: Client) -> None:
        idle = [socket.create_connection(("127.0.0.1", api.server.port)) for _ in range(300)]
        try:
            await still_serves(client)
        finally:
            for one in idle:
                one.close()
        await still_serves(client)

    async def test_clients_that_go_away_in_the_middle_leave_nothing_behind(self, api: RunningApi, client: Client) -> None:
        before = len(asyncio.all_tasks())
        async with api.connection().channel() as channel:
            for _ in range(200):
                call: Any = channel.unary_stream("/orlop.v1.Resources/Watch")(
                    wire.WatchRequest(resource="pods").SerializeToString()
                )
                call.cancel()
            gets = [channel.unary_unary("/orlop.v1.Resources/List")(wire.ListRequest(resource="pods").SerializeToString())
                    for _ in range(200)]  # fmt: skip
            for get in gets:
                get.cancel()
        await still_serves(client)
        await eventually(lambda: len(asyncio.all_tasks()) <= before + 5)

    async def test_logs_of_pods_that_are_not_there_are_refused(self, api: RunningApi) -> None:
        async with api.connection().channel() as channel:
            for name in ("", "x", "../x", "x" * 5000):
                call = channel.unary_stream("/orlop.v1.Pods/Logs")(
                    node_pb2.LogsRequest(namespace="default", name=name).SerializeToString(), timeout=5
                )
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await call.read()
                assert refused.value.code() in REFUSALS
