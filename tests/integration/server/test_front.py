"""What every request passes: its turn, the audit log; and what any gRPC client can ask of the server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc.aio
import orjson
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from controlplane.api import errors, registry
from controlplane.client.writes import create_write
from controlplane.server import users
from controlplane.server.audit import policy
from controlplane.server.audit.log import AuditFile
from controlplane.server.audit.settings import Audit
from controlplane.server.limits import Limits
from controlplane.server.pki import Identity
from protos.v1 import core_pb2 as core
from tests.support.etcd import RealEtcd
from tests.support.server import running_api
from tests.support.waiting import eventually

JANE = Identity("jane", (users.MASTERS,))


def config(name: str) -> core.ConfigMap:
    made = core.ConfigMap(data={"a": "b"})
    made.metadata.name, made.metadata.namespace = name, "default"
    return made


def events(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


class TestAudit:
    async def test_who_changed_what_is_written_down_granted_or_not(self, etcd: RealEtcd, tmp_path: Path) -> None:
        path = tmp_path / "audit.log"
        audit = Audit(policy.DEFAULT, AuditFile(path))
        async with running_api(etcd, audit=audit) as api, api.client(JANE) as jane, api.client(Identity("joe")) as joe:
            await jane.create(config("a"))
            await jane.get(registry.CONFIG_MAPS, "a", "default")
            with pytest.raises(errors.Forbidden):
                await joe.delete(registry.CONFIG_MAPS, "a", "default")
            with pytest.raises(errors.NotFound):
                await jane.get(registry.SECRETS, "s", "default")
        told = [e for e in events(path) if e["user"]["username"] in ("jane", "joe")]
        brief = [(e["user"]["username"], e["verb"], e["objectRef"]["resource"], e["responseStatus"]["code"]) for e in told]
        assert brief == [
            ("jane", "create", "configmaps", 200), ("joe", "delete", "configmaps", 403), ("jane", "get", "secrets", 404),
        ]  # fmt: skip
        assert told[0]["objectRef"]["name"] == "a"
        assert told[0]["objectRef"]["namespace"] == "default"
        assert told[0]["sourceIPs"][0]
        assert told[1]["responseStatus"]["reason"] == "Forbidden"
        assert "requestObject" not in told[0]

    async def test_a_policy_may_ask_for_the_objects_too(self, etcd: RealEtcd, tmp_path: Path) -> None:
        path = tmp_path / "audit.log"
        rules = policy.read({"rules": [{"level": "RequestResponse", "users": ["jane"]}]})
        async with running_api(etcd, audit=Audit(rules, AuditFile(path))) as api, api.client(JANE) as jane:
            await jane.create(config("a"))
        (told,) = events(path)
        assert told["requestObject"]["data"] == {"a": "b"}
        assert told["responseObject"]["metadata"]["uid"]

    async def test_each_write_of_a_batch_has_its_own_line(self, etcd: RealEtcd, tmp_path: Path) -> None:
        path = tmp_path / "audit.log"
        async with running_api(etcd, audit=Audit(policy.DEFAULT, AuditFile(path))) as api, api.client(JANE) as jane:
            await jane.batch([create_write(config(f"c{number}")) for number in range(3)])
        names = sorted(e["objectRef"]["name"] for e in events(path) if e["user"]["username"] == "jane")
        assert names == ["c0", "c1", "c2"]


class TestTurns:
    async def test_a_flood_from_one_client_does_not_hold_up_another(self, etcd: RealEtcd) -> None:
        """With one seat, two polite requests wait for two of the flood, not for its whole line."""
        async with running_api(etcd, limits=Limits(seats=1)) as api, api.client(JANE) as flood, api.client() as polite:
            await polite.get(registry.NAMESPACES, "default")
            loop = asyncio.get_running_loop()
            calls = [loop.create_task(flood.create(config(f"flood-{number}"))) for number in range(1000)]
            await eventually(lambda: any(call.done() for call in calls))
            before = sum(call.done() for call in calls)
            await polite.get(registry.NAMESPACES, "default")
            await polite.get(registry.NAMESPACES, "default")
            served = sum(call.done() for call in calls) - before
            await asyncio.gather(*calls)
        assert served < 300, f"{served} of the flood were served before two polite requests"

    async def test_more_than_a_full_line_is_refused_with_a_time_to_come_back(self, etcd: RealEtcd) -> None:
        async with running_api(etcd, limits=Limits(seats=1, line=5)) as api, api.client(JANE) as client:
            calls = (client.get(registry.NAMESPACES, "default") for _ in range(200))
            answers = await asyncio.gather(*calls, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, errors.TooManyRequests)]
        assert refused
        assert refused[0].retry_after_seconds == 1
        assert all(not isinstance(answer, BaseException) or answer in refused for answer in answers)
        assert any(not isinstance(answer, BaseException) for answer in answers)


class TestIntrospection:
    async def test_reflection_lists_the_services_and_their_schema(self, etcd: RealEtcd) -> None:
        async with running_api(etcd) as api, api.connection().channel() as channel:
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            names = await ask(stub, reflection_pb2.ServerReflectionRequest(list_services=""))
            listed = {service.name for service in names.list_services_response.service}
            assert {"orlop.v1.Resources", "orlop.v1.Pods", "grpc.health.v1.Health"} <= listed
            symbol = reflection_pb2.ServerReflectionRequest(file_containing_symbol="orlop.apps.v1.Deployment")
            found = await ask(stub, symbol)
            assert found.file_descriptor_response.file_descriptor_proto

    async def test_health_is_serving_and_follows_etcd(self, etcd: RealEtcd) -> None:
        async with running_api(etcd) as api, api.connection().channel() as channel:
            stub = health_pb2_grpc.HealthStub(channel)

            async def state() -> Any:
                return (await stub.Check(health_pb2.HealthCheckRequest(service="orlop.v1.Resources"))).status

            serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING

            async def is_in(wanted: Any) -> bool:
                return bool(await state() == wanted)

            await eventually(lambda: is_in(serving))
            etcd.kill()
            try:
                await eventually(lambda: is_in(not_serving), within=20)
            finally:
                etcd.restart()
            await eventually(lambda: is_in(serving), within=20)


async def ask(stub: Any, request: reflection_pb2.ServerReflectionRequest) -> Any:
    call: grpc.aio.StreamStreamCall[Any, Any] = stub.ServerReflectionInfo()
    await call.write(request)
    answer = await call.read()
    await call.done_writing()
    return answer
