"""Rules for Services, Endpoints and EndpointSlices."""

from typing import Any

import pytest

from controlplane.api.registry import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from tests.unit.controlplane.api.rules.documents import problems, update


def of(**spec: Any) -> list[str]:
    return [problem.removeprefix("spec.") for problem in problems(SERVICES, {"spec": {"ports": [{"port": 80}]} | spec})]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
        {"ports": [{"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP"}]},
        {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}], "externalTrafficPolicy": "Local"},
        {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]},
        {"clusterIP": "None", "ports": []},
        {"clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10"]},
        {"type": "ExternalName", "externalName": "example.com.", "ports": []},
        {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}},
        {"externalIPs": ["192.0.2.1"]},
    ],
    ids=str,
)
def test_a_sound_service_is_accepted(spec: dict[str, Any]) -> None:
    assert of(**spec) == []


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"ports": []}, ["ports: Required value: name at least one port, or set clusterIP: None"]),
        (
            {"ports": [{"port": 0}]},
            ["ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
             "ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"],
        ),
        (
            {"ports": [{"port": 1, "name": "a"}, {"port": 2}, {"port": 1, "name": "a"}]},
            ["ports[1].name: Required value: a service with several ports must name them all",
             'ports[2].name: Duplicate value: "a"',
             'ports[2]: Duplicate value: "1/TCP"'],
        ),
        (
            {"ports": [{"port": 1, "targetPort": "a_b", "protocol": "x"}]},
            ['ports[0].protocol: Unsupported value: "x": supported values: "TCP", "UDP", "SCTP"',
             'ports[0].targetPort: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9), and '
             'hyphens (-)'],
        ),
        (
            {"ports": [{"port": 1, "nodePort": 30000}]},
            ["ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        (
            {"type": "NodePort", "ports": [{"port": p, "nodePort": 30000, "name": f"p{p}"} for p in (1, 2)]},
            ['ports[1].nodePort: Duplicate value: "30000/TCP"'],
        ),
        (
            {"type": "Balancer"},
            ['type: Unsupported value: "Balancer": supported values: "ClusterIP", "ExternalName", "LoadBalancer", '
             '"NodePort"'],
        ),
        ({"type": "ExternalName"}, ["externalName: Required value: name the host that clients are sent to"]),
        (
            {"type": "ExternalName", "externalName": "a", "clusterIP": "10.0.0.1"},
            ["clusterIP: Forbidden: may not be set for ExternalName services"],
        ),
        ({"clusterIP": "x"}, ["clusterIP: Invalid value: \"x\": must be empty, 'None', or a valid IP address"]),
        (
            {"clusterIP": "None", "type": "NodePort"},
            ["clusterIP: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
        ),
        (
            {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.2"]},
            ['clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`'],
        ),
        ({"sessionAffinity": "Yes"}, ['sessionAffinity: Unsupported value: "Yes": supported values: "ClientIP", "None"']),
        (
            {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}},
            ["sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be between 1 and 86400, inclusive"],
        ),
        (
            {"externalTrafficPolicy": "Local"},
            ['externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
        ),
        (
            {"internalTrafficPolicy": "Near"},
            ['internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
        ),
        (
            {"loadBalancerSourceRanges": ["10.0.0.0"]},
            ['loadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or '
             "2001:db8::/64)",
             "loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
        ),
        ({"ipFamilies": ["IPv4", "IPv5"]}, ['ipFamilies[1]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"']),
        (
            {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "SingleStack"},
            ['ipFamilyPolicy: Invalid value: "SingleStack": must be RequireDualStack or PreferDualStack when multiple '
             "'ipFamilies' are specified"],
        ),
        (
            {"type": "ExternalName", "externalName": "a", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"},
            ["ipFamilies: Forbidden: may not be set for ExternalName services",
             "ipFamilyPolicy: Forbidden: may not be set for ExternalName services"],
        ),
        (
            {"clusterIPs": ["None", "10.0.0.1"]},
            ["clusterIPs[0]: Invalid value: \"None\": 'None' must be the only value"],
        ),
        (
            {"clusterIPs": ["10.0.0.1", "x"]},
            ['clusterIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
        ),
        (
            {"externalIPs": ["127.0.0.1"]},
            ['externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
        ),
        (
            {"loadBalancerClass": "a.com/b", "allocateLoadBalancerNodePorts": True},
            [f"{field}: Forbidden: may only be used when `type` is 'LoadBalancer'"
             for field in ("loadBalancerClass", "allocateLoadBalancerNodePorts")],
        ),
        (
            {"type": "LoadBalancer", "ports": [{"port": 10250}]},
            ["ports[0].port: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet"],
        ),
        (
            {"trafficDistribution": "Near"},
            ['trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", '
             '"PreferSameZone"'],
        ),
        (
            {"healthCheckNodePort": 30001},
            ["healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and "
             "`externalTrafficPolicy` is 'Local'"],
        ),
    ],
    ids=lambda value: ",".join(f"{name}={told}" for name, told in value.items())[:50] if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_broken_rule_of_a_service_is_told(spec: dict[str, Any], found: list[str]) -> None:
    assert of(**spec) == found


def test_a_load_balancer_keeps_its_class() -> None:
    old, new = (
        {"spec": {"type": "LoadBalancer", "loadBalancerClass": name, "ports": [{"port": 80}]}}
        for name in ("a.com/b", "a.com/c")
    )
    assert update(SERVICES, old, new) == ['spec.loadBalancerClass: Invalid value: "a.com/c": may not change once set']


def test_a_services_name_starts_with_a_letter() -> None:
    assert problems(SERVICES, {"metadata": {"name": "1st"}, "spec": {"ports": [{"port": 80}]}}) == [
        'metadata.name: Invalid value: "1st": a DNS-1035 label must consist of lower case alphanumeric characters '
        "or '-', start "
        "with an alphabetic character, and end with an alphanumeric character"
    ]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"clusterIP": "10.0.0.1"}, {"clusterIP": "10.0.0.1", "type": "NodePort"}, []),
        (
            {"clusterIP": "10.0.0.1"},
            {"clusterIP": "10.0.0.2"},
            ['spec.clusterIP: Invalid value: "10.0.0.2": field is immutable'],
        ),
        (
            {"clusterIP": "None"},
            {"clusterIP": "10.0.0.2"},
            ['spec.clusterIP: Invalid value: "10.0.0.2": field is immutable'],
        ),
        ({"clusterIP": "10.0.0.1"}, {"type": "ExternalName", "externalName": "a.b"}, []),
        ({"type": "ExternalName", "externalName": "a.b"}, {"clusterIP": "10.0.0.2"}, []),
    ],
    ids=str,
)
def test_a_service_keeps_its_address(old: dict[str, Any], new: dict[str, Any], found: list[str]) -> None:
    assert update(SERVICES, {"spec": old}, {"spec": new}) == found


SLICE = {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.0.7"]}], "ports": [{"port": 80}]}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"ports": [], "endpoints": []}, []),
        ({"addressType": "IPv6", "endpoints": [{"addresses": ["fd00::1"]}]}, []),
        ({"addressType": "FQDN", "endpoints": [{"addresses": ["a.example"]}]}, []),
        ({"addressType": ""}, ['addressType: Required value: use "FQDN", "IPv4", "IPv6"']),
        ({"addressType": "X"}, ['addressType: Unsupported value: "X": supported values: "FQDN", "IPv4", "IPv6"']),
        ({"endpoints": [{}]}, ["endpoints[0].addresses: Required value: must contain at least 1 address"]),
        (
            {"endpoints": [{"addresses": ["fd00::1"]}, {"addresses": ["127.0.0.1"], "hostname": "A."}]},
            ['endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address',
             'endpoints[1].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, '
             '::1/128)',
             "endpoints[1].hostname: Invalid value: \"A.\": a lowercase RFC 1123 label must consist of lower case "
             "alphanumeric "
             "characters or '-', and must start and end with an alphanumeric character"],
        ),
        ({"endpoints": [{"addresses": ["10.0.0.1"]}] * 1001}, ["endpoints: Too many: 1001: must have at most 1000 items"]),
        (
            {"ports": [{"port": 0, "name": "a"}, {"port": 1, "name": "a"}, {"port": 2}]},
            ["ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
             "ports[2].name: Required value",
             'ports[1].name: Duplicate value: "a"'],
        ),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)  # fmt: skip
def test_the_rules_of_endpoint_slices(fields: dict[str, Any], found: list[str]) -> None:
    assert problems(ENDPOINT_SLICES, SLICE | fields) == found


def test_a_slice_keeps_its_address_type() -> None:
    assert update(ENDPOINT_SLICES, SLICE, SLICE | {"addressType": "IPv6"}) == [
        'addressType: Invalid value: "IPv6": field is immutable'
    ]


def test_the_rules_of_endpoints() -> None:
    subsets = [
        {},
        {
            "addresses": [{"ip": "169.254.1.1"}, {"ip": "0.0.0.0"}, {"ip": "x"}],
            "ports": [{"port": 1}, {"port": 0, "name": "b"}],
        },
    ]
    assert problems(ENDPOINTS, {"subsets": subsets}) == [
        "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
        'subsets[1].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range '
        "(169.254.0.0/16, fe80::/10)",
        'subsets[1].addresses[1].ip: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
        'subsets[1].addresses[2].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        "subsets[1].ports[0].name: Required value",
        "subsets[1].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
    ]
