"""Rules for pods and pod templates as a whole, and for what of a pod may still change."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.api import names, patch
from controlplane.api.encoding import message_to_dict
from controlplane.api.rules.containers import (
    AnyContainer,
    Surroundings,
    check_container,
    check_ids,
    check_init_container,
    check_main_container,
)
from controlplane.api.rules.metadata import check_annotations, check_labels
from controlplane.api.rules.placement import check_placement
from controlplane.api.rules.places import Place
from controlplane.api.rules.volumes import check_volumes
from protos.v1 import core_pb2 as core

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
_MOST_NAMESERVERS = 3
_LONGEST_DEADLINE = 2**31 - 1


def check_template(at: Place, template: core.PodTemplateSpec) -> None:
    check_labels(at / "metadata" / "labels", template.metadata.labels)
    check_annotations(at / "metadata" / "annotations", template.metadata.annotations)
    check_pod_spec(at / "spec", template.spec)


def check_pod_spec(at: Place, spec: core.PodSpec) -> None:
    (at / "restartPolicy").one_of(spec.restart_policy, _RESTART_POLICIES)
    (at / "dnsPolicy").one_of(spec.dns_policy, _DNS_POLICIES)
    _check_containers(at, spec)
    check_volumes(at / "volumes", spec.volumes)
    check_placement(at, spec)
    _check_times(at, spec)
    _check_names(at, spec)
    _check_dns(at / "dnsConfig", spec)
    check_ids(at / "securityContext", spec.security_context)
    if spec.share_process_namespace and spec.host_pid:
        (at / "shareProcessNamespace").invalid(True, "ShareProcessNamespace and HostPID cannot both be enabled")
    if spec.HasField("preemption_policy"):
        (at / "preemptionPolicy").one_of(spec.preemption_policy, _PREEMPTION_POLICIES)


def _check_containers(at: Place, spec: core.PodSpec) -> None:
    if not spec.containers:
        (at / "containers").required("a pod runs at least one container")
    around = Surroundings(
        volumes=frozenset(volume.name for volume in spec.volumes),
        grace_seconds=spec.termination_grace_period_seconds,
        host_network=spec.host_network,
    )
    for place, container in (at / "initContainers").each(spec.init_containers):
        check_init_container(place, container)
    for place, container in (at / "containers").each(spec.containers):
        check_main_container(place, container)
    taken: set[str] = set()
    ports: set[tuple[str, str, int]] = set()
    for place, one in _all_containers(at, spec):
        check_container(place, one, around)
        if one.name in taken:
            (place / "name").duplicate(one.name)
        taken.add(one.name)
        _check_host_ports(place / "ports", one, ports)


def _all_containers(at: Place, spec: core.PodSpec) -> Iterator[tuple[Place, AnyContainer]]:
    for place, container in (at / "initContainers").each(spec.init_containers):
        yield place, container
    for place, container in (at / "containers").each(spec.containers):
        yield place, container
    for place, ephemeral in (at / "ephemeralContainers").each(spec.ephemeral_containers):
        yield place, ephemeral.ephemeral_container_common


def _check_host_ports(at: Place, container: AnyContainer, taken: set[tuple[str, str, int]]) -> None:
    """A port of the node can be had once only. Adds those of the container to `taken`."""
    for place, port in at.each(container.ports):
        if port.host_port:
            key = (port.protocol, port.host_ip, port.host_port)
            if key in taken:
                (place / "hostPort").duplicate("/".join(map(str, filter(None, key))))
            taken.add(key)


def _check_times(at: Place, spec: core.PodSpec) -> None:
    (at / "terminationGracePeriodSeconds").at_least_zero(spec.termination_grace_period_seconds)
    if spec.HasField("active_deadline_seconds"):
        (at / "activeDeadlineSeconds").between(spec.active_deadline_seconds, 1, _LONGEST_DEADLINE)


def _check_names(at: Place, spec: core.PodSpec) -> None:
    labels = {"hostname": spec.hostname, "subdomain": spec.subdomain}
    subdomains = {
        "nodeName": spec.node_name,
        "schedulerName": spec.scheduler_name,
        "serviceAccountName": spec.service_account_name,
        "priorityClassName": spec.priority_class_name,
    }
    for field, name in labels.items():
        if name:
            (at / field).check(name, names.dns_label)
    for field, name in subdomains.items():
        if name:
            (at / field).check(name, names.dns_subdomain)
    for place, reference in (at / "imagePullSecrets").each(spec.image_pull_secrets):
        (place / "name").needs(reference.name)
    for place, alias in (at / "hostAliases").each(spec.host_aliases):
        (place / "ip").needs(alias.ip, names.ip_address)
        for one, hostname in (place / "hostnames").each(alias.hostnames):
            one.check(hostname, names.dns_subdomain)
    for place, gate in (at / "readinessGates").each(spec.readiness_gates):
        (place / "conditionType").needs(gate.condition_type, names.qualified_name)


def _check_dns(at: Place, spec: core.PodSpec) -> None:
    servers = spec.dns_config.nameservers
    if spec.dns_policy == "None" and not servers:
        (at / "nameservers").required("must provide at least one DNS nameserver when `dnsPolicy` is None")
    if len(servers) > _MOST_NAMESERVERS:
        (at / "nameservers").too_many(len(servers), _MOST_NAMESERVERS)
    for place, server in (at / "nameservers").each(servers):
        place.check(server, names.ip_address)
    for place, search in (at / "searches").each(spec.dns_config.searches):
        place.check(search.rstrip("."), names.dns_subdomain)


def check_new_pod(at: Place, spec: core.PodSpec) -> None:
    """What holds for new pods only."""
    if spec.ephemeral_containers:
        (at / "ephemeralContainers").forbidden("cannot be set on create")
    if spec.node_name and spec.scheduling_gates:
        (at / "nodeName").forbidden("cannot be set until all schedulingGates have been cleared")


def check_ephemeral_update(at: Place, old: core.PodSpec, new: core.PodSpec) -> None:
    """More may come; those that are there stay as they are."""
    kept = {one.ephemeral_container_common.name: one for one in new.ephemeral_containers}
    for container in old.ephemeral_containers:
        name = container.ephemeral_container_common.name
        if name not in kept:
            at.forbidden(f'existing ephemeral containers "{name}" may not be removed')
        elif kept[name] != container:
            at.forbidden(f'existing ephemeral containers "{name}" may not be changed')


def check_pod_update(at: Place, old: core.PodSpec, new: core.PodSpec) -> None:
    """Nearly all of a pod stands once it is made. `nodeName` may be given once: that is what binding does."""
    if old == new:
        return
    _check_deadline_update(at / "activeDeadlineSeconds", old, new)
    if not all(_is_kept(toleration, new) for toleration in old.tolerations):
        (at / "tolerations").forbidden("existing tolerations may not be changed or removed, only new ones added")
    before, after = (_fixed_part(spec, old=old, new=new) for spec in (old, new))
    if before != after:
        changed = sorted(patch.merge_diff(message_to_dict(before), message_to_dict(after)))
        at.forbidden(
            "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, "
            "`spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations), "
            "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative); changed: "
            f"{', '.join(changed)}. Delete the pod and create it anew, or change the object that owns it"
        )


def _check_deadline_update(at: Place, old: core.PodSpec, new: core.PodSpec) -> None:
    if not old.HasField("active_deadline_seconds"):
        return
    if not new.HasField("active_deadline_seconds"):
        at.invalid(None, "must not update from a positive integer to nil value")
    elif new.active_deadline_seconds > old.active_deadline_seconds:
        at.invalid(
            new.active_deadline_seconds, f"must be less than or equal to previous value {old.active_deadline_seconds}"
        )


def _is_kept(toleration: core.Toleration, new: core.PodSpec) -> bool:
    """Whether the new pod still has it; how long it lasts may change."""

    def essence(one: core.Toleration) -> tuple[str, str, str, str]:
        return (one.key, one.operator, one.value, one.effect)

    return any(essence(toleration) == essence(other) for other in new.tolerations)


def _fixed_part(spec: core.PodSpec, *, old: core.PodSpec, new: core.PodSpec) -> core.PodSpec:
    """The spec without what may change from `old` to `new`."""
    fixed = core.PodSpec()
    fixed.CopyFrom(spec)
    for container in (*fixed.init_containers, *fixed.containers):
        container.image = ""
    for field in ("active_deadline_seconds", "tolerations"):
        fixed.ClearField(field)
    if not old.node_name:
        fixed.node_name = ""
    if old.termination_grace_period_seconds < 0 and new.termination_grace_period_seconds == 1:
        fixed.ClearField("termination_grace_period_seconds")
    if len(new.scheduling_gates) < len(old.scheduling_gates):
        fixed.ClearField("scheduling_gates")
    return fixed
