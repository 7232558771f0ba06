"""Definitions of a time when a schema could be half a schema."""

from typing import Any

from controlplane.api import registry
from controlplane.api.conversion import table

KIND, OLD = registry.CUSTOM_RESOURCE_DEFINITIONS, "apiextensions.k8s.io/v1beta1"
PRESERVE = "x-kubernetes-preserve-unknown-fields"


def read(**spec: Any) -> dict[str, Any]:
    found: dict[str, Any] = table.to_current(KIND, {"apiVersion": OLD, "kind": KIND.name, "spec": spec})["spec"]
    return found


def write(**spec: Any) -> dict[str, Any]:
    document = {"apiVersion": KIND.api_version, "kind": KIND.name, "spec": spec}
    found: dict[str, Any] = table.from_current(KIND, document, OLD)["spec"]
    return found


def schema_of(spec: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = spec["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def test_the_only_version_stood_alone() -> None:
    (version,) = read(version="v1")["versions"]
    assert (version["name"], version["served"], version["storage"]) == ("v1", True, True)


def test_what_stood_once_is_given_to_every_version() -> None:
    spec = read(
        version="v1",
        versions=[{"name": "v1", "served": True, "storage": True}, {"name": "v2", "served": True, "storage": False,
                                                                    "subresources": {}}],
        subresources={"status": {}},
        additionalPrinterColumns=[{"name": "Age", "type": "date", "JSONPath": ".metadata.creationTimestamp"}],
    )  # fmt: skip
    first, second = spec["versions"]
    assert first["subresources"] == {"status": {}}
    assert second["subresources"] == {}
    for version in spec["versions"]:
        assert version["additionalPrinterColumns"] == [
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
        ]
    assert not {"version", "subresources", "additionalPrinterColumns", "validation"} & spec.keys()


def test_unknown_fields_are_kept_unless_asked_otherwise() -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    kept = schema_of(read(version="v1", validation={"openAPIV3Schema": schema}))
    assert kept[PRESERVE] is True
    assert kept["properties"]["spec"][PRESERVE] is True
    pruned = schema_of(read(version="v1", preserveUnknownFields=False, validation={"openAPIV3Schema": schema}))
    assert pruned == schema
    assert schema_of(read(version="v1")) == {"type": "object", PRESERVE: True}


def test_a_schema_without_types_gets_them() -> None:
    half = {
        "properties": {
            "spec": {"properties": {"ports": {"items": {"x-kubernetes-int-or-string": True}}, "any": {"description": "x"}}},
            "labels": {"additionalProperties": {"type": "string"}},
        }
    }
    whole = schema_of(read(version="v1", preserveUnknownFields=False, validation={"openAPIV3Schema": half}))
    assert whole == {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "ports": {"type": "array", "items": {"x-kubernetes-int-or-string": True}},
                    "any": {"description": "x", PRESERVE: True},
                },
            },
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }


def test_a_webhook_has_its_own_place() -> None:
    client = {"url": "https://example.com/convert"}
    old = {"strategy": "Webhook", "webhookClientConfig": client, "conversionReviewVersions": ["v1"]}
    new = {"strategy": "Webhook", "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]}}
    assert read(version="v1", conversion=old)["conversion"] == new
    assert write(versions=[{"name": "v1"}], conversion=new)["conversion"] == old
    assert read(version="v1", conversion={"strategy": "None", "conversionReviewVersions": ["v1"]})["conversion"] == {
        "strategy": "None"
    }


def test_what_all_versions_share_stands_once_again() -> None:
    column = {"name": "A", "type": "string", "jsonPath": ".a"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    one = {"name": "v1", "served": True, "storage": True, "schema": schema, "additionalPrinterColumns": [column]}
    other = {"name": "v2", "served": True, "storage": False, "schema": schema}
    old = write(versions=[one, other])
    assert old["version"] == "v1"
    assert old["validation"] == schema
    assert old["preserveUnknownFields"] is False
    assert old["versions"][0]["additionalPrinterColumns"] == [{"name": "A", "type": "string", "JSONPath": ".a"}]
    assert "schema" not in old["versions"][1]
    back = read(**old)
    assert back["versions"] == [one, other]
