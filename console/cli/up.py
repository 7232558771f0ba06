"""`orlop up`, `down` and `status`: a cluster on this machine."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import click

from console.cli.session import Settings
from console.cluster import down as taking_down
from console.cluster import machine, processes
from console.cluster import up as bringing_up
from console.cluster.home import Home, Spec
from console.cluster.up import Step, UpError

_MOST_NODES = 50


@dataclass
class Progress:
    """Steps on a terminal or in a pipe: a line when a step is done, the current one in place on a terminal."""

    terminal: bool = field(default_factory=sys.stderr.isatty)
    started: float = field(default_factory=time.monotonic)

    def show(self, step: Step) -> None:
        seconds = f"{time.monotonic() - self.started:5.1f}s"
        if step.state == "done":
            click.echo(f"{self._clear()}✔ {seconds}  {step.name:<11} {step.text}", err=True)
        elif self.terminal:
            click.echo(f"{self._clear()}◐ {seconds}  {step.name:<11} {step.text}", err=True, nl=False)

    def _clear(self) -> str:
        return "\r\x1b[2K" if self.terminal else ""


async def _follow(steps: AsyncIterator[Step]) -> None:
    progress = Progress()
    async for step in steps:
        progress.show(step)


@click.command()
@click.option("--nodes", default=1, show_default=True, type=click.IntRange(1, _MOST_NODES), help="How many nodes.")
@click.option("--hollow", type=click.IntRange(1, 10_000), help="Simulated nodes instead: no Docker, no eBPF, no root.")
@click.option("--detach", is_flag=True, help="Return when the cluster is ready instead of opening the console.")
@click.option("--etcd", default="", metavar="HOST:PORT,…", help="Use an etcd of your own.")
@click.option("--etcd-ca", default="", help="The CA of that etcd, a file.")
@click.option("--etcd-cert", default="", help="The certificate to show to that etcd, a file.")
@click.option("--etcd-key", default="", help="Its key, a file.")
@click.option("--kubeconfig", default="", help="Where to write the context; your own kubeconfig by default.")
@click.option("--service-cidr", default=Spec.__dataclass_fields__["service_cidr"].default, show_default=True)
@click.option("--cluster-cidr", default=Spec.__dataclass_fields__["cluster_cidr"].default, show_default=True)
@click.option("--node-monitor-grace", default=40.0, show_default=True, help="Seconds without a lease until NotReady.")
@click.option("--check", is_flag=True, help="Only say what this machine has and lacks.")
def up(
    nodes: int, hollow: int | None, detach: bool, etcd: str, etcd_ca: str, etcd_cert: str, etcd_key: str, kubeconfig: str,
    service_cidr: str, cluster_cidr: str, node_monitor_grace: float, check: bool,
) -> None:  # fmt: skip
    """Bring up a cluster on this machine, or what is missing of it, and open the console."""
    if check:
        findings = machine.check(machine.SETS["demo" if hollow else "cluster"])
        click.echo("\n".join(machine.lines(findings)))
        sys.exit(0 if all(finding.ok for finding in findings) else 1)
    settings: Settings = click.get_current_context().obj
    home = Home()
    names = () if hollow else tuple(f"node-{number}" for number in range(1, nodes + 1))
    files = (etcd_ca, etcd_cert, etcd_key) if etcd_ca and etcd_cert and etcd_key else ()
    wanted = Spec(
        nodes=names, hollow=hollow or 0, etcd=etcd, etcd_files=files, kubeconfig=kubeconfig,
        service_cidr=service_cidr, cluster_cidr=cluster_cidr, node_grace=node_monitor_grace,
    )  # fmt: skip
    try:
        bringing_up.check(wanted)
        spec = bringing_up.settle(home, wanted)
        asyncio.run(bringing_up.make_certificates(home, spec))
        if detach or settings.open_console is None or not sys.stdout.isatty():
            asyncio.run(_follow(bringing_up.bring_up(home, spec)))
        else:
            steps = bringing_up.bring_up(home, spec)
            settings.open_console(bringing_up.connection(home, spec), startup=steps, context=bringing_up.CONTEXT)
    except UpError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option("--keep", is_flag=True, help="Keep objects and certificates for the next `orlop up`.")
def down(keep: bool) -> None:
    """End the cluster on this machine and remove all it made."""
    try:
        asyncio.run(_follow(taking_down.take_down(Home(), keep=keep)))
    except UpError as error:
        raise click.ClickException(str(error)) from error


@click.command()
def status() -> None:
    """Show the processes of the cluster on this machine."""
    home = Home()
    spec = home.load()
    if spec is None:
        click.echo(f"no cluster in {home.path}; start one with `orlop up`")
        sys.exit(1)
    from console.printers.ages import age

    running = processes.every(home.run)
    click.echo(f"{'PROCESS':<18} {'PID':>7}  {'AGE':>7}  {'MEMORY':>8}")
    for process in running:
        memory = f"{process.memory_bytes >> 20}Mi"
        click.echo(f"{process.name:<18} {process.pid:>7}  {age(process.age_seconds):>7}  {memory:>8}")
    click.echo(f"\nAPI on 127.0.0.1:{spec.api_port}, files in {home.path}")
    sys.exit(0 if running else 1)
