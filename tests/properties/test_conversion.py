"""What an older version can say survives the way into the current one and back, and the other way round."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.api import codec, registry
from controlplane.api.conversion import table
from controlplane.api.errors import BadRequest
from controlplane.api.kind import Kind
from tests.support.messages import messages

# Where messages of chance say what no older version could, such as a port with a number and a name, documents are drawn.
_DRAWN = {registry.INGRESSES, registry.HORIZONTAL_POD_AUTOSCALERS, registry.CUSTOM_RESOURCE_DEFINITIONS}
KINDS = (*registry.KINDS, *registry.BODIES)
VERSIONS = [pytest.param(kind, version, id=f"{version} {kind.name}") for kind in KINDS for version in kind.older]
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def holds(whole: object, part: object) -> bool:
    """Whether all that `part` says, `whole` says too. An empty text says nothing."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and holds(whole[name], inner) for name, inner in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(holds, whole, part))
    return part in (whole, "")


NAMES = st.sampled_from(["web", "db", "cpu"])
NUMBERS = st.integers(1, 99)
QUANTITIES = st.sampled_from(["100m", "2", "1Gi"])
SELECTORS = st.fixed_dictionaries({"matchLabels": st.dictionaries(NAMES, NAMES, min_size=1, max_size=2)})


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


BACKENDS = st.fixed_dictionaries(
    {"service": st.fixed_dictionaries({"name": NAMES, "port": st.one_of(
        st.fixed_dictionaries({"number": NUMBERS}), st.fixed_dictionaries({"name": NAMES}))})}
)  # fmt: skip
PATHS = st.fixed_dictionaries({"path": NAMES, "pathType": st.just("Prefix"), "backend": BACKENDS})
RULES = st.fixed_dictionaries(
    {"host": NAMES, "http": st.fixed_dictionaries({"paths": st.lists(PATHS, min_size=1, max_size=2)})}
)
INGRESSES = optional(defaultBackend=BACKENDS, rules=st.lists(RULES, min_size=1, max_size=2), ingressClassName=NAMES)

SHARES = st.fixed_dictionaries({"type": st.just("AverageValue"), "averageValue": QUANTITIES})
WHOLES = st.fixed_dictionaries({"type": st.just("Value"), "value": QUANTITIES})
USAGES = SHARES | st.fixed_dictionaries({"type": st.just("Utilization"), "averageUtilization": NUMBERS})
METRIC = st.fixed_dictionaries({"name": NAMES}, optional={"selector": SELECTORS})
REFERENCES = st.fixed_dictionaries({"kind": NAMES, "name": NAMES})


def of_type(name: str, field: str, source: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(name), field: source})


METRICS = st.one_of(
    of_type("Resource", "resource", st.fixed_dictionaries({"name": NAMES, "target": USAGES})),
    of_type("ContainerResource", "containerResource", st.fixed_dictionaries(
        {"name": NAMES, "container": NAMES, "target": USAGES})),
    of_type("Pods", "pods", st.fixed_dictionaries({"metric": METRIC, "target": SHARES})),
    of_type("External", "external", st.fixed_dictionaries({"metric": METRIC, "target": SHARES | WHOLES})),
    of_type("Object", "object", st.fixed_dictionaries(
        {"metric": METRIC, "describedObject": REFERENCES, "target": SHARES | WHOLES})),
)  # fmt: skip
BEHAVIORS = st.fixed_dictionaries({"scaleDown": st.fixed_dictionaries({"stabilizationWindowSeconds": NUMBERS})})
AUTOSCALERS = optional(minReplicas=NUMBERS, metrics=st.lists(METRICS, min_size=1, max_size=3), behavior=BEHAVIORS)

SCHEMAS = st.fixed_dictionaries(
    {"type": st.just("object")},
    optional={"properties": st.dictionaries(NAMES, st.fixed_dictionaries({"type": st.just("string")}), min_size=1)},
)
COLUMNS = st.fixed_dictionaries({"name": NAMES, "type": st.just("string"), "jsonPath": st.just(".spec.a")})
CRD_VERSIONS = st.fixed_dictionaries(
    {"name": NAMES, "schema": st.fixed_dictionaries({"openAPIV3Schema": SCHEMAS})},
    optional={
        "additionalPrinterColumns": st.lists(COLUMNS, min_size=1, max_size=2),
        "subresources": st.just({"status": {}}),
    },
)
DEFINITIONS = st.fixed_dictionaries(
    {"group": NAMES, "scope": st.just("Cluster"), "versions": st.lists(CRD_VERSIONS, min_size=1, max_size=3)}
)
SPECS = {
    registry.INGRESSES: INGRESSES,
    registry.HORIZONTAL_POD_AUTOSCALERS: AUTOSCALERS,
    registry.CUSTOM_RESOURCE_DEFINITIONS: DEFINITIONS,
}


def current_document(data: st.DataObject, kind: Kind[Any]) -> dict[str, Any]:
    if kind in _DRAWN:
        doc = {"metadata": {"name": "web"}, "spec": data.draw(SPECS[kind])}
        return codec.to_dict(kind, codec.from_dict(kind, doc))
    return codec.to_dict(kind, data.draw(messages(kind.message)))


def _text(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def in_any_order(doc: dict[str, Any]) -> dict[str, Any]:
    """v1 puts the figure for CPU behind all other metrics."""
    metrics = doc.get("spec", {}).get("metrics")
    return doc | {"spec": doc["spec"] | {"metrics": sorted(metrics, key=_text)}} if metrics else doc


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
@SLOW
@given(data=st.data())
def test_what_is_current_can_be_said_in_an_older_version(kind: Kind[Any], version: str, data: st.DataObject) -> None:
    """What the older version assumes where nothing is said comes on top."""
    document = current_document(data, kind)
    back = table.to_current(kind, table.from_current(kind, document, version))
    assert holds(in_any_order(back), in_any_order(document))


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
@SLOW
@given(data=st.data())
def test_an_old_document_comes_back_as_it_went_in(kind: Kind[Any], version: str, data: st.DataObject) -> None:
    """Once what it left open has been filled in, nothing changes any more."""
    old = table.from_current(kind, table.to_current(kind, table.from_current(
        kind, current_document(data, kind), version)), version)  # fmt: skip
    assert table.from_current(kind, table.to_current(kind, old), version) == old


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "annotations", "spec", "status", "template", "labels", "backend", "rules", "http",
                             "paths", "serviceName", "servicePort", "metrics", "object", "target", "selector", "endpoints",
                             "topology", "versions", "validation", "openAPIV3Schema", "properties", "strategy", "type",
                             "autoscaling.alpha.kubernetes.io/metrics", "deprecated.deployment.rollback.to", "usages"]),
            inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize(("kind", "version"), VERSIONS)
@SLOW
@given(data=st.data())
def test_no_document_breaks_it(kind: Kind[Any], version: str, data: st.DataObject) -> None:
    """Whatever stands in it, it is read or refused as a bad request."""
    body = data.draw(st.dictionaries(st.sampled_from(["metadata", "spec", "status", "endpoints"]), JSON, max_size=3))
    document = body | {"apiVersion": version, "kind": kind.name}
    try:
        obj = codec.from_dict(None, document, strict=False)
    except BadRequest:
        return
    assert codec.to_dict(kind, obj, api_version=version)["apiVersion"] == version
