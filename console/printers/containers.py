"""Containers and scheduling wishes, as descriptions of pods and of pod templates show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.printers.columns import or_none
from console.printers.page import Page, annotation_lines, label_lines, moment
from console.printers.services import join_host_port
from console.printers.volumes import go_bool, volume_lines
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta


def container_lines(
    page: Page,
    title: str,
    containers: Sequence[core.Container],
    *,
    statuses: Iterable[core.ContainerStatus] = (),
    pod: core.Pod | None = None,
    indent: str = "",
) -> None:
    """`pod` resolves what environment variables take from it. A template's lines are indented one step more."""
    found = {status.name: status for status in statuses}
    page.line(f"{indent}{title}:" + ("" if containers else " <none>"))
    for container in containers:
        page.line(f"{' ' if indent else ''}{container.name}:", 1)
        status = found.get(container.name)
        _basics(page, container, status)
        _words(page, "Command", container.command)
        _words(page, "Args", container.args)
        if status is not None:
            _status(page, status)
        _resources(page, container.resources)
        _probes(page, container)
        _environment(page, container, pod)
        _mounts(page, container)


def _basics(page: Page, container: core.Container, status: core.ContainerStatus | None) -> None:
    if status is not None:
        page.field("Container ID", status.container_id, 2)
    page.field("Image", container.image, 2)
    if status is not None:
        page.field("Image ID", status.image_id, 2)
    several = "s" if len(container.ports) > 1 else ""
    told = (f"{p.container_port}/{p.protocol}" + (f" ({p.name})" if p.name else "") for p in container.ports)
    page.field(f"Port{several}", or_none(", ".join(told)), 2)
    told = (f"{p.host_port}/{p.protocol}" + (f" ({p.name})" if p.name else "") for p in container.ports)
    page.field(f"Host Port{several}", or_none(", ".join(told)), 2)


def _words(page: Page, name: str, words: Sequence[str]) -> None:
    if words:
        page.line(f"{name}:", 2)
    for word in words:
        for line in word.split("\n"):
            page.line(line, 3)


def _status(page: Page, status: core.ContainerStatus) -> None:
    _state(page, "State", status.state)
    if status.last_state.HasField("terminated"):
        _state(page, "Last State", status.last_state)
    page.field("Ready", status.ready, 2)
    page.field("Restart Count", status.restart_count, 2)


def _state(page: Page, name: str, state: core.ContainerState) -> None:
    if state.HasField("running"):
        page.field(name, "Running", 2)
        page.field("Started", moment(state.running.started_at), 3)
    elif state.HasField("terminated"):
        end = state.terminated
        page.field(name, "Terminated", 2)
        page.field_if("Reason", end.reason, 3)
        page.field_if("Message", end.message, 3)
        page.field("Exit Code", end.exit_code, 3)
        page.field_if("Signal", end.signal, 3)
        page.field("Started", moment(end.started_at), 3)
        page.field("Finished", moment(end.finished_at), 3)
    else:
        page.field(name, "Waiting", 2)
        page.field_if("Reason", state.waiting.reason, 3)


def _resources(page: Page, resources: core.ResourceRequirements) -> None:
    for title, amounts in (("Limits", resources.limits), ("Requests", resources.requests)):
        if amounts:
            page.line(f"{title}:", 2)
        for name in sorted(amounts):
            page.field(name, amounts[name].string, 3)


def _probes(page: Page, container: core.Container) -> None:
    for title, field in (("Liveness", "liveness_probe"), ("Readiness", "readiness_probe"), ("Startup", "startup_probe")):
        if container.HasField(field):  # type: ignore[arg-type]
            page.field(title, probe(getattr(container, field)), 2)


def probe(of: core.Probe) -> str:
    """`http-get http://:8080/ delay=0s timeout=1s period=10s #success=1 #failure=3`"""
    rhythm = (
        f"delay={of.initial_delay_seconds}s timeout={of.timeout_seconds}s period={of.period_seconds}s "
        f"#success={of.success_threshold} #failure={of.failure_threshold}"
    )
    return f"{_handler(of.handler)} {rhythm}"


