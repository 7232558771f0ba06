"""What is written to the audit log: a policy in Kubernetes' format (audit.k8s.io/v1), the first rule that fits decides.

rules:
- level: None
  users: ["system:kube-scheduler"]
- level: Metadata
  resources: [{group: "", resources: ["secrets"]}]
- level: Request
  verbs: ["create", "update", "patch", "delete"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from controlplane.server.users import Attributes, User


class Level(IntEnum):
    """How much of a request is told. Each level has what the lower ones have."""

    NONE = 0
    METADATA = 1
    REQUEST = 2
    RESPONSE = 3


_LEVELS = {"None": Level.NONE, "Metadata": Level.METADATA, "Request": Level.REQUEST, "RequestResponse": Level.RESPONSE}
_RULE_FIELDS = {"level", "users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs", "omitStages"}
# Bodies that hold secrets are never written, whatever the policy says.
_SECRET = {("", "secrets"), ("authentication.k8s.io", "tokenreviews"), ("", "serviceaccounts/token")}


@dataclass(frozen=True, slots=True)
class Resources:
    """`names` are `pods`, `pods/log`, `pods/*`, `*/scale` or `*`; none stand for all of the group."""

    group: str
    names: frozenset[str]
    objects: frozenset[str]

    def fits(self, asked: Attributes) -> bool:
        if self.group not in (asked.group, "*") or (self.objects and asked.name not in self.objects):
            return False
        own = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
        also = {f"{asked.resource}/*", f"*/{asked.subresource}"} if asked.subresource else set()
        return not self.names or not self.names.isdisjoint({own, "*", *also})


@dataclass(frozen=True, slots=True)
class Rule:
    """Empty sets fit everything."""

    level: Level
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    resources: Sequence[Resources] = ()
    paths: frozenset[str] = frozenset()

    def fits(self, user: User, asked: Attributes) -> bool:
        return (
            (not self.users or user.name in self.users)
            and (not self.groups or not self.groups.isdisjoint(user.groups))
            and (not self.verbs or asked.verb in self.verbs or "*" in self.verbs)
            and (not self.namespaces or asked.namespace in self.namespaces)
            and self._fits_target(asked)
        )

    def _fits_target(self, asked: Attributes) -> bool:
        if self.paths:
            return any(_fits_path(pattern, asked.path) for pattern in self.paths)
        return not self.resources or any(resources.fits(asked) for resources in self.resources)


@dataclass(frozen=True, slots=True)
class Policy:
    rules: Sequence[Rule] = field(default_factory=tuple)

    def level(self, user: User, asked: Attributes) -> Level:
        found = next((rule.level for rule in self.rules if rule.fits(user, asked)), Level.NONE)
        named = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
        return min(found, Level.METADATA) if (asked.group, named) in _SECRET else found


def _fits_path(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Without a policy: what people and their programs change, and every look at a secret; not the cluster's own bustle.
DEFAULT = Policy((
    Rule(Level.NONE, groups=frozenset({"system:nodes"})),
    Rule(Level.NONE, users=frozenset({"system:kube-scheduler", "system:kube-controller-manager", "system:apiserver"})),
    Rule(Level.NONE, resources=(Resources("", frozenset({"events"}), frozenset()),
                                Resources("coordination.k8s.io", frozenset({"leases"}), frozenset()))),
    Rule(Level.METADATA, resources=(Resources("", frozenset({"secrets"}), frozenset()),)),
    Rule(Level.METADATA, verbs=_WRITES),
))  # fmt: skip


def read(document: Mapping[str, Any]) -> Policy:
    """The policy that a document describes. Raises ValueError, with the rule's place, for one that makes no sense."""
    rules = document.get("rules")
    if document.get("kind", "Policy") != "Policy" or not isinstance(rules, list) or not rules:
        raise ValueError("an audit policy is an object of kind Policy with a list of rules")
    return Policy(tuple(_rule(rule, f"rules[{index}]") for index, rule in enumerate(rules)))


def _rule(rule: Any, place: str) -> Rule:
    if not isinstance(rule, dict) or rule.get("level") not in _LEVELS:
        raise ValueError(f"{place}.level: use one of {', '.join(_LEVELS)}")
    unknown = sorted(set(rule) - _RULE_FIELDS)
    if unknown:
        raise ValueError(f"{place}: unknown field {unknown[0]}")
    return Rule(
        _LEVELS[rule["level"]],
        frozenset(rule.get("users") or ()),
        frozenset(rule.get("userGroups") or ()),
        frozenset(rule.get("verbs") or ()),
        frozenset(rule.get("namespaces") or ()),
        tuple(_resources(entry) for entry in rule.get("resources") or ()),
        frozenset(rule.get("nonResourceURLs") or ()),
    )


def _resources(entry: Mapping[str, Any]) -> Resources:
    return Resources(
        entry.get("group", ""), frozenset(entry.get("resources") or ()), frozenset(entry.get("resourceNames") or ())
    )
