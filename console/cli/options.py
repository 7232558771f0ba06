"""Options that several commands share, with kubectl's names. The global ones may stand before or behind the command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from console.cli.durations import Duration
from console.cli.session import Settings

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

FORMATS = ("json", "name", "wide", "yaml")


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None and parameter.name is not None:
        setattr(context.ensure_object(Settings), parameter.name, value)


def _global(*names: str, **more: Any) -> Callable[[F], F]:
    return click.option(*names, expose_value=False, callback=_remember, default=None, **more)


def common(command: F) -> F:
    """Which cluster, as whom, in which namespace."""
    for decorate in (
        _global(
            "--request-timeout", type=Duration(), metavar="DURATION", help="Give up on a single request after this time."
        ),
        _global("--kubeconfig", metavar="FILE", help="The kubeconfig file to use."),
        _global("--context", metavar="NAME", help="The kubeconfig context to use."),
        _global("-n", "--namespace", metavar="NAME", help="The namespace to look in."),
    ):
        command = decorate(command)
    return command


def all_namespaces(command: F) -> F:
    return _global("-A", "--all-namespaces", is_flag=True, help="Look in all namespaces.")(command)


_LABELS = "Only objects whose labels match, such as app=web,tier in (a,b)."
_FIELDS = "Only objects whose fields match, such as status.phase=Running."
_FILES = "A manifest, a folder of them, or - for standard input."


def selectors(command: F) -> F:
    """`labels` and `fields`"""
    command = click.option("--field-selector", "fields", default="", metavar="FIELD=VALUE", help=_FIELDS)(command)
    return click.option("-l", "--selector", "labels", default="", metavar="LABELS", help=_LABELS)(command)


def filenames(command: F) -> F:
    """`files` and `recursive`"""
    command = click.option("-R", "--recursive/--no-recursive", default=False, help="Read the folders below as well.")(
        command
    )
    return click.option("-f", "--filename", "files", multiple=True, metavar="FILE", help=_FILES)(command)


def _known_format(formats: Sequence[str]) -> Callable[[click.Context, click.Parameter, str], str]:
    def check(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        if value and value not in formats:
            raise click.UsageError(
                f'unable to match a printer suitable for the output format "{value}", '
                f"allowed formats are: {','.join(formats)}"
            )
        return value

    return check


def output(*formats: str) -> Callable[[F], F]:
    """`output`: one of `formats`, or empty."""
    allowed = formats or ("json", "name", "yaml")
    check, shown = _known_format(allowed), "|".join(allowed)
    return click.option("-o", "--output", default="", callback=check, metavar=shown, help="How to print.")


def _strategy(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value not in ("none", "client", "server"):
        raise click.UsageError(f'Invalid dry-run value ({value}). Must be "none", "server", or "client".')
    return value


def dry_run(command: F) -> F:
    """`dry_run`: none, client or server"""
    return click.option(
        "--dry-run", default="none", is_flag=False, flag_value="client", callback=_strategy,
        metavar="client|server", help="Only show what would be done.")(command)  # fmt: skip
