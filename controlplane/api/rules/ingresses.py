"""Rules for Ingresses and IngressClasses."""

from __future__ import annotations

from controlplane.api import names
from controlplane.api.rules.places import Place
from protos.v1 import core_pb2 as core
from protos.v1 import networking_pb2 as networking

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_NEVER_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_NEVER_AT_END = ("/..", "/.")
_SCOPES = ("Cluster", "Namespace")
_LONGEST_CONTROLLER = 250
_ABSOLUTE = "must be an absolute path"


def check_ingress(at: Place, ingress: networking.Ingress) -> None:
    spec, place = ingress.spec, at / "spec"
    if not spec.rules and not spec.HasField("default_backend"):
        place.invalid([], "either `defaultBackend` or `rules` must be specified")
    if spec.HasField("default_backend"):
        _check_backend(place / "defaultBackend", spec.default_backend)
    for one, rule in (place / "rules").each(spec.rules):
        _check_rule(one, rule)
    for one, tls in (place / "tls").each(spec.tls):
        for host_place, host in (one / "hosts").each(tls.hosts):
            host_place.check(host, names.host_name)
        if tls.secret_name:
            (one / "secretName").check(tls.secret_name, names.dns_subdomain)
    if spec.HasField("ingress_class_name"):
        (place / "ingressClassName").check(spec.ingress_class_name, names.dns_subdomain)


def check_new_ingress(at: Place, ingress: networking.Ingress) -> None:
    """What holds for new ones only; those from the time of the annotation may keep both."""
    if _CLASS_ANNOTATION in ingress.metadata.annotations and ingress.spec.HasField("ingress_class_name"):
        (at / "metadata" / "annotations")[_CLASS_ANNOTATION].invalid(
            ingress.metadata.annotations[_CLASS_ANNOTATION], "can not be set when the class field is also set"
        )


def _check_rule(at: Place, rule: networking.IngressRule) -> None:
    if rule.host:
        if names.ip_address(rule.host) is None:
            (at / "host").invalid(rule.host, "must be a DNS name, not an IP address")
        else:
            (at / "host").check(rule.host, names.host_name)
    value = rule.ingress_rule_value
    if value.HasField("http"):
        paths = at / "http" / "paths"
        if not value.http.paths:
            paths.required()
        for place, path in paths.each(value.http.paths):
            _check_path(place, path)


def _check_path(at: Place, path: networking.HTTPIngressPath) -> None:
    if not path.HasField("path_type"):
        (at / "pathType").required("pathType must be specified")
    elif path.path_type in {"Exact", "Prefix"}:
        _check_plain_path(at / "path", path.path)
    elif path.path_type == "ImplementationSpecific":
        if path.path and not path.path.startswith("/"):
            (at / "path").invalid(path.path, _ABSOLUTE)
    else:
        (at / "pathType").one_of(path.path_type, _PATH_TYPES)
    _check_backend(at / "backend", path.backend)


def _check_plain_path(at: Place, path: str) -> None:
    if not path.startswith("/"):
        at.invalid(path, _ABSOLUTE)
    for part in _NEVER_IN_PATHS:
        if part in path:
            at.invalid(path, f"must not contain '{part}'")
    for end in _NEVER_AT_END:
        if path.endswith(end):
            at.invalid(path, f"cannot end with '{end}'")


def _check_backend(at: Place, backend: networking.IngressBackend) -> None:
    if backend.HasField("resource") and backend.HasField("service"):
        at.invalid("", "cannot set both resource and service backends")
    elif backend.HasField("resource"):
        _check_resource(at / "resource", backend.resource)
    elif backend.HasField("service"):
        _check_service(at / "service", backend.service)
    else:
        at.required("set a service or a resource backend")


def _check_resource(at: Place, ref: core.TypedLocalObjectReference) -> None:
    if ref.api_group:
        (at / "apiGroup").check(ref.api_group, names.dns_subdomain)
    (at / "kind").needs(ref.kind, names.path_segment)
    (at / "name").needs(ref.name, names.path_segment)


def _check_service(at: Place, service: networking.IngressServiceBackend) -> None:
    (at / "name").needs(service.name, names.dns_1035_label)
    port = service.port
    if port.name and port.number:
        at.invalid("", "cannot set both port name & port number")
    elif port.name:
        (at / "port" / "name").check(port.name, names.port_name)
    elif port.number:
        (at / "port" / "number").between(port.number, 1, 65535)
    else:
        at.required("port name or number is required")


def check_ingress_class(at: Place, ingress_class: networking.IngressClass) -> None:
    spec, place = ingress_class.spec, at / "spec"
    if len(spec.controller) > _LONGEST_CONTROLLER:
        (place / "controller").too_long(_LONGEST_CONTROLLER)
    else:
        (place / "controller").needs(spec.controller, names.domain_prefixed_path)
    if spec.HasField("parameters"):
        _check_parameters(place / "parameters", spec.parameters)


def _check_parameters(at: Place, ref: networking.IngressClassParametersReference) -> None:
    if ref.api_group:
        (at / "apiGroup").check(ref.api_group, names.dns_subdomain)
    (at / "kind").needs(ref.kind, names.path_segment)
    (at / "name").needs(ref.name, names.path_segment)
    (at / "scope").one_of(ref.scope, _SCOPES)
    if ref.scope == "Namespace":
        (at / "namespace").needs(ref.namespace, names.dns_label, "`parameters.scope` is set to 'Namespace'")
    elif ref.scope == "Cluster" and ref.HasField("namespace"):
        (at / "namespace").forbidden("`parameters.scope` is set to 'Cluster'")


def check_ingress_class_update(at: Place, old: networking.IngressClass, new: networking.IngressClass) -> None:
    (at / "spec" / "controller").unchanged(old.spec.controller, new.spec.controller)
