"""A container's environment variables (https://kubernetes.io/docs/tasks/inject-data-application/). Pure.

In order: the services' variables, those from `envFrom`, those from `env`; a later one wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dataplane.agent.specs import expand
from dataplane.volumes import facts
from dataplane.volumes.facts import FactProblem
from protos.v1 import core_pb2 as core

_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


class EnvironmentProblem(Exception):
    """A variable has no value; the container cannot be made yet. The text is Kubernetes'."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What variables may come from, all of the pod's own namespace. By name; what does not exist is not in there."""

    config_maps: Mapping[str, core.ConfigMap] = field(default_factory=dict)
    secrets: Mapping[str, core.Secret] = field(default_factory=dict)
    services: Iterable[core.Service] = ()
    host_ip: str = ""
    pod_ip: str = ""
    allocatable: Mapping[str, int] = field(default_factory=dict)


def environment(pod: core.Pod, container: core.Container, sources: Sources) -> list[tuple[str, str]]:
    """Raises EnvironmentProblem."""
    values: dict[str, str] = {}
    if pod.spec.enable_service_links:
        values.update(pair for service in sources.services for pair in service_variables(service))
    for origin in container.env_from:
        values.update(_all_of(origin, sources))
    for variable in container.env:
        if not variable.HasField("value_from"):
            values[variable.name] = expand(variable.value, values)
            continue
        value = _value_from(pod, container, variable.value_from, sources)
        if value is not None:
            values[variable.name] = value
    return list(values.items())


def needed(container: core.Container) -> tuple[set[str], set[str]]:
    """The names of the ConfigMaps and of the Secrets that the variables come from."""
    keys = [one.value_from for one in container.env if one.HasField("value_from")]
    maps = [one.config_map_ref for one in container.env_from if one.HasField("config_map_ref")]
    secrets = [one.secret_ref for one in container.env_from if one.HasField("secret_ref")]
    return (
        {one.local_object_reference.name for one in maps}
        | {one.config_map_key_ref.local_object_reference.name for one in keys if one.HasField("config_map_key_ref")},
        {one.local_object_reference.name for one in secrets}
        | {one.secret_key_ref.local_object_reference.name for one in keys if one.HasField("secret_key_ref")},
    )


def service_variables(service: core.Service) -> Iterator[tuple[str, str]]:
    """`WEB_SERVICE_HOST`, `WEB_SERVICE_PORT`, …: how programs found services before DNS."""
    address, ports = service.spec.cluster_ip, service.spec.ports
    if address in ("", "None") or not ports:
        return
    prefix = service.metadata.name.upper().replace("-", "_")
    yield f"{prefix}_SERVICE_HOST", address
    yield f"{prefix}_SERVICE_PORT", str(ports[0].port)
    for port in ports:
        if port.name:
            yield f"{prefix}_SERVICE_PORT_{port.name.upper().replace('-', '_')}", str(port.port)
    yield f"{prefix}_PORT", f"{ports[0].protocol.lower()}://{address}:{ports[0].port}"
    for port in ports:
        protocol = port.protocol.lower()
        one = f"{prefix}_PORT_{port.port}_{port.protocol}"
        yield one, f"{protocol}://{address}:{port.port}"
        yield f"{one}_PROTO", protocol
        yield f"{one}_PORT", str(port.port)
        yield f"{one}_ADDR", address


def _all_of(origin: core.EnvFromSource, sources: Sources) -> Iterator[tuple[str, str]]:
    found: Mapping[str, str] | None
    if origin.HasField("config_map_ref"):
        name, optional = origin.config_map_ref.local_object_reference.name, origin.config_map_ref.optional
        config_map = sources.config_maps.get(name)
        found, kind = (None if config_map is None else config_map.data), "configmap"
    else:
        name, optional = origin.secret_ref.local_object_reference.name, origin.secret_ref.optional
        secret = sources.secrets.get(name)
        found, kind = (None if secret is None else _texts(secret)), "secret"
    if found is None:
        if optional:
            return
        raise EnvironmentProblem(f'{kind} "{name}" not found')
    yield from ((origin.prefix + key, value) for key, value in sorted(found.items()) if _NAME.fullmatch(key))


def _value_from(pod: core.Pod, container: core.Container, origin: core.EnvVarSource, sources: Sources) -> str | None:
    if origin.HasField("field_ref"):
        return field_value(pod, origin.field_ref.field_path, sources)
    if origin.HasField("resource_field_ref"):
        return _resource(pod, container, origin.resource_field_ref, sources)
    if origin.HasField("config_map_key_ref"):
        wanted = origin.config_map_key_ref
        config_map = sources.config_maps.get(wanted.local_object_reference.name)
        return _key("configmap", "ConfigMap", pod, wanted, None if config_map is None else config_map.data)
    if origin.HasField("secret_key_ref"):
        ref = origin.secret_key_ref
        secret = sources.secrets.get(ref.local_object_reference.name)
        return _key("secret", "Secret", pod, ref, None if secret is None else _texts(secret))
    raise EnvironmentProblem("this source of environment variables is not supported by this node")


def _key(
    kind: str, title: str, pod: core.Pod, ref: core.ConfigMapKeySelector | core.SecretKeySelector,
    data: Mapping[str, str] | None,
) -> str | None:  # fmt: skip
    name = ref.local_object_reference.name
    if data is not None and ref.key in data:
        return data[ref.key]
    if ref.optional:
        return None
    if data is None:
        raise EnvironmentProblem(f'{kind} "{name}" not found')
    raise EnvironmentProblem(f"couldn't find key {ref.key} in {title} {pod.metadata.namespace}/{name}")


def field_value(pod: core.Pod, path: str, sources: Sources) -> str:
    """A field of the pod as a variable has it. Raises EnvironmentProblem for one that cannot be used so."""
    metadata = facts.metadata_text(pod, path)
    if metadata is not None:
        return metadata
    known = {
        "spec.nodeName": pod.spec.node_name,
        "spec.serviceAccountName": pod.spec.service_account_name,
        "status.hostIP": sources.host_ip,
        "status.hostIPs": sources.host_ip,
        "status.podIP": sources.pod_ip,
        "status.podIPs": sources.pod_ip,
    }
    if path not in known:
        raise EnvironmentProblem(f"unsupported fieldPath: {path}")
    return known[path]


def _resource(pod: core.Pod, container: core.Container, ref: core.ResourceFieldSelector, sources: Sources) -> str:
    try:
        meant = facts.container_of(pod, ref.container_name) if ref.container_name else container
    except FactProblem as problem:
        raise EnvironmentProblem(str(problem)) from problem
    return facts.resource_text(meant, ref, sources.allocatable)


def _texts(secret: core.Secret) -> dict[str, str]:
    return {key: value.decode(errors="replace") for key, value in secret.data.items()}
