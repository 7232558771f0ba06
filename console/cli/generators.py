"""Objects made from flags, as `create`, `run` and `expose` promise them. Pure.

Every function raises CommandError when the flags make no sense together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from console.cli.failures import CommandError
from controlplane.api.objects import ApiObject
from protos.v1 import apps_pb2 as apps
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta

RESTART_POLICIES = ("Always", "OnFailure", "Never")


def pairs(texts: Iterable[str], what: str) -> dict[str, str]:
    """`a=b` texts, several to one with commas, as a mapping."""
    found: dict[str, str] = {}
    for part in (part for text in texts for part in text.split(",") if part):
        key, equals, value = part.partition("=")
        if not key or not equals:
            raise CommandError(f'invalid {what} "{part}"; write it as NAME=VALUE')
        found[key] = value
    return found


def environment(texts: Iterable[str]) -> list[core.EnvVar]:
    """`A=b` texts; a value may hold commas and equals signs."""
    made = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise CommandError(f"invalid env: {text}; write it as NAME=VALUE")
        made.append(core.EnvVar(name=name, value=value))
    return made


def container_name(image: str) -> str:
    """`registry:5000/team/http_d:1.2` -> `http-d`"""
    last = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return last.replace("_", "-").replace(".", "-").lower()


def deployment(
    name: str, images: Sequence[str], *, replicas: int = 1, port: int = 0, command: Sequence[str] = ()
) -> apps.Deployment:
    if command and len(images) > 1:
        raise CommandError("cannot specify multiple --image options and command")
    made = apps.Deployment(metadata=meta.ObjectMeta(name=name, labels={"app": name}))
    made.spec.replicas = replicas
    made.spec.selector.match_labels["app"] = name
    made.spec.template.metadata.labels["app"] = name
    for image in images:
        container = made.spec.template.spec.containers.add(name=_unused(made, container_name(image)), image=image)
        container.command.extend(command)
    if port:
        made.spec.template.spec.containers[0].ports.add(container_port=port)
    return made


def _unused(of: apps.Deployment, name: str) -> str:
    taken = {container.name for container in of.spec.template.spec.containers}
    candidates = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 2))]
    return next(candidate for candidate in candidates if candidate not in taken)


def pod(
    name: str,
    image: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    env: Iterable[core.EnvVar] = (),
    port: int = 0,
    restart: str = "Always",
    pull_policy: str = "",
    command: Sequence[str] = (),
    args: Sequence[str] = (),
) -> core.Pod:
    """A pod of one container, with the label `run=NAME` unless others are given."""
    if restart not in RESTART_POLICIES:
        raise CommandError(f"invalid restart policy: {restart}, valid values are: {', '.join(RESTART_POLICIES)}")
    made = core.Pod(metadata=meta.ObjectMeta(name=name, labels=labels or {"run": name}, annotations=annotations))
    made.spec.restart_policy = restart
    container = made.spec.containers.add(name=name, image=image, image_pull_policy=pull_policy, env=env)
    container.command.extend(command)
    container.args.extend(args)
    if port:
        container.ports.add(container_port=port)
    return made


def service(name: str, service_type: str, ports: Iterable[core.ServicePort], selector: Mapping[str, str]) -> core.Service:
    made = core.Service(metadata=meta.ObjectMeta(name=name))
    made.spec.type = service_type
    made.spec.selector.update(selector)
    made.spec.ports.extend(ports)
    return made


def tcp_ports(texts: Iterable[str], node_port: int = 0) -> list[core.ServicePort]:
    """`80:8080` and `80`, as in `create service --tcp`."""
    made = []
    for text in texts:
        port, _, target = text.partition(":")
        if not port.isdecimal():
            raise CommandError(f'invalid port "{text}"; write it as PORT or PORT:TARGET')
        made.append(core.ServicePort(
            name=text.replace(":", "-"), port=int(port), protocol="TCP", target_port=int_or_string(target or port),
            node_port=node_port))  # fmt: skip
    return made


def int_or_string(text: str) -> meta.IntOrString:
    return meta.IntOrString(int_val=int(text)) if text.isdecimal() else meta.IntOrString(type=1, str_val=text)


def exposed_selector(obj: ApiObject) -> dict[str, str]:
    """The labels of the pods behind an object: what a service in front of it selects."""
    if isinstance(obj, core.Service):
        found = dict(obj.spec.selector)
    elif isinstance(obj, core.Pod):
        found = dict(obj.metadata.labels)
    elif isinstance(obj, (apps.Deployment, apps.ReplicaSet)):
        if obj.spec.selector.match_expressions:
            raise CommandError("couldn't convert expressions to a selector; give one by --selector")
        found = dict(obj.spec.selector.match_labels)
    else:
        raise CommandError(f"cannot expose a {type(obj).__name__}")
    if not found:
        raise CommandError("couldn't retrieve selectors via --selector flag or introspection")
    return found


def exposed_ports(obj: ApiObject) -> list[tuple[int, str]]:
    """Port and protocol of everything that the containers say they listen on."""
    if isinstance(obj, core.Service):
        return [(port.port, port.protocol) for port in obj.spec.ports]
    if not isinstance(obj, (core.Pod, apps.Deployment, apps.ReplicaSet)):
        return []
    spec: core.PodSpec = obj.spec if isinstance(obj, core.Pod) else obj.spec.template.spec
    return [(port.container_port, port.protocol or "TCP") for container in spec.containers for port in container.ports]


def exposing(
    obj: ApiObject, *, name: str, port: int, target_port: str, protocol: str, service_type: str, selector: Mapping[str, str]
) -> core.Service:
    """A service before an object. Without a port, one for every port that its containers name."""
    found = [(port, protocol or "TCP")] if port else exposed_ports(obj)
    if not found:
        raise CommandError("couldn't find port via --port flag or introspection")
    ports = []
    for number, (each, spoken) in enumerate(found, 1):
        made = core.ServicePort(port=each, protocol=protocol or spoken, target_port=int_or_string(target_port or str(each)))
        if len(found) > 1:
            made.name = f"port-{number}"
        ports.append(made)
    made_service = service(name, service_type, ports, selector or exposed_selector(obj))
    made_service.metadata.labels.update(_labels_of(obj))
    return made_service


def _labels_of(obj: Any) -> Mapping[str, str]:
    labels: Mapping[str, str] = obj.metadata.labels
    return labels


def data(literals: Iterable[str], files: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """What a config map or secret holds: `key=value` texts, and files by key."""
    found: dict[str, bytes] = {}
    given = [_literal(text) for text in literals]
    for key, content in (*given, *files):
        if key in found:
            raise CommandError(f'cannot add key "{key}", another key by that name already exists')
        found[key] = content
    return found


def _literal(text: str) -> tuple[str, bytes]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise CommandError(f"invalid literal source {text}, expected key=value")
    return key, value.encode()


def config_map(name: str, content: Mapping[str, bytes]) -> core.ConfigMap:
    """What is not UTF-8 text goes to `binaryData`."""
    made = core.ConfigMap(metadata=meta.ObjectMeta(name=name))
    for key, value in content.items():
        try:
            made.data[key] = value.decode()
        except UnicodeDecodeError:
            made.binary_data[key] = value
    return made


def secret(name: str, content: Mapping[str, bytes], secret_type: str = "") -> core.Secret:
    return core.Secret(metadata=meta.ObjectMeta(name=name), data=content, type=secret_type)
