"""The API without Orlop's library: gRPC, and the code that protoc makes of the .proto files. Other languages look alike.

python docs/examples/plain_grpc.py HOST:PORT CA.crt CLIENT.crt CLIENT.key
"""

from __future__ import annotations

import sys
from pathlib import Path

import grpc
from grpc_status import rpc_status

from protos.v1 import meta_pb2, resources_pb2_grpc
from protos.v1 import resources_pb2 as api


def main(address: str, ca: str, certificate: str, key: str) -> None:
    credentials = grpc.ssl_channel_credentials(*(Path(path).read_bytes() for path in (ca, key, certificate)))
    # Every server's certificate has the name "kubernetes", whatever address it is reached at.
    with grpc.secure_channel(address, credentials, [("grpc.ssl_target_name_override", "kubernetes")]) as channel:
        resources = resources_pb2_grpc.ResourcesStub(channel)

        wanted = api.Object()
        wanted.config_map.metadata.name, wanted.config_map.metadata.namespace = "plain", "default"
        wanted.config_map.data["greeting"] = "hello"
        stored = resources.Create(api.CreateRequest(object=wanted), timeout=10).config_map
        print(f"created {stored.metadata.name} at version {stored.metadata.resource_version}")

        try:
            resources.Create(api.CreateRequest(object=wanted), timeout=10)
        except grpc.RpcError as error:
            print(f"refused: {reason(error)}")

        request = api.PatchRequest(resource="configmaps", namespace="default", name="plain", type=api.PatchRequest.MERGE)
        request.patch = b'{"data": {"greeting": "good evening"}}'
        resources.Patch(request, timeout=10)

        since = stored.metadata.resource_version
        changes = resources.Watch(
            api.WatchRequest(resource="configmaps", namespace="default", resource_version=since), timeout=10
        )
        event = next(changes).events[0]
        print(f"{api.WatchEvent.Type.Name(event.type)}: {event.object.config_map.data['greeting']}")
        changes.cancel()

        resources.Delete(api.DeleteRequest(resource="configmaps", namespace="default", name="plain"), timeout=10)
        print("deleted")


def reason(error: grpc.RpcError) -> str:
    """Kubernetes' reason and message, from the status that comes with the error."""
    told = meta_pb2.Status()
    status = rpc_status.from_call(error)
    if status is not None:
        status.details[0].Unpack(told)
    return f"{told.reason}: {told.message}"


if __name__ == "__main__":
    main(*sys.argv[1:5])
