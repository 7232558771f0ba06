"""What rules of roles allow: whether they grant a request, and whether they cover other rules.

Kubernetes' RBAC, to the letter: rules only ever add. In a rule `*` stands for every verb, group or resource, subresources
included; `*/scale` for one subresource of every resource; a path may end with `*`. There is no `pods/*`. A rule with names
grants nothing to a request that names no object.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Protocol

from protos.v1 import rbac_pb2 as rbac

GROUP = "rbac.authorization.k8s.io"
ALL = "*"


class Asked(Protocol):
    """A verb on a resource, or on a path that is no resource."""

    @property
    def verb(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy rule, ready to be compared. Resources have their subresource: `pods/log`."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`"""
        parts = (
            ("APIGroups", self.groups),
            ("Resources", self.resources),
            ("NonResourceURLs", self.paths),
            ("ResourceNames", self.names),
            ("Verbs", self.verbs),
        )
        return "{" + ", ".join(f"{name}:{_quoted(values)}" for name, values in parts if values) + "}"

    def matches(self, asked: Asked) -> bool:
        """Whether it grants the request for some object: `names` are not looked at."""
        if not _has(self.verbs, asked.verb):
            return False
        if asked.path:
            return any(path_covers(path, asked.path) for path in self.paths)
        wanted = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
        return _has(self.groups, asked.group) and any(resource_covers(held, wanted) for held in self.resources)

    def allows(self, asked: Asked) -> bool:
        return self.matches(asked) and (bool(asked.path) or not self.names or asked.name in self.names)

    def covers(self, part: Rule) -> bool:
        """Whether it grants all that `part` does, a rule for one verb on one resource or path."""
        if not _has(self.verbs, part.verbs[0]):
            return False
        if part.paths:
            return any(path_covers(path, part.paths[0]) for path in self.paths)
        return (
            _has(self.groups, part.groups[0])
            and any(resource_covers(held, part.resources[0]) for held in self.resources)
            and (not self.names or (bool(part.names) and part.names[0] in self.names))
        )


FULL_AUTHORITY = (Rule((ALL,), (ALL,), (ALL,)), Rule((ALL,), paths=(ALL,)))


def from_message(rule: rbac.PolicyRule) -> Rule:
    return Rule(
        tuple(rule.verbs),
        tuple(rule.api_groups),
        tuple(rule.resources),
        tuple(rule.resource_names),
        tuple(rule.non_resource_urls),
    )


def to_message(rule: Rule) -> rbac.PolicyRule:
    return rbac.PolicyRule(
        verbs=rule.verbs,
        api_groups=rule.groups,
        resources=rule.resources,
        resource_names=rule.names,
        non_resource_urls=rule.paths,
    )


def resource_covers(held: str, wanted: str) -> bool:
    """Whether a rule's resource stands for another one: `*` for all, `*/scale` for `deployments/scale`."""
    if held in (ALL, wanted):
        return True
    subresource = wanted.partition("/")[2]
    return bool(subresource) and held == f"*/{subresource}"


def path_covers(held: str, wanted: str) -> bool:
    """Whether a rule's path stands for another one, which may end with `*` itself."""
    return held == wanted or (held.endswith(ALL) and wanted.startswith(held[:-1]))


def missing(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What of `wanted` the held rules do not grant, in as few rules as that can be told; empty when they cover it all."""
    return compact(part for rule in wanted for part in _parts(rule) if not any(own.covers(part) for own in held))


def covers(held: Sequence[Rule], wanted: Iterable[Rule]) -> bool:
    return not missing(held, wanted)


def compact(rules: Iterable[Rule]) -> list[Rule]:
    """Joins rules that differ in their verbs only."""
    joined: dict[Rule, tuple[str, ...]] = {}
    for rule in rules:
        known = joined.setdefault(replace(rule, verbs=()), ())
        joined[replace(rule, verbs=())] = (*known, *(verb for verb in rule.verbs if verb not in known))
    return [replace(rule, verbs=verbs) for rule, verbs in joined.items()]


def _parts(rule: Rule) -> Iterable[Rule]:
    """The rule as rules for one verb on one resource, or one path, and one name at most."""
    for verb, path in product(rule.verbs, rule.paths):
        yield Rule((verb,), paths=(path,))
    names: list[tuple[str, ...]] = [(name,) for name in rule.names] or [()]
    for verb, group, resource, name in product(rule.verbs, rule.groups, rule.resources, names):
        yield Rule((verb,), (group,), (resource,), name)


def _has(values: Collection[str], wanted: str) -> bool:
    return wanted in values or ALL in values


def _quoted(values: Iterable[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"
