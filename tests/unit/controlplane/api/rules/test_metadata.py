"""Rules for metadata, configuration and the cluster's own kinds."""

from typing import Any

import pytest

from controlplane.api.registry import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    EVENTS,
    KINDS,
    LEASES,
    NAMESPACES,
    NODES,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    Kind,
)
from tests.unit.controlplane.api.rules.documents import problems, update

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with "
    "an alphanumeric character"
)
QUALIFIED = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character"
)
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "1", "controller": True}


def of(**metadata: Any) -> list[str]:
    return [problem.removeprefix("metadata.") for problem in problems(CONFIG_MAPS, {"metadata": metadata})]


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"name": "a.b-c", "labels": {"app": "", "x.io/y": "Z_1"}, "annotations": {"Any/Key": "any\nvalue"}}, []),
        ({"name": ""}, ["name: Required value: name or generateName is required"]),
        ({"generateName": "web-", "name": "web-x"}, []),
        ({"generateName": "Web-"}, [f'generateName: Invalid value: "Weba": {SUBDOMAIN}']),
        ({"name": "a_b"}, [f'name: Invalid value: "a_b": {SUBDOMAIN}']),
        ({"name": "a" * 254}, [f'name: Invalid value: "{"a" * 56}...: must be no more than 253 characters']),
        ({"namespace": ""}, ["namespace: Required value"]),
        (
            {"labels": {"-a": "b", "c": "-d", "e/f/g": ""}},
            [f'labels: Invalid value: "-a": {QUALIFIED}',
             "labels[c]: Invalid value: \"-d\": a valid label must be an empty string or consist of alphanumeric "
             "characters, '-', "
             "'_' or '.', and must start and end with an alphanumeric character",
             f'labels: Invalid value: "e/f/g": prefix part {SUBDOMAIN}'],
        ),
        ({"annotations": {"a": "x" * 262144}}, ["annotations: Too long: may not be more than 262144 bytes"]),
        ({"annotations": {"/a": ""}}, ['annotations: Invalid value: "/a": prefix part must be non-empty']),
        (
            {"finalizers": ["kubernetes", "x.io/y", "mine"]},
            ['finalizers[2]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully '
             'qualified; put a '
             "domain before it"],
        ),
        (
            {"ownerReferences": [OWNER, OWNER | {"name": "other", "uid": ""}]},
            ["ownerReferences[1].uid: Required value",
             "ownerReferences: Invalid value: 2: only one reference can have controller set to true, found it in those for "
             "ReplicaSet/rs and ReplicaSet/other"],
        ),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)  # fmt: skip
def test_the_rules_of_metadata(metadata: dict[str, Any], found: list[str]) -> None:
    assert sorted(of(**metadata)) == sorted(found)


def test_a_kind_without_namespaces_is_in_none() -> None:
    assert problems(NODES, {"metadata": {"namespace": "shop"}}) == [
        "metadata.namespace: Forbidden: not allowed on this type"
    ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_a_name_of_a_known_form(kind: Kind[Any]) -> None:
    assert any(
        problem.startswith('metadata.name: Invalid value: "No/Name": ')
        for problem in problems(kind, {"metadata": {"name": "No/Name"}})
    )


@pytest.mark.parametrize("kind", [ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS], ids=lambda kind: kind.name)
def test_roles_and_their_bindings_may_be_named_as_steps_of_a_path(kind: Kind[Any]) -> None:
    assert not [one for one in problems(kind, {"metadata": {"name": "system:Node_Proxier"}}) if one.startswith("metadata")]
    assert "metadata.name: Invalid value: \"a%b\": may not contain '%'" in problems(kind, {"metadata": {"name": "a%b"}})
    assert "metadata.name: Invalid value: \"..\": may not be '..'" in problems(kind, {"metadata": {"name": ".."}})


def test_an_objects_identity_stands() -> None:
    old = {"metadata": {"uid": "1", "creationTimestamp": "2026-11-22T07:18:29Z"}}
    new = {"metadata": {"uid": "2", "creationTimestamp": "2026-11-22T07:18:30Z", "name": "x", "namespace": "y"}}
    assert update(CONFIG_MAPS, old, new) == [
        'metadata.name: Invalid value: "x": field is immutable',
        'metadata.namespace: Invalid value: "y": field is immutable',
        'metadata.uid: Invalid value: "2": field is immutable',
        'metadata.creationTimestamp: Invalid value: "2026-11-22T07:18:30Z": field is immutable',
    ]


def test_a_dying_object_gets_no_new_finalizers() -> None:
    old = {"metadata": {"deletionTimestamp": "2026-11-22T07:18:29Z", "finalizers": ["x.io/a", "x.io/b"]}}
    assert update(CONFIG_MAPS, old, {"metadata": {"finalizers": ["x.io/a"]}}) == []
    assert update(CONFIG_MAPS, old, {"metadata": {"finalizers": ["x.io/c"]}}) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found x.io/c"
    ]