def _handler(handler: core.ProbeHandler) -> str:
    if handler.HasField("exec"):
        return f"exec [{' '.join(handler.exec.command)}]"
    if handler.HasField("http_get"):
        get = handler.http_get
        return f"http-get {get.scheme.lower() or 'http'}://{get.host}:{int_or_string(get.port)}{get.path}"
    if handler.HasField("tcp_socket"):
        return f"tcp-socket {handler.tcp_socket.host}:{int_or_string(handler.tcp_socket.port)}"
    if handler.HasField("grpc"):
        return f"grpc {join_host_port('<pod>', handler.grpc.port)} {handler.grpc.service}"
    return "unknown"


def int_or_string(of: meta.IntOrString) -> str:
    return of.str_val if of.type else str(of.int_val)


def _environment(page: Page, container: core.Container, pod: core.Pod | None) -> None:
    if container.env_from:
        page.line("Environment Variables from:", 2)
    for source in container.env_from:
        is_map = source.HasField("config_map_ref")
        ref = source.config_map_ref if is_map else source.secret_ref
        whence = ("ConfigMap" if is_map else "Secret") + (f" with prefix '{source.prefix}'" if source.prefix else "")
        page.line(f"{ref.local_object_reference.name}\t{whence}\tOptional: {go_bool(ref.optional)}", 3)
    page.line("Environment:" + ("" if container.env else "\t<none>"), 2)
    for variable in container.env:
        first, *more = _variable(variable, pod).split("\n")
        page.field(variable.name, first, 3)
        for line in more:
            page.line(f"\t{line}", 3)


def _variable(variable: core.EnvVar, pod: core.Pod | None) -> str:
    if not variable.HasField("value_from"):
        return variable.value
    source = variable.value_from
    if source.HasField("field_ref"):
        ref = source.field_ref
        return f"{_own_field(pod, ref.field_path)} ({ref.api_version or 'v1'}:{ref.field_path})"
    if source.HasField("resource_field_ref"):
        return f" ({source.resource_field_ref.resource})"
    if source.HasField("secret_key_ref"):
        key = source.secret_key_ref
        where = f"in secret '{key.local_object_reference.name}'"
        return f"<set to the key '{key.key}' {where}>\tOptional: {go_bool(key.optional)}"
    config = source.config_map_key_ref
    where = f"of config map '{config.local_object_reference.name}'"
    return f"<set to the key '{config.key}' {where}>\tOptional: {go_bool(config.optional)}"


def _own_field(pod: core.Pod | None, path: str) -> str:
    if pod is None or path not in ("metadata.name", "metadata.namespace", "metadata.uid"):
        return ""
    return str(getattr(pod.metadata, path.removeprefix("metadata.")))


def _mounts(page: Page, container: core.Container) -> None:
    page.line("Mounts:" + ("" if container.volume_mounts else "\t<none>"), 2)
    for mount in sorted(container.volume_mounts, key=lambda mount: mount.mount_path):
        flags = ("ro" if mount.read_only else "rw") + (f',path="{mount.sub_path}"' if mount.sub_path else "")
        page.line(f"{mount.mount_path} from {mount.name} ({flags})", 3)


def placement_lines(page: Page, spec: core.PodSpec, indent: str = "") -> None:
    """Node selectors and tolerations."""
    label_lines(page, f"{indent}Node-Selectors", spec.node_selector)
    ordered = sorted(spec.tolerations, key=lambda toleration: toleration.key)
    page.values(f"{indent}Tolerations", map(toleration_text, ordered))


def toleration_text(of: core.Toleration) -> str:
    """`node.kubernetes.io/not-ready:NoExecute op=Exists for 300s`"""
    text = of.key + (f"={of.value}" if of.value else "") + (f":{of.effect}" if of.effect else "")
    if of.operator == "Exists" and not of.value:
        text += " op=Exists" if text else "op=Exists"
    return text + (f" for {of.toleration_seconds}s" if of.HasField("toleration_seconds") else "")


def template_lines(page: Page, template: core.PodTemplateSpec) -> None:
    page.line("Pod Template:")
    label_lines(page, "  Labels", template.metadata.labels)
    if template.metadata.annotations:
        annotation_lines(page, "  Annotations", template.metadata.annotations)
    page.field_if("  Service Account", template.spec.service_account_name)
    if template.spec.init_containers:
        container_lines(page, "Init Containers", template.spec.init_containers, indent="  ")
    container_lines(page, "Containers", template.spec.containers, indent="  ")
    volume_lines(page, template.spec.volumes, "  ")
    page.field_if("  Priority Class Name", template.spec.priority_class_name)
    placement_lines(page, template.spec, "  ")
