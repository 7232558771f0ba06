"""Rules for NetworkPolicies, each broken once."""

from typing import Any

import pytest

from controlplane.api.registry import NETWORK_POLICIES
from tests.unit.controlplane.api.rules.documents import problems

BLOCK = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}


def ingress(**fields: Any) -> dict[str, Any]:
    return {"ingress": [fields]}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"podSelector": {}}, []),
        (ingress(ports=[{"port": 80, "endPort": 90}, {"port": "http", "protocol": "UDP"}], **{"from": [
            BLOCK, {"podSelector": {}, "namespaceSelector": {"matchLabels": {"a": "b"}}}]}), []),
        ({"egress": [{"to": [BLOCK]}], "policyTypes": ["Egress"]}, []),
        ({"podSelector": {"matchLabels": {"a": "b c"}}},
         ["spec.podSelector.matchLabels[a]: Invalid value: \"b c\": a valid label must be an empty string or consist of "
          "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"]),
        ({"policyTypes": ["Both"]},
         ['spec.policyTypes[0]: Unsupported value: "Both": supported values: "Egress", "Ingress"']),
        ({"policyTypes": ["Egress", "Ingress", "Egress"]},
         ['spec.policyTypes: Invalid value: ["Egress","Ingress","Egress"]: may not specify more than two policyTypes']),
        (ingress(ports=[{"port": 0}]),
         ["spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        (ingress(ports=[{"protocol": "ICMP"}]),
         ['spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"']),
        (ingress(ports=[{"endPort": 9}]),
         ["spec.ingress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is not specified"]),
        (ingress(ports=[{"port": "http", "endPort": 9}]),
         ["spec.ingress[0].ports[0].endPort: Invalid value: 9: may not be specified when `port` is non-numeric"]),
        (ingress(ports=[{"port": 10, "endPort": 9}]),
         ["spec.ingress[0].ports[0].endPort: Invalid value: 9: must be greater than or equal to `port`"]),
        (ingress(**{"from": [{}]}), ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
        ({"egress": [{"to": [BLOCK | {"podSelector": {}}]}]},
         ["spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer"]),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.1"}}]}]},
         ['spec.egress[0].to[0].ipBlock.cidr: Invalid value: "10.0.0.1": must be a valid CIDR value, (e.g. 10.9.8.0/24 or '
          "2001:db8::/64)"]),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8", "11.0.0.0/16", "fd00::/64"]}}]}]},
         [f'spec.egress[0].to[0].ipBlock.except[{index}]: Invalid value: "{hole}": must be a strict subset of `cidr`'
          for index, hole in enumerate(["10.0.0.0/8", "11.0.0.0/16", "fd00::/64"])]),
    ],
)  # fmt: skip
def test_the_rules_of_policies(spec: dict[str, Any], found: list[str]) -> None:
    assert problems(NETWORK_POLICIES, {"spec": spec}) == found
