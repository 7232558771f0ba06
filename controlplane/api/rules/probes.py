"""Rules for what is done to a container from outside: probes and life cycle hooks."""

from __future__ import annotations

from controlplane.api import names
from controlplane.api.rules.places import Place
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

_SCHEMES = ("HTTP", "HTTPS")
_ACTIONS = {"exec": "exec", "http_get": "httpGet", "tcp_socket": "tcpSocket", "grpc": "grpc", "sleep": "sleep"}

Handler = core.ProbeHandler | core.LifecycleHandler


def check_probe(at: Place, probe: core.Probe, *, kind: str) -> None:
    """`kind`: `liveness`, `readiness` or `startup`."""
    _check_handler(at, probe.handler, grace_seconds=0)
    counts = {
        "initialDelaySeconds": probe.initial_delay_seconds,
        "timeoutSeconds": probe.timeout_seconds,
        "periodSeconds": probe.period_seconds,
        "successThreshold": probe.success_threshold,
        "failureThreshold": probe.failure_threshold,
    }
    for name, count in counts.items():
        if count < 0:
            (at / name).at_least_zero(count)
    if kind != "readiness" and probe.success_threshold > 1:
        (at / "successThreshold").invalid(probe.success_threshold, "must be 1")
    if probe.HasField("termination_grace_period_seconds"):
        grace = at / "terminationGracePeriodSeconds"
        if kind == "readiness":
            grace.forbidden("must not be set for readinessProbes")
        elif probe.termination_grace_period_seconds <= 0:
            grace.invalid(probe.termination_grace_period_seconds, "must be greater than 0")


def check_lifecycle(at: Place, lifecycle: core.Lifecycle, *, grace_seconds: int) -> None:
    """`grace_seconds`: what the pod is given to end."""
    if lifecycle.HasField("post_start"):
        _check_handler(at / "postStart", lifecycle.post_start, grace_seconds=grace_seconds)
    if lifecycle.HasField("pre_stop"):
        _check_handler(at / "preStop", lifecycle.pre_stop, grace_seconds=grace_seconds)


def _check_handler(at: Place, handler: Handler, *, grace_seconds: int) -> None:
    """Exactly one action, and that one sound."""
    given = [field.name for field, _ in handler.ListFields()]
    if not given:
        at.required(f"must specify a handler type: one of {', '.join(f'`{word}`' for word in _words(handler))}")
    for name in given[1:]:
        (at / _ACTIONS[name]).forbidden("may not specify more than 1 handler type")
    if handler.HasField("exec") and not handler.exec.command:
        (at / "exec" / "command").required()
    if handler.HasField("http_get"):
        _check_http_get(at / "httpGet", handler.http_get)
    if handler.HasField("tcp_socket"):
        check_port_or_name(at / "tcpSocket" / "port", handler.tcp_socket.port)
    if isinstance(handler, core.ProbeHandler):
        if handler.HasField("grpc"):
            (at / "grpc" / "port").between(handler.grpc.port, 1, 65535)
    elif handler.HasField("sleep") and not 0 <= handler.sleep.seconds <= grace_seconds:
        (at / "sleep" / "seconds").invalid(
            handler.sleep.seconds, f"must be non-negative and less than terminationGracePeriodSeconds ({grace_seconds})"
        )


def _words(handler: Handler) -> list[str]:
    return [field.json_name for field in handler.DESCRIPTOR.fields]


def _check_http_get(at: Place, action: core.HTTPGetAction) -> None:
    (at / "path").needs(action.path)
    check_port_or_name(at / "port", action.port)
    (at / "scheme").one_of(action.scheme, _SCHEMES)
    for place, header in (at / "httpHeaders").each(action.http_headers):
        (place / "name").needs(header.name, names.http_header)


def check_port_or_name(at: Place, port: meta.IntOrString) -> None:
    if port.type:
        at.check(port.str_val, names.port_name)
    else:
        at.between(port.int_val, 1, 65535)
