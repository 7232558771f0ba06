"""What is known of the values under a field, from messages and from schemas of custom kinds."""

from __future__ import annotations

from typing import Any

from controlplane.api import codec, registry
from controlplane.api.catalogue import custom_kind
from controlplane.api.kind import Kind
from controlplane.api.patches import shapes
from controlplane.api.patches.shapes import Shape


def at(kind: Kind[Any], path: str) -> Shape:
    """The shape under `spec.containers[].name`."""
    shape = shapes.of_kind(kind)
    for step in path.split("."):
        shape = shape.of(step.removesuffix("[]"))
        shape = shape.of_items if step.endswith("[]") else shape
    return shape


def definition(schema: dict[str, Any]) -> Any:
    names = {"plural": "crontabs", "singular": "crontab", "kind": "CronTab"}
    return codec.from_dict(registry.CUSTOM_RESOURCE_DEFINITIONS, {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "crontabs.stable.example.com"},
        "spec": {
            "group": "stable.example.com", "scope": "Namespaced", "names": names,
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
        "status": {"acceptedNames": names, "conditions": [], "storedVersions": ["v1"]},
    })  # fmt: skip


def test_containers_are_a_map_by_name_and_their_ports_one_by_number_and_protocol() -> None:
    containers = at(registry.PODS, "spec.containers")
    assert (containers.list_type, containers.keys, containers.merge_key) == ("map", (("name", None),), "name")
    ports = at(registry.PODS, "spec.containers[].ports")
    assert ports.keys == (("containerPort", None), ("protocol", "TCP"))
    assert ports.merge_key == "containerPort"


def test_finalizers_are_a_set_and_arguments_one_value() -> None:
    assert at(registry.PODS, "metadata.finalizers").list_type == "set"
    assert at(registry.PODS, "metadata.finalizers").strategies == {"merge"}
    assert at(registry.PODS, "spec.containers[].args").list_type == "atomic"


def test_selectors_and_references_are_owned_as_a_whole() -> None:
    for kind, path in (
        (registry.DEPLOYMENTS, "spec.selector"),
        (registry.SERVICES, "spec.selector"),
        (registry.PODS, "spec.nodeSelector"),
        (registry.PODS, "spec.containers[].env[].valueFrom.secretKeyRef"),
        (registry.PODS, "metadata.creationTimestamp"),
    ):
        assert at(kind, path).atomic, path
    assert not at(registry.PODS, "metadata.labels").atomic
    assert not at(registry.PODS, "spec.securityContext").atomic


def test_quantities_are_known_inside_maps() -> None:
    assert at(registry.PODS, "spec.containers[].resources.limits.cpu").is_quantity
    assert not at(registry.PODS, "spec.containers[].image").is_quantity


def test_messages_have_no_other_fields_and_maps_have_any() -> None:
    assert at(registry.PODS, "spec").is_closed
    assert not at(registry.PODS, "metadata.labels").is_closed
    assert {"apiVersion", "kind", "metadata", "spec", "status"} == set(shapes.of_kind(registry.PODS).fields)


def test_ephemeral_containers_have_the_fields_of_containers() -> None:
    assert {"image", "targetContainerName"} <= set(at(registry.PODS, "spec.ephemeralContainers[]").fields)


def test_a_definition_says_how_its_lists_and_maps_merge() -> None:
    kind = custom_kind(definition({
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {
            "plain": {"type": "array", "items": {"type": "string"}},
            "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "map": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
                "items": {"type": "object", "required": ["port"], "properties": {
                    "port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"},
                }},
            },
            "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "string"}}},
            "free": {"type": "object", "additionalProperties": {"type": "string"}},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "object": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {}},
        }}},
    }))  # fmt: skip
    assert at(kind, "spec.plain").list_type == "atomic"
    assert at(kind, "spec.set").list_type == "set"
    assert at(kind, "spec.map").keys == (("port", None), ("protocol", "TCP"))
    assert at(kind, "spec.whole").atomic
    assert at(kind, "spec").is_closed
    assert not at(kind, "spec.free").is_closed
    assert not at(kind, "spec.any").is_closed
    assert at(kind, "spec.object.metadata.finalizers").list_type == "set"
    assert at(kind, "metadata.finalizers").list_type == "set"


def test_a_changed_definition_has_a_shape_of_its_own() -> None:
    def kind_with(list_type: str) -> Kind[Any]:
        items = {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": list_type}
        return custom_kind(definition({"type": "object", "properties": {"spec": items}}))

    assert at(kind_with("set"), "spec").list_type == "set"
    assert at(kind_with("atomic"), "spec").list_type == "atomic"
