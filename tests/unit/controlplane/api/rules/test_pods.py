"""Rules for pods: their containers together, volumes, placement, and what may change later."""

from typing import Any

import pytest

from controlplane.api.registry import PODS
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems, update


def of(*containers: Any, **fields: Any) -> list[str]:
    return [problem.removeprefix("spec.") for problem in problems(PODS, {"spec": pod_spec(*containers, **fields)})]


def test_a_sound_pod_is_accepted() -> None:
    assert of() == []


def test_everything_is_told_at_once() -> None:
    found = problems(
        PODS,
        {"metadata": {"name": "A"}, "spec": {"containers": [{}], "restartPolicy": "Maybe", "volumes": [{"name": "b"}] * 2}},
    )
    assert [problem.split(": ")[0] for problem in found] == [
        "metadata.name",
        "spec.restartPolicy",
        "spec.containers[0].name",
        "spec.containers[0].image",
        "spec.volumes[1].name",
    ]


def test_a_pod_has_containers_with_names_of_their_own() -> None:
    assert problems(PODS, {"spec": {}}) == ["spec.containers: Required value: a pod runs at least one container"]
    assert of(container(), container(), initContainers=[container(name="init"), container()]) == [
        'containers[0].name: Duplicate value: "web"',
        'containers[1].name: Duplicate value: "web"',
    ]


def test_a_port_of_the_node_can_be_had_once() -> None:
    taken = {"ports": [{"containerPort": 1, "hostPort": 80}]}
    assert of(container(**taken), container(name="b", **taken)) == [
        'containers[1].ports[0].hostPort: Duplicate value: "TCP/80"'
    ]


def test_on_the_nodes_network_ports_are_the_same_inside_and_outside() -> None:
    assert of(container(ports=[{"containerPort": 1, "hostPort": 2}]), hostNetwork=True) == [
        "containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort` when `hostNetwork` is true"
    ]


def test_init_containers_run_to_their_end_unless_they_are_sidecars() -> None:
    probe = {"livenessProbe": {"tcpSocket": {"port": 1}}}
    assert of(initContainers=[container(name="a", restartPolicy="Always", **probe)]) == []
    assert of(initContainers=[container(name="a", **probe), container(name="b", restartPolicy="Never")]) == [
        "initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
        'initContainers[1].restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ]


LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character"
)
TERMS = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (
            {"restartPolicy": "Sometimes"},
            ['restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
        ),
        (
            {"dnsPolicy": "x"},
            ['dnsPolicy: Unsupported value: "x": supported values: "ClusterFirst", "ClusterFirstWithHostNet", '
             '"Default", "None"'],
        ),
        (
            {"dnsPolicy": "None"},
            ["dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"],
        ),
        ({"dnsConfig": {"nameservers": ["1.1.1.1"] * 4}}, ["dnsConfig.nameservers: Too many: 4: must have at most 3 items"]),
        (
            {"terminationGracePeriodSeconds": -1},
            ["terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"activeDeadlineSeconds": 0},
            ["activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
        ),
        ({"hostname": "A"}, [f'hostname: Invalid value: "A": {LABEL}']),
        ({"imagePullSecrets": [{}]}, ["imagePullSecrets[0].name: Required value"]),
        (
            {"hostAliases": [{"ip": "x", "hostnames": ["ok"]}, {}]},
            ['hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
             "hostAliases[1].ip: Required value"],
        ),
        (
            {"shareProcessNamespace": True, "hostPID": True},
            ["shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"],
        ),
        ({"nodeSelector": {"a b": "c"}},
         ["nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', "
          "and must "
          "start and end with an alphanumeric character"]),
        (
            {"tolerations": [{"value": "x"}, {"key": "a", "operator": "Exists", "value": "b"},
                             {"key": "a", "effect": "No"}]},
            ['tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means '
             '"match all values and all keys"',
             "tolerations[1].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
             'tolerations[2].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", '
             '"NoExecute"'],
        ),
        (
            {"tolerations": [{"key": "a", "tolerationSeconds": 3}]},
            ["tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"],
        ),
        (
            {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}},
            [f"{TERMS}: Required value: must have at least one node selector term"],
        ),
        (
            {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "a", "operator": "In"}, {"key": "b", "operator": "Is"}]}]}}}},
            [f"{TERMS}[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
             f'{TERMS}[0].matchExpressions[1].operator: Unsupported value: "Is": supported values: "In", "NotIn", "Exists", '
             '"DoesNotExist", "Gt", "Lt"'],
        ),
        (
            {"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 0, "podAffinityTerm": {"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists",
                                                                                         "values": ["x"]}]}}}]}}},
            ["affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be "
             "between 1 and 100, inclusive",
             "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: "
             "Required value: can not be empty; kubernetes.io/hostname means a node",
             "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector."
             "matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"],
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}] * 2},
            ["topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
             "topologySpreadConstraints[1].maxSkew: Invalid value: 0: must be greater than zero",
             'topologySpreadConstraints[1]: Duplicate value: "{zone, DoNotSchedule}"'],
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_of_the_whole_pod_is_told(fields: dict[str, Any], found: list[str]) -> None:
    assert of(**fields) == found


