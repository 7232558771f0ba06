"""Objects as JSON: Kubernetes' mapping, and everything wrong with a document told at once."""

from typing import Any

import pytest

from controlplane.api import codec
from controlplane.api.errors import BadRequest
from controlplane.api.registry import CONFIG_MAPS, DEPLOYMENTS, ENDPOINT_SLICES, LEASES, NODES, PODS, REPLICA_SETS, SECRETS
from protos.v1 import apps_pb2 as apps
from protos.v1 import coordination_pb2 as coordination
from protos.v1 import core_pb2 as core
from protos.v1 import discovery_pb2 as discovery
from protos.v1 import meta_pb2 as meta

NO_TIME = "must be a time such as 2006-01-02T15:04:05Z, not "
NO_QUANTITY = "must be a quantity such as 500m or 1.5Gi, not "


def refusal(kind: Any, doc: object, **options: bool) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        codec.from_dict(kind, doc, **options)
    return caught.value


def problems(kind: Any, doc: object) -> dict[str, str]:
    return {problem.path: problem.message for problem in refusal(kind, doc).problems}


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web"}, "creationTimestamp": "2026-11-22T07:18:29Z"},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "nginx:1.27",
                "ports": [{"containerPort": 80}],
                "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
                "readinessProbe": {"tcpSocket": {"port": 80}},
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": False}}}],
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "cfg", "configMap": {"name": "cfg", "defaultMode": 0}}],
        "terminationGracePeriodSeconds": 0,
        "securityContext": {},
    },
}


def test_a_manifest_comes_back_as_it_was() -> None:
    pod = codec.from_dict(None, POD)
    assert isinstance(pod, core.Pod)
    assert pod.spec.volumes[0].volume_source.HasField("empty_dir")
    assert pod.spec.containers[0].liveness_probe.handler.http_get.port.str_val == "http"
    assert pod.spec.containers[0].env[0].value_from.secret_key_ref.local_object_reference.name == "s"
    assert codec.to_dict(PODS, pod) == POD
    assert list(codec.to_dict(PODS, pod))[:2] == ["apiVersion", "kind"]


@pytest.mark.parametrize(
    ("message", "json"),
    [
        (meta.Time(seconds=1_795_331_909), "2026-11-22T07:18:29Z"),
        (meta.MicroTime(seconds=1_795_331_909, nanos=123_456_000), "2026-11-22T07:18:29.123456Z"),
        (meta.Quantity(string="1500m"), "1500m"),
        (meta.IntOrString(int_val=80), 80),
        (meta.IntOrString(type=1, str_val="25%"), "25%"),
        (meta.FieldsV1(raw=b'{"f:spec":{}}'), {"f:spec": {}}),
        (core.PodSpec(), {"containers": []}),
        (core.Container(), {"name": ""}),
        (core.ContainerStatus(name="a"), {"name": "a", "ready": False, "restartCount": 0, "image": "", "imageID": ""}),
        (core.DaemonEndpoint(port=10250), {"Port": 10250}),
        (core.ConfigMap(binary_data={"a": b"\x00\xff"}), {"binaryData": {"a": "AP8="}}),
        (apps.DeploymentSpec(replicas=0), {"replicas": 0}),
        (discovery.EndpointConditions(ready=False), {"ready": False}),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "DESCRIPTOR") else None,
)
def test_a_message_is_written_as_kubernetes_writes_it(message: Any, json: object) -> None:
    assert codec.message_to_dict(message) == json
    assert codec.message_from_dict(json, type(message)()) == message


def test_a_status_shows_its_zero_counters_and_a_slice_its_empty_lists() -> None:
    assert codec.to_dict(REPLICA_SETS, apps.ReplicaSet(status=apps.ReplicaSetStatus()))["status"] == {"replicas": 0}
    assert codec.to_dict(ENDPOINT_SLICES, discovery.EndpointSlice()) == {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "endpoints": [],
        "ports": [],
        "addressType": "",
    }


def test_an_inline_message_shows_its_zeros_even_when_it_is_unset() -> None:
    assert codec.message_to_dict(core.EphemeralContainer()) == {"name": ""}


def test_two_messages_do_not_share_their_empty_lists() -> None:
    first, second = codec.message_to_dict(core.PodSpec()), codec.message_to_dict(core.PodSpec())
    first["containers"].append("x")
    assert second == {"containers": []}


def test_a_time_without_content_is_no_time() -> None:
    """Kubernetes' clients send an empty creationTimestamp with every new object."""
    pod = core.Pod(metadata=meta.ObjectMeta(name="a", creation_timestamp=meta.Time()))
    assert codec.to_dict(PODS, pod)["metadata"] == {"name": "a"}


