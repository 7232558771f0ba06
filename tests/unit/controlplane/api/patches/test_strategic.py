"""Strategic merge patches: the cases of Kubernetes' documentation, as tables."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controlplane.api import registry
from controlplane.api.errors import BadRequest
from controlplane.api.kind import Kind
from controlplane.api.patches import shapes, strategic

PODS, DEPLOYMENTS, SERVICES = registry.PODS, registry.DEPLOYMENTS, registry.SERVICES


def spec(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


def c(name: str, image: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name} | ({"image": image} if image else {}) | more


CASES: dict[str, tuple[Kind[Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "a container is added": (
        PODS, spec(containers=[c("one", "a")]), spec(containers=[c("two", "b")]),
        spec(containers=[c("one", "a"), c("two", "b")]),
    ),
    "a container is merged by its name": (
        PODS, spec(containers=[c("one", "a", tty=True)]), spec(containers=[c("one", "b")]),
        spec(containers=[c("one", "b", tty=True)]),
    ),
    "tolerations are replaced": (
        PODS, spec(tolerations=[{"key": "a"}]), spec(tolerations=[{"key": "b"}]), spec(tolerations=[{"key": "b"}]),
    ),
    "null removes a field": (PODS, spec(hostname="a", nodeName="b"), spec(hostname=None), spec(nodeName="b")),
    "an item is deleted": (
        PODS, spec(containers=[c("one"), c("two")]), spec(containers=[{"name": "one", "$patch": "delete"}]),
        spec(containers=[c("two")]),
    ),
    "an item that is not there is deleted": (
        PODS, spec(containers=[c("one")]), spec(containers=[{"name": "x", "$patch": "delete"}]), spec(containers=[c("one")]),
    ),
    "a list is replaced": (
        PODS, spec(containers=[c("one"), c("two")]), spec(containers=[c("three", "x"), {"$patch": "replace"}]),
        spec(containers=[c("three", "x")]),
    ),
    "an object is replaced": (
        DEPLOYMENTS, spec(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
        spec(strategy={"$patch": "replace", "type": "Recreate"}), spec(strategy={"type": "Recreate"}),
    ),
    "an object is emptied": (
        PODS, spec(securityContext={"runAsUser": 1}), spec(securityContext={"$patch": "delete"}), spec(securityContext={}),
    ),
    "merging may be said": (
        PODS, spec(securityContext={"runAsUser": 1}), spec(securityContext={"$patch": "merge", "runAsGroup": 2}),
        spec(securityContext={"runAsUser": 1, "runAsGroup": 2}),
    ),
    "only the keys that are retained stay": (
        DEPLOYMENTS, spec(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
        spec(strategy={"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": None}),
        spec(strategy={"type": "Recreate"}),
    ),
    "a volume changes its source": (
        PODS, spec(volumes=[{"name": "v", "emptyDir": {}}]),
        spec(volumes=[{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]),
        spec(volumes=[{"name": "v", "hostPath": {"path": "/x"}}]),
    ),
    "values are added to a list of text": (
        PODS, {"metadata": {"finalizers": ["a", "b"]}}, {"metadata": {"finalizers": ["b", "c"]}},
        {"metadata": {"finalizers": ["a", "b", "c"]}},
    ),
    "values are taken out of a list of text": (
        PODS, {"metadata": {"finalizers": ["a", "b", "c"]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["b", "x"], "finalizers": ["d"]}},
        {"metadata": {"finalizers": ["a", "c", "d"]}},
    ),
    "values of a list of text get an order": (
        PODS, {"metadata": {"finalizers": ["a", "b", "c"]}},
        {"metadata": {"$setElementOrder/finalizers": ["d", "c", "a"], "$deleteFromPrimitiveList/finalizers": ["b"],
                      "finalizers": ["d"]}},
        {"metadata": {"finalizers": ["d", "c", "a"]}},
    ),
    "items get an order": (
        PODS, spec(containers=[c("one"), c("two"), c("three")]),
        {"spec": {"$setElementOrder/containers": [c("three"), c("one"), c("new")], "containers": [c("new", "x")]}},
        spec(containers=[c("two"), c("three"), c("one"), c("new", "x")]),
    ),
    "an order alone moves items": (
        PODS, spec(containers=[c("one"), c("two")]), {"spec": {"$setElementOrder/containers": [c("two"), c("one")]}},
        spec(containers=[c("two"), c("one")]),
    ),
    "items of others stay before what they stood before": (
        PODS, spec(containers=[c("injected"), c("one"), c("two")]),
        {"spec": {"$setElementOrder/containers": [c("one"), c("two")], "containers": [c("two", "x")]}},
        spec(containers=[c("injected"), c("one"), c("two", "x")]),
    ),
    "ports merge by number alone": (
        SERVICES, spec(ports=[{"port": 80, "name": "a"}]), spec(ports=[{"port": 80, "targetPort": 8080}]),
        spec(ports=[{"port": 80, "name": "a", "targetPort": 8080}]),
    ),
    "directives have no place in what is new": (
        PODS, {}, spec(containers=[c("one", ports=[{"$patch": "replace"}, {"containerPort": 80}])],
                       securityContext={"$retainKeys": ["runAsUser"], "runAsUser": 1}),
        spec(containers=[c("one", ports=[{"containerPort": 80}])], securityContext={"runAsUser": 1}),
    ),
    "the whole object is replaced": (
        PODS, {"metadata": {"name": "a"}, **spec(hostname="x")}, {"$patch": "replace", "metadata": {"name": "a"}},
        {"metadata": {"name": "a"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "target", "patch", "result"), CASES.values(), ids=list(CASES))
def test_a_patch_is_applied_as_documented(
    kind: Kind[Any], target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]
) -> None:
    before = copy.deepcopy((target, patch))
    assert strategic.apply(target, patch, shapes.of_kind(kind)) == result
    assert (target, patch) == before


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (spec(containers=[{"image": "x"}]), "does not contain declared merge key: name"),
        (spec(containers=["x"]), "is no object"),
        (spec(containers=[{"$patch": "replace", "name": "x"}]), "unable to replace one item"),
        (spec(securityContext={"$patch": "explode"}), "unknown patch type: explode in map"),
        (spec(securityContext={"$retainKeys": ["a"], "runAsUser": 1}), "invalid patch format of retainKeys"),
        ({"metadata": {"$deleteFromPrimitiveList/finalizers": "a"}}, "invalid patch format of primitive list"),
        ({"metadata": {"finalizers": [{}]}}, "invalid patch format of primitive list"),
        ({"spec": {"$setElementOrder/containers": "x", "containers": [c("a")]}}, "invalid patch format of setElementOrder"),
        ({"spec": {"$setElementOrder/containers": [c("b")], "containers": [c("a")]}}, "The order in patch list"),
        (
            {"spec": {"$setElementOrder/containers": [c("a"), c("b")], "containers": [c("b"), c("a")]}},
            "The order in patch list",
        ),
    ],
    ids=str,
)
def test_directives_that_make_no_sense_are_refused(patch: dict[str, Any], message: str) -> None:
    target = {"metadata": {"finalizers": ["a"]}, "spec": {"containers": [c("a"), c("b")]}}
    with pytest.raises(BadRequest, match=message):
        strategic.apply(target, patch, shapes.of_kind(PODS))