@pytest.mark.parametrize(
    ("volume", "found"),
    [
        ({"name": "a", "configMap": {"name": "c", "items": [{"key": "k", "path": "p/q", "mode": 0o400}]}}, []),
        ({"name": "a", "projected": {"sources": [{"secret": {"name": "s"}}, {"serviceAccountToken": {"path": "t"}}]}}, []),
        ({"name": "a", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}, []),
        ({"emptyDir": {}}, ["name: Required value"]),
        ({"name": "a.b", "emptyDir": {}}, [f'name: Invalid value: "a.b": {LABEL}']),
        (
            {"name": "a", "emptyDir": {}, "hostPath": {"path": "/a/../b", "type": "Dir"}},
            ["emptyDir: Forbidden: may not specify more than 1 volume type",
             "hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
             'hostPath.type: Unsupported value: "Dir": supported values: "", "DirectoryOrCreate", "Directory", '
             '"FileOrCreate", '
             '"File", "Socket", "CharDevice", "BlockDevice"'],
        ),
        ({"name": "a", "secret": {}}, ["secret.secretName: Required value"]),
        (
            {"name": "a", "secret": {"secretName": "s", "defaultMode": 1000, "items": [{"key": "k", "path": "/p"}, {}]}},
            ["secret.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive; in JSON "
             "write it in decimal",
             'secret.items[0].path: Invalid value: "/p": must be a relative path',
             "secret.items[1].key: Required value",
             "secret.items[1].path: Required value"],
        ),
        ({"name": "a", "configMap": {}}, ["configMap.name: Required value"]),
        ({"name": "a", "downwardAPI": {"items": [{"path": "../x"}]}},
         ["downwardAPI.items[0].path: Invalid value: \"../x\": must not start with '..'",
          "downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required"]),
        ({"name": "a", "projected": {"sources": [{}, {"secret": {}}]}},
         ["projected.sources[0]: Required value: must specify a source", "projected.sources[1].secret.name: Required "
                                                                         "value"]),
        ({"name": "a", "nfs": {"path": "/"}}, ["nfs.server: Required value"]),
        ({"name": "a", "emptyDir": {"medium": "Tape"}},
         ['emptyDir.medium: Unsupported value: "Tape": supported values: "Memory"']),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_volume_has_a_name_and_one_sound_source(volume: dict[str, Any], found: list[str]) -> None:
    assert of(volumes=[volume]) == [f"volumes[0].{problem}" for problem in found]


TOLERATION = {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(pod_spec(), pod_spec(container(image="nginx:2")), id="image"),
        pytest.param(pod_spec(), pod_spec(activeDeadlineSeconds=9), id="deadline set"),
        pytest.param(pod_spec(activeDeadlineSeconds=9), pod_spec(activeDeadlineSeconds=8), id="deadline lowered"),
        pytest.param(pod_spec(), pod_spec(tolerations=[TOLERATION]), id="toleration added"),
        pytest.param(
            pod_spec(tolerations=[TOLERATION]),
            pod_spec(tolerations=[TOLERATION | {"tolerationSeconds": 6}]),
            id="tolerated longer",
        ),
        pytest.param(pod_spec(), pod_spec(nodeName="node-1"), id="bound"),
        pytest.param(
            pod_spec(terminationGracePeriodSeconds=-1), pod_spec(terminationGracePeriodSeconds=1), id="grace mended"
        ),
    ],
)
def test_some_of_a_pod_may_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert update(PODS, {"spec": old}, {"spec": new}) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            pod_spec(),
            pod_spec(hostNetwork=True, hostPID=True),
            "changed: hostNetwork, hostPID. Delete the pod and create it anew",
        ),
        (pod_spec(), pod_spec(container(args=["x"])), "changed: containers."),
        (pod_spec(), pod_spec(container(), container(name="b")), "changed: containers."),
        (pod_spec(nodeName="node-1"), pod_spec(nodeName="node-2"), "changed: nodeName."),
        (
            pod_spec(tolerations=[TOLERATION]),
            pod_spec(),
            "spec.tolerations: Forbidden: existing tolerations may not be changed",
        ),
        (
            pod_spec(activeDeadlineSeconds=9),
            pod_spec(activeDeadlineSeconds=10),
            "spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous value 9",
        ),
        (pod_spec(activeDeadlineSeconds=9), pod_spec(), "spec.activeDeadlineSeconds: Invalid value: null: must not update"),
    ],
    ids=["namespaces", "arguments", "containers", "node", "tolerations", "later deadline", "no deadline"],
)
def test_the_rest_of_a_pod_stands(old: dict[str, Any], new: dict[str, Any], found: str) -> None:
    (problem,) = update(PODS, {"spec": old}, {"spec": new})
    assert found in problem


