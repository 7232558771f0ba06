"""`orlop create`: new objects, from manifests or from flags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from console import manifests
from console.cli import generators, options, printing, served, writing
from console.cli.failures import CommandError
from console.cli.grammar import Verb, Verbs, after_dash
from console.cli.session import Session, Settings, note
from console.manifests import Manifest
from controlplane.api import errors
from controlplane.api.objects import ApiObject
from protos.v1 import core_pb2 as core
from protos.v1 import meta_pb2 as meta


@click.group("create", cls=Verbs, invoke_without_command=True)
@options.common
@options.filenames
@options.output()
@options.dry_run
@click.option("--validate", default="strict", help="strict refuses unknown fields, ignore drops them.")
@click.pass_context
def create(context: click.Context, files: Sequence[str], recursive: bool, output: str, dry_run: str, validate: str) -> None:
    """Create objects."""
    if context.invoked_subcommand is not None:
        return
    if not files:
        raise CommandError("must specify -f, or what to create: deployment, namespace, service, configmap, secret")
    strict = validate in ("strict", "true")
    found = manifests.read(files, recursive=recursive, strict=strict, lookup=served.by_type)
    settings = context.ensure_object(Settings)
    settings.run(lambda session: _create_all(session, found, output, dry_run, "Strict" if strict else "Ignore"))


async def _create_all(session: Session, found: Sequence[Manifest], output: str, dry_run: str, validation: str) -> None:
    for manifest in found:
        kind, obj = manifest.kind, manifest.obj
        if manifest.deprecation:
            note(f"Warning: {manifest.deprecation}")
        try:
            writing.place(session.settings, kind, obj)
            stored: ApiObject = obj
            if dry_run != "client":
                stored = await session.client.create(obj, dry_run=dry_run == "server", field_validation=validation)
            printing.report(kind, stored, "created", output=output, dry_run=dry_run)
        except (errors.StatusError, CommandError) as error:
            session.fail(error, doing=f'when creating "{manifest.place}"')


@create.command("deployment", cls=Verb, takes_command=True)
@click.argument("name")
@options.common
@click.option("--image", "images", multiple=True, required=True, help="An image; repeat it for more containers.")
@click.option("-r", "--replicas", default=1, type=click.IntRange(0), help="How many pods.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="The port that the container listens on.")
@options.output()
@options.dry_run
@click.pass_context
def _deployment(
    context: click.Context, name: str, images: Sequence[str], replicas: int, port: int, output: str, dry_run: str
) -> None:
    """A deployment: create deployment NAME --image=IMAGE -- [COMMAND]"""
    made = generators.deployment(name, images, replicas=replicas, port=port, command=after_dash(context) or ())
    writing.create(context.ensure_object(Settings), made, output=output, dry_run=dry_run)


create.add_command(_deployment, "deploy")


@create.command("namespace", cls=Verb)
@click.argument("name")
@options.common
@options.output()
@options.dry_run
@click.pass_obj
def _namespace(settings: Settings, name: str, output: str, dry_run: str) -> None:
    """A namespace."""
    writing.create(settings, core.Namespace(metadata=meta.ObjectMeta(name=name)), output=output, dry_run=dry_run)


create.add_command(_namespace, "ns")


@create.command("service", cls=Verb)
@click.argument("service_type", metavar="clusterip|nodeport|loadbalancer|externalname")
@click.argument("name")
@options.common
@click.option("--tcp", "ports", multiple=True, metavar="PORT[:TARGET]", help="A port, and where it leads.")
@click.option("--node-port", default=0, type=click.IntRange(0, 65535), help="The port on every node.")
@click.option("--clusterip", default="", help="The cluster IP, or None for a headless service.")
@click.option("--external-name", default="", help="The name that an ExternalName service stands for.")
@options.output()
@options.dry_run
@click.pass_obj
def _service(
    settings: Settings, service_type: str, name: str, ports: Sequence[str], node_port: int, clusterip: str,
    external_name: str, output: str, dry_run: str,
) -> None:  # fmt: skip
    """A service for the pods with the label app=NAME."""
    types = {
        "clusterip": "ClusterIP",
        "nodeport": "NodePort",
        "loadbalancer": "LoadBalancer",
        "externalname": "ExternalName",
    }
    if service_type not in types:
        raise CommandError(f'unknown service type "{service_type}"; one of {", ".join(types)}')
    if not ports and clusterip != "None" and service_type != "externalname":
        raise CommandError("at least one tcp port specifier must be provided")
    made = generators.service(name, types[service_type], generators.tcp_ports(ports, node_port), {"app": name})
    made.metadata.labels["app"] = name
    made.spec.cluster_ip, made.spec.external_name = clusterip, external_name
    writing.create(settings, made, output=output, dry_run=dry_run)


create.add_command(_service, "svc")


@create.command("configmap", cls=Verb)
@click.argument("name")
@options.common
@click.option("--from-literal", "literals", multiple=True, metavar="KEY=VALUE", help="A key and its value.")
@click.option("--from-file", "files", multiple=True, metavar="[KEY=]FILE", help="A file, or all files of a folder.")
@options.output()
@options.dry_run
@click.pass_obj
def _config_map(
    settings: Settings, name: str, literals: Sequence[str], files: Sequence[str], output: str, dry_run: str
) -> None:
    """A config map."""
    made = generators.config_map(name, generators.data(literals, _contents(files)))
    writing.create(settings, made, output=output, dry_run=dry_run)


create.add_command(_config_map, "cm")


@create.group("secret", cls=Verbs)
def _secrets() -> None:
    """A secret."""


@_secrets.command("generic", cls=Verb)
@click.argument("name")
@options.common
@click.option("--from-literal", "literals", multiple=True, metavar="KEY=VALUE", help="A key and its value.")
@click.option("--from-file", "files", multiple=True, metavar="[KEY=]FILE", help="A file, or all files of a folder.")
@click.option("--type", "secret_type", default="", help="The secret's type; Opaque by default.")
@options.output()
@options.dry_run
@click.pass_obj
def _generic(
    settings: Settings, name: str, literals: Sequence[str], files: Sequence[str], secret_type: str, output: str, dry_run: str
) -> None:
    """A secret of any content."""
    made = generators.secret(name, generators.data(literals, _contents(files)), secret_type)
    writing.create(settings, made, output=output, dry_run=dry_run)


def _contents(sources: Iterable[str]) -> list[tuple[str, bytes]]:
    """`FILE`, `KEY=FILE`, or a folder, whose files are taken by their names."""
    found: list[tuple[str, bytes]] = []
    for source in sources:
        key, equals, name = source.rpartition("=")
        path = Path(name)
        try:
            if path.is_dir() and not equals:
                found += [(file.name, file.read_bytes()) for file in sorted(path.iterdir()) if file.is_file()]
            else:
                found.append((key or path.name, path.read_bytes()))
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}") from error
    return found
