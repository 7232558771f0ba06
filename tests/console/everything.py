"""One or more objects of every kind that can be listed."""

from __future__ import annotations

from typing import Any

from controlplane.api import registry
from controlplane.api.objects import ApiObject
from controlplane.api.registry import Kind
from tests.console import more_samples as more
from tests.console import samples

LISTED = tuple(kind for kind in registry.KINDS if "list" in kind.verbs)


def everything() -> dict[Kind[Any], list[ApiObject]]:
    made: dict[Kind[Any], list[Any]] = {
        registry.NAMESPACES: samples.namespaces(),
        registry.NODES: samples.nodes(),
        registry.PODS: samples.pods(),
        registry.SERVICES: samples.services(),
        registry.ENDPOINTS: samples.endpoints(),
        registry.CONFIG_MAPS: samples.config_maps(),
        registry.SECRETS: samples.secrets(),
        registry.EVENTS: samples.events(),
        registry.DEPLOYMENTS: samples.deployments(),
        registry.REPLICA_SETS: samples.replica_sets(),
        registry.ENDPOINT_SLICES: samples.endpoint_slices(),
        registry.LEASES: samples.leases(),
        registry.STATEFUL_SETS: more.stateful_sets(),
        registry.DAEMON_SETS: more.daemon_sets(),
        registry.REPLICATION_CONTROLLERS: more.replication_controllers(),
        registry.CONTROLLER_REVISIONS: more.controller_revisions(),
        registry.POD_TEMPLATES: more.pod_templates(),
        registry.JOBS: more.jobs(),
        registry.CRON_JOBS: more.cron_jobs(),
        registry.HORIZONTAL_POD_AUTOSCALERS: more.autoscalers(),
        registry.POD_DISRUPTION_BUDGETS: more.disruption_budgets(),
        registry.PERSISTENT_VOLUMES: more.volumes(),
        registry.PERSISTENT_VOLUME_CLAIMS: more.claims(),
        registry.STORAGE_CLASSES: more.storage_classes(),
        registry.RESOURCE_QUOTAS: more.quotas(),
        registry.LIMIT_RANGES: more.limit_ranges(),
        registry.PRIORITY_CLASSES: more.priority_classes(),
        registry.SERVICE_ACCOUNTS: more.service_accounts(),
        registry.ROLES: more.roles(),
        registry.CLUSTER_ROLES: more.cluster_roles(),
        registry.ROLE_BINDINGS: more.role_bindings(),
        registry.CLUSTER_ROLE_BINDINGS: more.cluster_role_bindings(),
        registry.CERTIFICATE_SIGNING_REQUESTS: more.certificate_requests(),
        registry.NETWORK_POLICIES: more.network_policies(),
        registry.INGRESSES: more.ingresses(),
        registry.INGRESS_CLASSES: more.ingress_classes(),
        registry.COMPONENT_STATUSES: more.components(),
        registry.CUSTOM_RESOURCE_DEFINITIONS: more.definitions(),
        registry.NODE_METRICS: more.node_metrics(),
        registry.POD_METRICS: more.pod_metrics(),
    }
    return made