CLAIM = "spec.resourceClaims[0]: "


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"os": {"name": "linux"}, "runtimeClassName": "gvisor", "overhead": {"cpu": "1m"}}, []),
        ({"os": {"name": "plan9"}}, ['spec.os.name: Unsupported value: "plan9": supported values: "linux", "windows"']),
        ({"hostUsers": False, "hostPID": True}, ["spec.hostPID: Forbidden: when `hostUsers` is false"]),
        ({"schedulingGates": [{"name": "a"}, {"name": "a"}]}, ['spec.schedulingGates[1].name: Duplicate value: "a"']),
        ({"schedulingGates": [{"name": ""}]}, ["spec.schedulingGates[0].name: Required value"]),
        ({"resourceClaims": [{"name": "a"}]},
         [f"{CLAIM}Required value: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"]),
        ({"overhead": {"cpu": "-1"}}, ['spec.overhead[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
        ({"dnsConfig": {"searches": ["."] * 33}}, ["spec.dnsConfig.searches: Too many: 33: must have at most 32 items"]),
        ({"dnsConfig": {"options": [{"value": "1"}]}}, ["spec.dnsConfig.options[0].name: Required value"]),
        ({"hostnameOverride": "a" * 65}, ["spec.hostnameOverride: Too long: may not be more than 64 bytes"]),
        ({"hostnameOverride": "a", "setHostnameAsFQDN": True},
         ["spec.hostnameOverride: Forbidden: may not be specified when `setHostnameAsFQDN` is true"]),
    ],
    ids=str,
)  # fmt: skip
def test_the_rarer_rules_of_pods(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(PODS, {"spec": pod_spec(**fields)}) == found


def test_the_search_list_is_bounded_as_a_whole() -> None:
    searches = ["a" * 60 + "." + "b" * 60] * 20
    (problem,) = problems(PODS, {"spec": pod_spec(dnsConfig={"searches": searches})})
    assert problem.startswith("spec.dnsConfig.searches: Invalid value: ")
    assert problem.endswith("must not have more than 2048 characters (including spaces) in the search list")


def test_a_claim_is_on_one_thing() -> None:
    twice = {"name": "a", "resourceClaimName": "b", "resourceClaimTemplateName": "c"}
    (problem,) = problems(PODS, {"spec": pod_spec(resourceClaims=[twice])})
    assert problem.endswith("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
