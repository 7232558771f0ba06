"""The labels by which containers are known again. They, and nothing else, are the agent's memory of what it started."""

from __future__ import annotations

from collections.abc import Mapping

from dataplane.runtime.types import ContainerSpec, PodName, SandboxSpec

OURS = "orlop"
NODE = "orlop.node"
ROLE = "orlop.role"
SANDBOX = "orlop.sandbox"
ATTEMPT = "orlop.restart-count"
BACKOFF = "orlop.backoff-seconds"
SPEC_HASH = "orlop.spec-hash"
POD_NAME = "io.kubernetes.pod.name"
POD_NAMESPACE = "io.kubernetes.pod.namespace"
POD_UID = "io.kubernetes.pod.uid"
CONTAINER_NAME = "io.kubernetes.container.name"

ROLE_SANDBOX, ROLE_INIT, ROLE_MAIN = "sandbox", "init", "main"


def of_sandbox(node: str, spec: SandboxSpec) -> dict[str, str]:
    return _of_pod(node, spec.pod) | {CONTAINER_NAME: "POD", ROLE: ROLE_SANDBOX, ATTEMPT: str(spec.attempt)}


def of_container(node: str, sandbox_id: str, spec: ContainerSpec) -> dict[str, str]:
    return _of_pod(node, spec.pod) | {
        CONTAINER_NAME: spec.name,
        ROLE: ROLE_INIT if spec.is_init else ROLE_MAIN,
        SANDBOX: sandbox_id,
        ATTEMPT: str(spec.attempt),
        BACKOFF: str(spec.backoff_seconds),
        SPEC_HASH: spec.spec_hash,
    }


def pod_of(labels: Mapping[str, str]) -> PodName:
    return PodName(labels[POD_NAMESPACE], labels[POD_NAME], labels[POD_UID])


def filters(node: str, *, pod_uid: str = "") -> list[str]:
    """What the engine is asked for: the containers of a node, or of one of its pods."""
    wanted = [f"{OURS}=1", f"{NODE}={node}"]
    return [*wanted, f"{POD_UID}={pod_uid}"] if pod_uid else wanted


def container_name(pod: PodName, container: str, attempt: int) -> str:
    """The name in the engine: taken once only, so that no run of a container is started twice."""
    return f"k8s_{container}_{pod.name}_{pod.namespace}_{pod.uid}_{attempt}"


def _of_pod(node: str, pod: PodName) -> dict[str, str]:
    return {OURS: "1", NODE: node, POD_NAME: pod.name, POD_NAMESPACE: pod.namespace, POD_UID: pod.uid}
