"""Rules for who may do what: Roles, ClusterRoles and their bindings."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.api import names
from controlplane.api.rules.metadata import check_selector
from controlplane.api.rules.places import Place
from protos.v1 import rbac_pb2 as rbac

GROUP = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")

AnyBinding = rbac.RoleBinding | rbac.ClusterRoleBinding


def check_role(at: Place, role: rbac.Role) -> None:
    for place, rule in (at / "rules").each(role.rules):
        _check_rule(place, rule, namespaced=True)


def check_cluster_role(at: Place, role: rbac.ClusterRole) -> None:
    for place, rule in (at / "rules").each(role.rules):
        _check_rule(place, rule, namespaced=False)
    if not role.HasField("aggregation_rule"):
        return
    selectors = at / "aggregationRule" / "clusterRoleSelectors"
    if not role.aggregation_rule.cluster_role_selectors:
        selectors.required("at least one clusterRoleSelector required if aggregationRule is non-nil")
    for place, selector in selectors.each(role.aggregation_rule.cluster_role_selectors):
        check_selector(place, selector)


def _check_rule(at: Place, rule: rbac.PolicyRule, *, namespaced: bool) -> None:
    if not rule.verbs:
        (at / "verbs").required("verbs must contain at least one value")
    if rule.non_resource_urls:
        _check_urls(at / "nonResourceURLs", rule, namespaced=namespaced)
        return
    if not rule.api_groups:
        (at / "apiGroups").required("resource rules must supply at least one api group")
    if not rule.resources:
        (at / "resources").required("resource rules must supply at least one resource")


def _check_urls(at: Place, rule: rbac.PolicyRule, *, namespaced: bool) -> None:
    urls = list(rule.non_resource_urls)
    if namespaced:
        at.invalid(urls, "namespaced rules cannot apply to non-resource URLs")
    if rule.api_groups or rule.resources or rule.resource_names:
        at.invalid(urls, "rules cannot apply to both regular resources and non-resource URLs")


def check_role_binding(at: Place, binding: rbac.RoleBinding) -> None:
    _check_binding(at, binding, kinds=("Role", "ClusterRole"))


def check_cluster_role_binding(at: Place, binding: rbac.ClusterRoleBinding) -> None:
    _check_binding(at, binding, kinds=("ClusterRole",))


def _check_binding(at: Place, binding: AnyBinding, *, kinds: Iterable[str]) -> None:
    ref, place = binding.role_ref, at / "roleRef"
    (place / "apiGroup").one_of(ref.api_group, (GROUP,))
    (place / "kind").one_of(ref.kind, tuple(kinds))
    (place / "name").needs(ref.name, names.path_segment)
    for one, subject in (at / "subjects").each(binding.subjects):
        _check_subject(one, subject)


def _check_subject(at: Place, subject: rbac.Subject) -> None:
    if subject.kind == "ServiceAccount":
        (at / "name").needs(subject.name, names.dns_subdomain)
        if subject.api_group:
            (at / "apiGroup").one_of(subject.api_group, ("",))
        (at / "namespace").needs(subject.namespace)
        return
    (at / "name").needs(subject.name)
    if subject.kind in _SUBJECTS:
        (at / "apiGroup").one_of(subject.api_group, (GROUP,))
    else:
        (at / "kind").one_of(subject.kind, _SUBJECTS)


def check_binding_update(at: Place, old: AnyBinding, new: AnyBinding) -> None:
    if old.role_ref != new.role_ref:
        (at / "roleRef").invalid(new.role_ref, "cannot change roleRef")
