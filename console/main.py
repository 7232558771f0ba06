"""The `orlop` command. Alone on a terminal it opens the console; with a verb it is a command line in kubectl's grammar.

A verb's module is imported when the verb is used; Textual only when the console opens.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from console.cli import options
from console.cli.failures import Incomplete, told
from console.cli.grammar import Verbs
from console.cli.session import Settings, note

_CLI = "console.cli"

VERBS = {
    "up": (f"{_CLI}.up:up", "Bring up a cluster on this machine."),
    "down": (f"{_CLI}.up:down", "End the cluster on this machine and remove all it made."),
    "status": (f"{_CLI}.up:status", "Show the processes of the cluster on this machine."),
    "get": (f"{_CLI}.get:get", "Show objects, once or as they change."),
    "describe": (f"{_CLI}.describe:describe", "Tell one object in full, with its events."),
    "apply": (f"{_CLI}.apply:apply", "Make the cluster's objects as manifests say."),
    "create": (f"{_CLI}.create:create", "Create objects from manifests or from flags."),
    "run": (f"{_CLI}.run:run", "Run an image in a pod."),
    "expose": (f"{_CLI}.expose:expose", "Put a service before a workload."),
    "scale": (f"{_CLI}.scale:scale", "Change how many replicas there are."),
    "set": (f"{_CLI}.set_image:set_group", "Change parts of workloads: images."),
    "rollout": (f"{_CLI}.rollout:rollout", "Follow, undo, restart, pause and resume rollouts."),
    "label": (f"{_CLI}.label:label", "Set or remove labels."),
    "annotate": (f"{_CLI}.label:annotate", "Set or remove annotations, such as a rollout's change cause."),
    "delete": (f"{_CLI}.delete:delete", "Delete objects."),
    "logs": (f"{_CLI}.logs:logs", "Show what containers print."),
    "cordon": (f"{_CLI}.cordon:cordon", "Keep new pods off a node."),
    "uncordon": (f"{_CLI}.cordon:uncordon", "Let new pods on a node again."),
    "image": (f"{_CLI}.image:image", "Put local images where the nodes find them."),
    "shell": (f"{_CLI}.shell:shell", "A shell, or a command, in a node's network and cgroup."),
    "config": (f"{_CLI}.config:config", "Look at and change the kubeconfig file."),
    "api-resources": (f"{_CLI}.resources:api_resources", "List the kinds of objects."),
    "version": (f"{_CLI}.version:version", "Show the version."),
    "server": (f"{_CLI}.daemons:server", "Run the API server, scheduler and controllers."),
    "agent": (f"{_CLI}.daemons:agent", "Run a node's agent."),
}


@click.group(
    "orlop",
    cls=Verbs,
    lazy=VERBS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@options.common
@click.pass_context
def orlop(context: click.Context) -> None:
    """Kubernetes as you know it, with a full-screen console: type orlop alone on a terminal."""
    settings = context.ensure_object(Settings)
    if context.invoked_subcommand is None:
        if sys.stdin.isatty() and sys.stdout.isatty():
            _open_console(settings)
        else:
            click.echo(context.get_help())


def _console(*arguments: Any, **more: Any) -> None:
    from console.tui import app

    app.run(*arguments, **more)


def _open_console(settings: Settings) -> None:
    chosen = settings.config.context(settings.context)
    connection = settings.config.connection(settings.context)
    _console(connection, namespace=settings.default_namespace, context=chosen.name)


def run(words: Sequence[str]) -> int:
    """Runs the command; the exit code. Failures are told on standard error."""
    try:
        orlop.main(args=list(words), prog_name="orlop", standalone_mode=False, obj=Settings(open_console=_console))
    except click.exceptions.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except Incomplete:
        return 1
    except BrokenPipeError:
        # Whoever read our output has had enough; writing what is buffered would fail once more at exit.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        note(told(error))
        return 1
    return 0


def main() -> None:
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