def test_a_time_that_no_calendar_knows_is_left_out() -> None:
    lease = coordination.Lease(spec=coordination.LeaseSpec(renew_time=meta.MicroTime(seconds=10**15)))
    assert codec.to_dict(LEASES, lease)["spec"] == {}


def test_null_means_unset() -> None:
    doc = {"metadata": {"name": "a", "labels": {"x": None}, "creationTimestamp": None}, "spec": None, "status": None}
    assert codec.from_dict(PODS, doc) == core.Pod(metadata=meta.ObjectMeta(name="a"))


@pytest.mark.parametrize("number", [2, 2.0, "2"])
def test_a_quantity_may_be_a_number_and_is_kept_canonical(number: object) -> None:
    node = codec.from_dict(NODES, {"status": {"capacity": {"cpu": number, "memory": "1024Mi"}}})
    assert codec.to_dict(NODES, node)["status"]["capacity"] == {"cpu": "2", "memory": "1Gi"}


def test_base64_may_be_broken_into_lines() -> None:
    secret = codec.from_dict(SECRETS, {"data": {"a": "aGVs\nbG8=\n"}})
    assert isinstance(secret, core.Secret)
    assert secret.data["a"] == b"hello"


def test_every_unknown_field_is_told_with_its_path_and_what_was_probably_meant() -> None:
    error = refusal(
        None,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicass": 3,
                "template": {
                    "spec": {"containers": [{"name": "a"}, {"imagee": "b", "ports": [{"containerport": 1, "zzz": 2}]}]}
                },
            },
        },
    )
    assert [(problem.path, problem.message) for problem in error.problems] == [
        ("spec.replicass", 'unknown field; did you mean "replicas"?'),
        ("spec.template.spec.containers[1].imagee", 'unknown field; did you mean "image"?'),
        ("spec.template.spec.containers[1].ports[0].containerport", 'unknown field; did you mean "containerPort"?'),
        ("spec.template.spec.containers[1].ports[0].zzz", "unknown field"),
    ]
    assert str(error).startswith(
        'Deployment "web" cannot be read: unknown field "spec.replicass"; did you mean "replicas"?, '
        'unknown field "spec.template.spec.containers[1].imagee"'
    )


