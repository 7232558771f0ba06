"""Rules for containers and their probes, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import PODS
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems

AT = "spec.containers[0]."
HTTP = {"httpGet": {"port": 80}}


def of(**fields: Any) -> list[str]:
    """The problems of a pod with such a container, without the path that they share."""
    spec = pod_spec(container(**fields), volumes=[{"name": "data", "emptyDir": {}}])
    return [problem.removeprefix(AT) for problem in problems(PODS, {"spec": spec})]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 80, "protocol": "UDP", "hostPort": 80}]},
        {
            "env": [
                {"name": "A"},
                {"name": "b.c-d"},
                {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            ]
        },
        {"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}}]},
        {"envFrom": [{"configMapRef": {"name": "a"}}, {"prefix": "B_", "secretRef": {"name": "b"}}]},
        {"volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "a/b", "mountPropagation": "None"}]},
        {"resources": {"limits": {"cpu": "1", "memory": "1Gi", "example.com/gpu": "2"}, "requests": {"cpu": "1000m"}}},
        {
            "livenessProbe": HTTP,
            "readinessProbe": {"exec": {"command": ["true"]}},
            "startupProbe": {"tcpSocket": {"port": "http"}},
        },
        {"lifecycle": {"preStop": {"sleep": {"seconds": 30}}, "postStart": HTTP}},
        {
            "securityContext": {
                "runAsUser": 0,
                "seccompProfile": {"type": "RuntimeDefault"},
                "allowPrivilegeEscalation": False,
            }
        },
    ],
    ids=lambda fields: next(iter(fields), "plain"),
)
def test_a_sound_container_is_accepted(fields: dict[str, Any]) -> None:
    assert of(**fields) == []


NAME_OF_PORT = "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
ONE_SOURCE = "may not have more than one field specified at a time"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"name": ""}, ["name: Required value"]),
        (
            {"name": "Web"},
            ['name: Invalid value: "Web": a lowercase RFC 1123 label must consist of lower case alphanumeric characters '
             "or '-', and must start and end with an alphanumeric character"],
        ),
        ({"image": ""}, ["image: Required value: name an image, such as nginx:1.27"]),
        ({"image": " nginx"}, ['image: Invalid value: " nginx": must not have leading or trailing whitespace']),
        (
            {"imagePullPolicy": "Sometimes"},
            ['imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'],
        ),
        (
            {"terminationMessagePolicy": "x"},
            ['terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"'],
        ),
        ({"ports": [{}]}, ["ports[0].containerPort: Required value"]),
        (
            {"ports": [{"containerPort": 65536, "hostPort": -1}]},
            ["ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive",
             "ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive"],
        ),
        ({"ports": [{"containerPort": 1, "name": "a_b"}]}, [f'ports[0].name: Invalid value: "a_b": {NAME_OF_PORT}']),
        (
            {"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]},
            ['ports[1].name: Duplicate value: "a"'],
        ),
        (
            {"ports": [{"containerPort": 1, "protocol": "tcp"}]},
            ['ports[0].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"'],
        ),
        ({"ports": [{"containerPort": 1, "hostPort": 9}] * 2}, ['ports[1].hostPort: Duplicate value: "TCP/9"']),
        (
            {"ports": [{"containerPort": 1, "hostIP": "x"}]},
            ['ports[0].hostIP: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
        ),
        ({"env": [{"value": "x"}]}, ["env[0].name: Required value"]),
        (
            {"env": [{"name": "a=b"}]},
            ["env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist of printable ASCII "
             "without '='"],
        ),
        (
            {"env": [{"name": "a", "valueFrom": {}}]},
            ["env[0].valueFrom: Required value: must specify one of: `fieldRef`, `resourceFieldRef`, "
             "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"],
        ),
        (
            {"env": [{"name": "a", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            ["env[0].valueFrom: Forbidden: may not be specified when `value` is not empty"],
        ),
        (
            {"env": [{"name": "a", "valueFrom": {"secretKeyRef": {}, "configMapKeyRef": {"name": "c", "key": "/"}}}]},
            [f"env[0].valueFrom: Forbidden: {ONE_SOURCE}",
             "env[0].valueFrom.configMapKeyRef.key: Invalid value: \"/\": a valid config key must consist of alphanumeric "
             "characters, '-', '_' or '.'",
             "env[0].valueFrom.secretKeyRef.name: Required value",
             "env[0].valueFrom.secretKeyRef.key: Required value"],
        ),
        (
            {"env": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": "spec.replicas"}}}]},
            ['env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.replicas": supported values: "metadata.name", '
             '"metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", '
             '"status.podIP", "status.hostIPs", "status.podIPs"'],
        ),
        (
            {"env": [{"name": "a", "valueFrom": {"resourceFieldRef": {"resource": "cpu"}}}]},
            ['env[0].valueFrom.resourceFieldRef.resource: Invalid value: "cpu": must be limits or requests of cpu, '
             'memory or '
             "ephemeral-storage, as in limits.cpu"],
        ),
        ({"envFrom": [{}]}, ["envFrom[0]: Required value: must specify one of: `configMapRef` or `secretRef`"]),
        (
            {"envFrom": [{"configMapRef": {}, "secretRef": {"name": "s"}}]},
            [f"envFrom[0]: Forbidden: {ONE_SOURCE}", "envFrom[0].configMapRef.name: Required value"],
        ),
        (
            {"volumeMounts": [{"name": "nope", "mountPath": "/a"}, {"name": "data", "mountPath": "/a"}, {}]},
            ['volumeMounts[0].name: Not found: "nope": name one of spec.volumes',
             'volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
             "volumeMounts[2].name: Required value",
             "volumeMounts[2].mountPath: Required value"],
        ),
        (
            {"volumeMounts": [{"name": "data", "mountPath": "/a", "subPath": "../x", "mountPropagation": "Up"}]},
            ["volumeMounts[0].subPath: Invalid value: \"../x\": must not contain '..'",
             'volumeMounts[0].mountPropagation: Unsupported value: "Up": supported values: "None", "HostToContainer", '
             '"Bidirectional"'],
        ),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2", "memory": "-1"}}},
            ['resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
             'resources.requests[cpu]: Invalid value: "2": must be less than or equal to cpu limit of 1'],
        ),
        (
            {"resources": {"limits": {"gpu": "1"}}},
            ['resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers (cpu, memory, '
             "ephemeral-storage) or fully qualified",
             'resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers (cpu, memory, '
             "ephemeral-storage) or fully qualified"],
        ),
        (
            {"resources": {"requests": {"x.io/a": "1500m"}}},
            ['resources.requests[x.io/a]: Invalid value: "1500m": must be an integer',
             'resources.requests[x.io/a]: Invalid value: "1500m": must be equal to x.io/a limit, which cannot be '
             'overcommitted'],
        ),
        (
            {"livenessProbe": {}},
            ["livenessProbe: Required value: must specify a handler type: one of `exec`, `httpGet`, `tcpSocket`, `grpc`"],
        ),
        (
            {"livenessProbe": HTTP | {"tcpSocket": {"port": 0}, "successThreshold": 2, "periodSeconds": -1}},
            ["livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
             "livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive",
             "livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
             "livenessProbe.successThreshold: Invalid value: 2: must be 1"],
        ),
        (
            {"readinessProbe": HTTP | {"terminationGracePeriodSeconds": 1}},
            ["readinessProbe.terminationGracePeriodSeconds: Forbidden: must not be set for readinessProbes"],
        ),
        (
            {"startupProbe": {"httpGet": {"port": "a b", "scheme": "ftp"}, "terminationGracePeriodSeconds": 0}},
            [f'startupProbe.httpGet.port: Invalid value: "a b": {NAME_OF_PORT}',
             'startupProbe.httpGet.scheme: Unsupported value: "ftp": supported values: "HTTP", "HTTPS"',
             "startupProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0"],
        ),
        ({"livenessProbe": {"exec": {}}}, ["livenessProbe.exec.command: Required value"]),
        (
            {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}, "postStart": {}}},
            ["lifecycle.postStart: Required value: must specify a handler type: one of `exec`, `httpGet`, "
             "`tcpSocket`, `sleep`",
             "lifecycle.preStop.sleep.seconds: Invalid value: 31: must be non-negative and less than "
             "terminationGracePeriodSeconds (30)"],
        ),
        (
            {"securityContext": {"runAsUser": -1, "privileged": True, "allowPrivilegeEscalation": False}},
            ["securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
             'securityContext: Invalid value: {"privileged":true,"runAsUser":-1,"allowPrivilegeEscalati...: cannot set '
             "`allowPrivilegeEscalation` to false and `privileged` to true"],
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            ["securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"],
        ),
        ({"restartPolicy": "Always"}, ["restartPolicy: Forbidden: may not be set for non-init containers"]),
    ],
    ids=lambda value: ",".join(f"{name}={told!r}" for name, told in value.items())[:50] if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_is_told(fields: dict[str, Any], found: list[str]) -> None:
    assert of(**fields) == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]}, []),
        ({"resizePolicy": [{"resourceName": "disk", "restartPolicy": "Maybe"}]},
         ['resizePolicy[0].resourceName: Unsupported value: "disk": supported values: "cpu", "memory"',
          'resizePolicy[0].restartPolicy: Unsupported value: "Maybe": supported values: "NotRequired", "RestartContainer"']),
        ({"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}] * 2},
         ['resizePolicy[1].resourceName: Duplicate value: "cpu"']),
        ({"resources": {"claims": [{"name": "gpu"}]}},
         ['resources.claims[0].name: Not found: "gpu": name one of spec.resourceClaims']),
        ({"lifecycle": {"stopSignal": "SIGQUIT"}},
         ["lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`"]),
        ({"restartPolicyRules": [{"action": "Restart"}]},
         ["restartPolicy: Required value: must specify restartPolicy when restart rules are used"]),
        ({"livenessProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "a b", "value": "c"}]}}},
         ["livenessProbe.httpGet.httpHeaders[0].name: Invalid value: \"a b\": a valid HTTP header must consist of "
          "alphanumeric characters or '-'"]),
    ],
)  # fmt: skip
def test_the_rules_of_what_is_rarer(fields: dict[str, Any], found: list[str]) -> None:
    assert of(**fields) == found


def test_a_stop_signal_is_one_of_the_systems() -> None:
    def signal(name: str, system: str) -> list[str]:
        spec = pod_spec(container(lifecycle={"stopSignal": name}), os={"name": system})
        return [problem.partition(": supported")[0] for problem in problems(PODS, {"spec": spec})]

    assert signal("SIGRTMIN+3", "linux") == []
    assert signal("SIGTERM", "windows") == []
    assert signal("SIGUSR1", "windows") == [f'{AT}lifecycle.stopSignal: Unsupported value: "SIGUSR1"']
    assert signal("TERM", "linux") == [f'{AT}lifecycle.stopSignal: Unsupported value: "TERM"']


def test_a_container_to_look_with_has_little_of_its_own() -> None:
    shell = container(
        name="shell", ports=[{"containerPort": 80}], livenessProbe=HTTP, resources={"limits": {"cpu": "1"}},
        volumeMounts=[{"name": "data", "mountPath": "/d", "subPath": "a"}], targetContainerName="other")  # fmt: skip
    spec = pod_spec(container(), volumes=[{"name": "data", "emptyDir": {}}], ephemeralContainers=[shell])
    forbidden = "Forbidden: cannot be set for an Ephemeral Container"
    at = "spec.ephemeralContainers[0]."
    assert sorted(problems(PODS, {"spec": spec})) == sorted([
        f"{at}livenessProbe: {forbidden}", f"{at}ports: {forbidden}", f"{at}resources: {forbidden}",
        f"{at}volumeMounts[0].subPath: {forbidden}",
        f'{at}targetContainerName: Not found: "other": name one of spec.containers',
    ])  # fmt: skip
