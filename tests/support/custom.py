"""Definitions of custom kinds for tests, and their objects."""

from __future__ import annotations

from typing import Any, cast

from controlplane.api import codec, registry
from controlplane.api.catalogue import custom_kind
from controlplane.api.custom import definitions
from controlplane.api.kind import Kind
from protos.v1.apiextensions_pb2 import CustomResourceDefinition, JSONSchemaProps
from protos.v1.resources_pb2 import CustomObject

Doc = dict[str, Any]

GROUP = "stable.example.com"
CRON_TAB: Doc = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["cronSpec"],
            "properties": {
                "cronSpec": {"type": "string", "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"},
                "image": {"type": "string", "default": "busybox"},
                "replicas": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
                "notes": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}}},
    },
}


def schema(document: Doc) -> JSONSchemaProps:
    return codec.message_from_dict(document, JSONSchemaProps())


def version(name: str = "v1", *, storage: bool = True, served: bool = True, **fields: Any) -> Doc:
    return {"name": name, "served": served, "storage": storage, "schema": {"openAPIV3Schema": CRON_TAB}} | fields


def definition_document(
    plural: str = "crontabs",
    kind: str = "CronTab",
    *versions: Doc,
    group: str = GROUP,
    scope: str = "Namespaced",
    **names: Any,
) -> Doc:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"plural": plural, "kind": kind} | names,
            "versions": list(versions) or [version()],
        },
    }


def definition(*given: Any, **more: Any) -> CustomResourceDefinition:
    """A definition as a user writes it."""
    document = definition_document(*given, **more)
    return cast("CustomResourceDefinition", codec.from_dict(registry.CUSTOM_RESOURCE_DEFINITIONS, document))


def established(*given: Any, **more: Any) -> CustomResourceDefinition:
    """A definition as the server stores it, where no other one is in its way."""
    made = definition(*given, **more)
    definitions.fill_defaults(made)
    definitions.settle(made, [], now=0)
    return made


def kind_of(*given: Any, **more: Any) -> Kind[CustomObject]:
    return custom_kind(established(*given, **more))


def cron_tab(name: str = "nightly", api_version: str = f"{GROUP}/v1", *, namespace: str = "default", **content: Any) -> Doc:
    return {
        "apiVersion": api_version,
        "kind": "CronTab",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"cronSpec": "* * * * */5"},
    } | content


def custom_object(document: Doc) -> CustomObject:
    """The document as a client sends it, which knows no schema."""
    kind = Kind(document["kind"], *document["apiVersion"].split("/"), "", "", (), CustomObject, "custom")
    obj = codec.from_dict(kind, document)
    return cast("CustomObject", obj)