@pytest.mark.parametrize(
    ("kind", "doc", "path", "message"),
    [
        (DEPLOYMENTS, {"spec": {"replicas": "three"}}, "spec.replicas", 'must be a whole number, not "three"'),
        (DEPLOYMENTS, {"spec": {"replicas": True}}, "spec.replicas", "must be a whole number, not true"),
        (DEPLOYMENTS, {"spec": {"replicas": 1.5}}, "spec.replicas", "must be a whole number, not 1.5"),
        (DEPLOYMENTS, {"spec": {"replicas": 2**31}}, "spec.replicas", "must fit into 32 bits, not 2147483648"),
        (DEPLOYMENTS, {"metadata": {"generation": 2**63}}, "metadata.generation", f"must fit into 64 bits, not {2**63}"),
        (DEPLOYMENTS, {"spec": {"paused": 1}}, "spec.paused", "must be true or false, not 1"),
        (DEPLOYMENTS, {"spec": {"paused": "yes"}}, "spec.paused", 'must be true or false, not "yes"'),
        (DEPLOYMENTS, {"spec": []}, "spec", "must be an object, not []"),
        (DEPLOYMENTS, {"metadata": "web"}, "metadata", 'must be an object, not "web"'),
        (PODS, {"metadata": {"name": 1}}, "metadata.name", "must be text, not 1; put it in quotes"),
        (PODS, {"metadata": {"name": "\ud800"}}, "metadata.name", "must be valid Unicode text"),
        (PODS, {"metadata": {"labels": {"a": 1}}}, "metadata.labels[a]", "must be text, not 1; put it in quotes"),
        (PODS, {"metadata": {"labels": []}}, "metadata.labels", "must be an object, not []"),
        (PODS, {"metadata": {"finalizers": ["a", 1]}}, "metadata.finalizers[1]", "must be text, not 1; put it in quotes"),
        (PODS, {"metadata": {"finalizers": "a"}}, "metadata.finalizers", 'must be a list, not "a"'),
        (PODS, {"metadata": {"creationTimestamp": "now"}}, "metadata.creationTimestamp", NO_TIME + '"now"'),
        (PODS, {"metadata": {"creationTimestamp": 1}}, "metadata.creationTimestamp", NO_TIME + "1"),
        (PODS, {"spec": {"containers": {}}}, "spec.containers", "must be a list, not {}"),
        (PODS, {"spec": {"containers": [None]}}, "spec.containers[0]", "must be an object, not null"),
        (PODS, {"spec": {"volumes": [{"emptyDir": "x"}]}}, "spec.volumes[0].emptyDir", 'must be an object, not "x"'),
        (PODS, {"spec": {"overhead": {"cpu": "much"}}}, "spec.overhead[cpu]", NO_QUANTITY + '"much"'),
        (PODS, {"spec": {"overhead": {"cpu": True}}}, "spec.overhead[cpu]", NO_QUANTITY + "true"),
        (
            PODS,
            {"spec": {"containers": [{"livenessProbe": {"tcpSocket": {"port": 1.5}}}]}},
            "spec.containers[0].livenessProbe.tcpSocket.port",
            "must be a whole number or text, not 1.5",
        ),
        (SECRETS, {"data": {"a": "%"}}, "data[a]", 'must be base64 text, not "%"'),
        (CONFIG_MAPS, {"data": {"a": {"b": 1}}}, "data[a]", 'must be text, not {"b":1}'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_wrong_type_is_told_with_its_path(kind: Any, doc: object, path: str, message: str) -> None:
    assert problems(kind, doc) == {path: message}


def test_wrong_types_and_unknown_fields_are_told_together() -> None:
    doc = {"spec": {"replicas": "x", "pause": True}, "metadata": {"name": 7}}
    assert set(problems(DEPLOYMENTS, doc)) == {"spec.replicas", "spec.pause", "metadata.name"}


def test_unknown_fields_can_be_dropped_and_become_warnings() -> None:
    doc = {"metadata": {"name": "a"}, "spec": {"replicass": 3, "replicas": 2}}
    decoded = codec.decode(DEPLOYMENTS, doc)
    assert decoded.obj == codec.from_dict(DEPLOYMENTS, doc, strict=False)
    assert decoded.warnings == ('unknown field "spec.replicass"; did you mean "replicas"?',)
    assert isinstance(decoded.obj, apps.Deployment)
    assert decoded.obj.spec.replicas == 2


def test_wrong_types_are_refused_even_when_unknown_fields_are_dropped() -> None:
    assert "spec.replicas" in str(refusal(DEPLOYMENTS, {"spec": {"replicas": "x"}}, strict=False))


@pytest.mark.parametrize(
    ("doc", "message"),
    [
        ({}, "apiVersion: Required value, kind: Required value"),
        ({"apiVersion": "v1"}, "kind: Required value"),
        ({"apiVersion": "v1", "kind": 3}, "kind: Required value"),
        ([], "the document must be an object with apiVersion, kind and metadata"),
        (
            {"apiVersion": "apps/v1", "kind": "Deploymnet"},
            'no matches for kind "Deploymnet" in version "apps/v1"; did you mean Deployment (apps/v1)?',
        ),
        (
            {"apiVersion": "v1", "kind": "Deployment"},
            'no matches for kind "Deployment" in version "v1"; use apiVersion: apps/v1',
        ),
        ({"apiVersion": "v1", "kind": "pod"}, 'no matches for kind "pod" in version "v1"; did you mean Pod (v1)?'),
    ],
    ids=str,
)
def test_a_document_must_name_a_kind_that_is_served(doc: object, message: str) -> None:
    assert str(refusal(None, doc)) == message


def test_an_unheard_of_kind_brings_the_list_of_kinds() -> None:
    assert "; the kinds are CertificateSigningRequest, ClusterRole, " in str(
        refusal(None, {"apiVersion": "x/v1", "kind": "Zzzzzz"})
    )


def test_a_document_may_leave_out_the_kind_that_is_asked_for_but_not_contradict_it() -> None:
    assert codec.from_dict(PODS, {"metadata": {"name": "a"}}).metadata.name == "a"
    assert str(refusal(PODS, {"kind": "Service"})) == "kind: must be Pod, not Service"


def test_text_that_is_no_json_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="not valid JSON"):
        codec.from_json(PODS, b"{")


def test_problems_of_a_part_are_told_under_its_path() -> None:
    with pytest.raises(BadRequest, match=r"^spec\.template\.spec\.containers: must be a list"):
        codec.message_from_dict({"containers": 1}, core.PodSpec(), "spec.template.spec")


def test_field_sets_and_micro_times_of_leases_are_kept() -> None:
    doc = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "n", "managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {"f:holderIdentity": {}}}}]},
        "spec": {"renewTime": "2026-11-22T07:18:29.000001Z", "holderIdentity": ""},
    }
    assert codec.to_dict(LEASES, codec.from_dict(None, doc)) == doc
