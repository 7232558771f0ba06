"""`orlop expose`: a service before a workload."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.cli import generators, options, printing, targets
from console.cli.failures import CommandError
from console.cli.grammar import Verb
from console.cli.session import Session, Settings
from controlplane.api import registry
from protos.v1 import core_pb2 as core

TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")


@click.command("expose", cls=Verb)
@click.argument("words", nargs=-1, metavar="TYPE NAME | TYPE/NAME")
@options.common
@options.filenames
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="The service's port; the containers' own by default.")
@click.option("--target-port", default="", help="Name or number of the containers' port; the same as --port by default.")
@click.option("--type", "service_type", default="ClusterIP", help=f"One of {', '.join(TYPES)}.")
@click.option("--name", default="", help="The service's name; the workload's by default.")
@click.option("--selector", multiple=True, metavar="KEY=VALUE,…", help="Which pods; the workload's by default.")
@click.option(
    "-l", "--labels", multiple=True, metavar="KEY=VALUE,…", help="The service's labels; the workload's by default."
)
@click.option("--protocol", default="", help="TCP or UDP.")
@click.option("--cluster-ip", default="", help="The address, or None for a headless service.")
@click.option("--external-ip", default="", help="An address that is routed to the cluster.")
@click.option("--load-balancer-ip", default="", help="The address to ask for.")
@click.option("--session-affinity", default="", help="None or ClientIP.")
@options.output()
@options.dry_run
@click.pass_obj
def expose(
    settings: Settings, words: Sequence[str], files: Sequence[str], recursive: bool, port: int, target_port: str,
    service_type: str, name: str, selector: Sequence[str], labels: Sequence[str], protocol: str, cluster_ip: str,
    external_ip: str, load_balancer_ip: str, session_affinity: str, output: str, dry_run: str,
) -> None:  # fmt: skip
    """Put a service before a workload."""
    wanted = targets.given(words, files, recursive=recursive)
    if service_type not in TYPES:
        raise CommandError(f'invalid service type "{service_type}"; one of {", ".join(TYPES)}')
    if any(not target.name for target in wanted):
        raise CommandError("name one workload: TYPE NAME or TYPE/NAME")
    chosen = generators.pairs(selector, "selector")

    async def work(session: Session) -> None:
        for kind, obj in await targets.objects(session, wanted):
            made = generators.exposing(
                obj, name=name or obj.metadata.name, port=port, target_port=target_port, protocol=protocol,
                service_type=service_type, selector=chosen)  # fmt: skip
            made.metadata.namespace = obj.metadata.namespace if kind.namespaced else session.namespace
            if labels:
                made.metadata.labels.clear()
                made.metadata.labels.update(generators.pairs(labels, "label"))
            made.spec.cluster_ip, made.spec.load_balancer_ip = cluster_ip, load_balancer_ip
            made.spec.session_affinity = session_affinity
            made.spec.external_ips.extend([external_ip] if external_ip else [])
            await _store(session, made, output, dry_run)

    settings.run(work)


async def _store(session: Session, service: core.Service, output: str, dry_run: str) -> None:
    stored = service if dry_run == "client" else await session.client.create(service, dry_run=dry_run == "server")
    printing.report(registry.SERVICES, stored, "exposed", output=output, dry_run=dry_run)
