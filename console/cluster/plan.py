"""Which processes a cluster is made of. Pure: a spec in, command lines out."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from console.cluster.home import Home, Spec

LOOPBACK = "127.0.0.1"
CGROUPS = "/orlop"
IDENTITY = "orlop-up"  # so that the control plane, restarted, need not wait for the end of its own leases


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to keep running."""

    name: str
    command: tuple[str, ...]


def processes(spec: Spec, home: Home) -> list[ProcessSpec]:
    """All processes, in the order in which they are started; they are stopped in the opposite one."""
    found = [] if spec.etcd else [ProcessSpec("etcd", _etcd(spec, home))]
    found.append(ProcessSpec("api", _api(spec, home)))
    found.append(ProcessSpec("controllers", _controllers(spec, home)))
    found.extend(ProcessSpec(f"agent-{name}", _agent(spec, home, name)) for name in spec.nodes)
    if spec.hollow:
        found.append(ProcessSpec("hollow", _hollow(spec, home)))
    return found


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module)


def _etcd(spec: Spec, home: Home) -> tuple[str, ...]:
    client, peer = f"https://{LOOPBACK}:{spec.etcd_port}", f"http://{LOOPBACK}:{spec.etcd_peer_port}"
    return (
        "etcd", "--name=orlop", f"--data-dir={home.etcd}",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=orlop={peer}",
        f"--cert-file={home.pki}/etcd.crt", f"--key-file={home.pki}/etcd.key",
        f"--trusted-ca-file={home.pki}/ca.crt", "--client-cert-auth", "--logger=zap", "--log-level=warn",
    )  # fmt: skip


def _api(spec: Spec, home: Home) -> tuple[str, ...]:
    hosts = [LOOPBACK, *([spec.gateway] if spec.gateway else [])]
    listen, listen_tokens = (",".join(f"{host}:{port}" for host in hosts) for port in (spec.api_port, spec.token_port))
    etcd = spec.etcd or f"{LOOPBACK}:{spec.etcd_port}"
    names = ("--etcd-ca", "--etcd-cert", "--etcd-key")
    files = [word for pair in zip(names, spec.etcd_files, strict=False) for word in pair]
    return (
        *_python("controlplane.main"), "serve", "--only=api", f"--pki={home.pki}", f"--listen={listen}",
        f"--listen-tokens={listen_tokens}", f"--etcd={etcd}", *files, f"--service-cidr={spec.service_cidr}",
        f"--encryption-config={home.pki}/encryption.yaml", f"--audit-log-path={home.logs}/audit.log",
    )  # fmt: skip


def _controllers(spec: Spec, home: Home) -> tuple[str, ...]:
    return (
        *_python("controlplane.main"), "serve", "--only=scheduler,controllers", f"--pki={home.pki}",
        f"--server={LOOPBACK}:{spec.api_port}", f"--cluster-cidr={spec.cluster_cidr}",
        f"--node-monitor-grace={spec.node_grace}", f"--identity={IDENTITY}",
    )  # fmt: skip


def _agent(spec: Spec, home: Home, name: str) -> tuple[str, ...]:
    return (
        "nsenter", f"--net=/var/run/netns/orlop-{name}", "--", *_python("dataplane.main"), "agent",
        "--node", name, "--server", f"{spec.gateway}:{spec.api_port}",
        "--ca", f"{home.pki}/ca.crt", "--cert", f"{home.pki}/{name}.crt", "--key", f"{home.pki}/{name}.key",
        "--node-ip", spec.addresses[name], "--uplink", "eth0", "--state", str(home.node(name)),
        "--cgroup", f"{CGROUPS}/{name}", "--service-cidr", spec.service_cidr, "--cluster-cidr", spec.cluster_cidr,
        "--shares-machine",
    )  # fmt: skip


def _hollow(spec: Spec, home: Home) -> tuple[str, ...]:
    return (
        *_python("dataplane.main"), "hollow", "--nodes", str(spec.hollow),
        "--server", f"{LOOPBACK}:{spec.api_port}", "--ca", f"{home.pki}/ca.crt",
        "--cert", f"{home.pki}/hollow.crt", "--key", f"{home.pki}/hollow.key",
    )  # fmt: skip