KEY = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"


@pytest.mark.parametrize(
    ("kind", "doc", "found"),
    [
        (CONFIG_MAPS, {"data": {"a.b": "x"}, "binaryData": {"c": "eA=="}}, []),
        (CONFIG_MAPS, {"data": {"a/b": "x"}}, [f'data[a/b]: Invalid value: "a/b": {KEY}']),
        (CONFIG_MAPS, {"data": {"..a": "x"}}, ["data[..a]: Invalid value: \"..a\": must not be '.' or start with '..'"]),
        (
            CONFIG_MAPS,
            {"data": {"a": "x"}, "binaryData": {"a": "eA=="}},
            ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
        ),
        (CONFIG_MAPS, {"data": {"a": "x" * 1048577}}, ["data: Too long: may not be more than 1048576 bytes"]),
        (SECRETS, {"stringData": {"a": "x" * 1048577}}, ["data: Too long: may not be more than 1048576 bytes"]),
        (SECRETS, {"data": {" ": ""}}, [f'data[ ]: Invalid value: " ": {KEY}']),
        (SECRETS, {"type": "kubernetes.io/tls", "stringData": {"tls.crt": ""}}, ["data[tls.key]: Required value"]),
        (SECRETS, {"type": "kubernetes.io/basic-auth"}, ["data: Required value: one of username and password"]),
        (SECRETS, {"type": "kubernetes.io/dockerconfigjson"}, ["data[.dockerconfigjson]: Required value"]),
        (
            SECRETS,
            {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "hunter2"}},
            ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be valid JSON'],
        ),
        (
            NODES,
            {"spec": {"taints": [{"key": "a", "effect": "NoExecute"}, {"key": "a", "effect": "NoExecute"}, {"value": "x"}]}},
            ["spec.taints[2].key: Required value",
             'spec.taints[2].effect: Required value: use "NoSchedule", "PreferNoSchedule", "NoExecute"',
             'spec.taints[1]: Duplicate value: "a:NoExecute"'],
        ),
        (
            NODES,
            {"spec": {"podCIDR": "10.0.0.0", "podCIDRs": ["10.1.0.0/24"]}, "status": {"capacity": {"cpu": "-1"}}},
            ['spec.podCIDR: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
             'spec.podCIDRs: Invalid value: ["10.1.0.0/24"]: first value must match `podCIDR`',
             'status.capacity[cpu]: Invalid value: "-1": must be greater than or equal to 0',
             'status.allocatable[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
        ),
        (NAMESPACES, {"metadata": {"name": "a.b"}}, [
            "metadata.name: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of lower case "
            "alphanumeric characters "
            "or '-', and must start and end with an alphanumeric character"]),
        (
            LEASES,
            {"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}},
            ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
             "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (EVENTS, {"involvedObject": {"namespace": "shop"}}, []),
        (
            EVENTS,
            {"involvedObject": {"namespace": "other"}},
            ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
        ),
        (EVENTS, {"metadata": {"namespace": "default"}, "involvedObject": {"kind": "Node"}}, []),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else str(value)[:40] if isinstance(value, dict) else "",
)  # fmt: skip
def test_the_rules_of_other_kinds(kind: Kind[Any], doc: dict[str, Any], found: list[str]) -> None:
    assert problems(kind, doc) == found


@pytest.mark.parametrize(
    ("kind", "old", "new", "found"),
    [
        (CONFIG_MAPS, {"data": {"a": "x"}}, {"data": {"a": "y"}, "immutable": True}, []),
        (
            CONFIG_MAPS,
            {"data": {"a": "x"}, "immutable": True},
            {"data": {"a": "y"}, "binaryData": {"b": "eA=="}},
            ["immutable: Forbidden: field is immutable when `immutable` is set; delete the object and create it anew",
             "data: Forbidden: field is immutable when `immutable` is set",
             "binaryData: Forbidden: field is immutable when `immutable` is set"],
        ),
        (SECRETS, {"type": "a"}, {"type": "b"}, ['type: Invalid value: "b": field is immutable']),
        (
            SECRETS,
            {"immutable": True},
            {"immutable": True, "stringData": {"a": "b"}},
            ["data: Forbidden: field is immutable when `immutable` is set"],
        ),
        (NODES, {}, {"spec": {"podCIDR": "10.0.0.0/24"}}, []),
        (
            NODES,
            {"spec": {"podCIDR": "10.0.0.0/24"}},
            {"spec": {"podCIDR": "10.0.1.0/24"}},
            ['spec.podCIDR: Forbidden: node updates may not change podCIDR except from "" to valid'],
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)  # fmt: skip
def test_what_stands_once_it_is_set(kind: Kind[Any], old: dict[str, Any], new: dict[str, Any], found: list[str]) -> None:
    assert update(kind, old, new) == found
