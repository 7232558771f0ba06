"""Rules for pods and pod templates as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.api import names
from controlplane.api.rules.containers import (
    Surroundings,
    check_container,
    check_ephemeral_container,
    check_init_container,
    check_main_container,
)
from controlplane.api.rules.metadata import check_annotations, check_labels
from controlplane.api.rules.mounts import AnyContainer
from controlplane.api.rules.placement import check_placement
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.resources import check_quantities
from controlplane.api.rules.security import check_pod_security
from controlplane.api.rules.volumes import check_volumes
from protos.v1 import core_pb2 as core

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
_SYSTEMS = ("linux", "windows")
_MOST_NAMESERVERS = 3
_MOST_SEARCHES = 32
_SEARCH_CHARACTERS = 2048
_LONGEST_HOSTNAME = 64
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
    check_pod_security(at / "securityContext", spec)
    _check_node_access(at, spec)
    _check_claims(at / "resourceClaims", spec)
    if spec.share_process_namespace and spec.host_pid:
        (at / "shareProcessNamespace").invalid(True, "ShareProcessNamespace and HostPID cannot both be enabled")
    if spec.HasField("preemption_policy"):
        (at / "preemptionPolicy").one_of(spec.preemption_policy, _PREEMPTION_POLICIES)


def _check_containers(at: Place, spec: core.PodSpec) -> None:
    if not spec.containers:
        (at / "containers").required("a pod runs at least one container")
    around = Surroundings(
        volumes={volume.name: _source_of(volume) for volume in spec.volumes},
        grace_seconds=spec.termination_grace_period_seconds,
        host_network=spec.host_network,
        own_users=spec.HasField("host_users") and not spec.host_users,
        os=spec.os.name,
        claims=frozenset(claim.name for claim in spec.resource_claims),
    )
    for place, container in (at / "initContainers").each(spec.init_containers):
        check_init_container(place, container)
    for place, container in (at / "containers").each(spec.containers):
        check_main_container(place, container)
    if spec.ephemeral_containers:
        others = frozenset(one.name for one in (*spec.init_containers, *spec.containers))
        for place, ephemeral in (at / "ephemeralContainers").each(spec.ephemeral_containers):
            check_ephemeral_container(place, ephemeral, others)
    taken: set[str] = set()
    ports: set[tuple[str, str, int]] = set()
    for place, one in _all_containers(at, spec):
        check_container(place, one, around)
        if one.name in taken:
            (place / "name").duplicate(one.name)
        taken.add(one.name)
        _check_host_ports(place / "ports", one, ports)


def _source_of(volume: core.Volume) -> str:
    """The field of the source: `empty_dir`."""
    given = volume.volume_source.ListFields()
    return given[0][0].name if given else ""


def _check_node_access(at: Place, spec: core.PodSpec) -> None:
    if spec.HasField("host_users") and not spec.host_users:
        for field, is_shared in (("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)):
            if is_shared:
                (at / field).forbidden("when `hostUsers` is false")
    if spec.HasField("os"):
        (at / "os" / "name").one_of(spec.os.name, _SYSTEMS)
    if spec.HasField("runtime_class_name"):
        (at / "runtimeClassName").needs(spec.runtime_class_name, names.dns_subdomain)
    if spec.overhead:
        check_quantities(at / "overhead", spec.overhead)


def _check_claims(at: Place, spec: core.PodSpec) -> None:
    for place, claim in at.each(spec.resource_claims):
        (place / "name").needs(claim.name, names.dns_label)
        given = [claim.HasField("resource_claim_name"), claim.HasField("resource_claim_template_name")]
        if not any(given):
            place.required("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
        elif all(given):
            place.invalid(claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
    report_duplicates(at, [claim.name for claim in spec.resource_claims], "name")


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
    for place, held in (at / "schedulingGates").each(spec.scheduling_gates):
        (place / "name").needs(held.name, names.qualified_name)
    report_duplicates(at / "schedulingGates", [held.name for held in spec.scheduling_gates], "name")
    if spec.HasField("hostname_override"):
        _check_hostname(at, spec)


def _check_hostname(at: Place, spec: core.PodSpec) -> None:
    place = at / "hostnameOverride"
    if len(spec.hostname_override) > _LONGEST_HOSTNAME:
        place.too_long(_LONGEST_HOSTNAME)
    else:
        place.needs(spec.hostname_override, names.dns_subdomain)
    if spec.set_hostname_as_fqdn:
        place.forbidden("may not be specified when `setHostnameAsFQDN` is true")
    if spec.host_network:
        place.forbidden("may not be specified when `hostNetwork` is true")


def _check_dns(at: Place, spec: core.PodSpec) -> None:
    servers = spec.dns_config.nameservers
    if spec.dns_policy == "None" and not servers:
        (at / "nameservers").required("must provide at least one DNS nameserver when `dnsPolicy` is None")
    if len(servers) > _MOST_NAMESERVERS:
        (at / "nameservers").too_many(len(servers), _MOST_NAMESERVERS)
    for place, server in (at / "nameservers").each(servers):
        place.check(server, names.ip_address)
    searches = spec.dns_config.searches
    if len(searches) > _MOST_SEARCHES:
        (at / "searches").too_many(len(searches), _MOST_SEARCHES)
    if len(" ".join(searches)) > _SEARCH_CHARACTERS:
        (at / "searches").invalid(
            list(searches), f"must not have more than {_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        )
    for place, search in (at / "searches").each(searches):
        if search != ".":
            place.check(search.removesuffix("."), names.dns_subdomain)
    for place, option in (at / "options").each(spec.dns_config.options):
        (place / "name").needs(option.name)
