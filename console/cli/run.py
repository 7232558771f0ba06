"""`orlop run`: an image in a pod."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from console.cli import generators, options, writing
from console.cli.failures import CommandError
from console.cli.grammar import Verb, after_dash
from console.cli.session import Settings, note
from controlplane.api import codec, patch, registry
from protos.v1 import core_pb2 as core


@click.command("run", cls=Verb, takes_command=True)
@click.argument("name")
@click.argument("words", nargs=-1)
@options.common
@click.option("--image", required=True, help="The image to run.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="The port that the container listens on.")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="An environment variable.")
@click.option("-l", "--labels", multiple=True, metavar="KEY=VALUE,…", help="The pod's labels; run=NAME by default.")
@click.option("--annotations", multiple=True, metavar="KEY=VALUE", help="The pod's annotations.")
@click.option("--restart", default="Always", metavar="Always|OnFailure|Never", help="When containers are started again.")
@click.option("--image-pull-policy", "pull_policy", default="", metavar="Always|IfNotPresent|Never", help="When to pull.")
@click.option("--overrides", default="", metavar="JSON", help="Fields of the pod, merged over what the flags make.")
@click.option(
    "--command/--no-command", default=False, help="What follows -- replaces the image's command, not its arguments."
)
@click.option("--expose/--no-expose", default=False, help="Put a service of the same name before it; needs --port.")
@click.option("--replicas", default=None, type=int, hidden=True)
@options.output()
@options.dry_run
@click.pass_context
def run(
    context: click.Context, name: str, words: Sequence[str], image: str, port: int, env: Sequence[str],
    labels: Sequence[str], annotations: Sequence[str], restart: str, pull_policy: str, overrides: str,
    command: bool, expose: bool, replicas: int | None, output: str, dry_run: str,
) -> None:  # fmt: skip
    """Run an image in a pod: run NAME --image=IMAGE [-- ARGUMENTS]"""
    settings = context.ensure_object(Settings)
    behind = [*words, *(after_dash(context) or ())]
    if expose and not port:
        raise CommandError("--port must be set when exposing a service")
    if replicas is not None:
        _old_deployment(settings, name, image, replicas, port=port, command=behind, output=output, dry_run=dry_run)
        return
    pod = generators.pod(
        name, image, labels=generators.pairs(labels, "label"), annotations=generators.pairs(annotations, "annotation"),
        env=generators.environment(env), port=port, restart=restart, pull_policy=pull_policy,
        command=behind if command else (), args=() if command else behind,
    )  # fmt: skip
    writing.create(settings, overridden(pod, overrides), output=output, dry_run=dry_run)
    if expose:
        ports = [core.ServicePort(port=port, protocol="TCP", target_port=generators.int_or_string(str(port)))]
        service = generators.service(name, "ClusterIP", ports, generators.exposed_selector(pod))
        writing.create(settings, service, output=output, dry_run=dry_run)


def _old_deployment(
    settings: Settings, name: str, image: str, replicas: int, *, port: int, command: Sequence[str], output: str, dry_run: str
) -> None:
    """What `run --replicas` meant before a pod became all that `run` makes."""
    newer = f"orlop create deployment {name} --image={image} --replicas={replicas}"
    note(f"note: run --replicas makes a deployment; write: {newer}")
    made = generators.deployment(name, [image], replicas=replicas, port=port, command=command)
    writing.create(settings, made, output=output, dry_run=dry_run)


def overridden(pod: core.Pod, overrides: str) -> core.Pod:
    """The pod with a JSON merge patch over it."""
    if not overrides:
        return pod
    try:
        change = json.loads(overrides)
    except json.JSONDecodeError as error:
        raise CommandError(f"--overrides is not JSON: {error}") from error
    if not isinstance(change, dict):
        raise CommandError("--overrides must be a JSON object")
    merged = codec.from_dict(registry.PODS, patch.merge(codec.to_dict(registry.PODS, pod), change))
    assert isinstance(merged, core.Pod)
    return merged
