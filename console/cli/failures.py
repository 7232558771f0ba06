"""What went wrong, in kubectl's words, for standard error."""

from __future__ import annotations

import sys

import click

from console.kubeconfig import KubeconfigError
from controlplane.api import errors, registry


class CommandError(Exception):
    """The command makes no sense, or what it asks for cannot be had. `str()` is the message for people."""


class Incomplete(Exception):
    """Part of the work failed and has been told; the exit code must say so."""


def told(error: BaseException, doing: str = "") -> str:
    """The text for people, usually one line. Raises what is not a failure but a bug."""
    if isinstance(error, BaseExceptionGroup):
        return told(error.exceptions[0], doing)
    if isinstance(error, errors.StatusError):
        return _status(error, f"error {doing}: " if doing else "")
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        return f"error: {error.format_message()}"
    if isinstance(error, (CommandError, KubeconfigError, *_elsewhere())):
        return "\n".join(f"error: {doing}{': ' if doing else ''}{line}" for line in str(error).splitlines())
    raise error


# Errors of modules that only some commands import: module -> its error, told as it is.
_ELSEWHERE = {
    "console.manifests": "ManifestError",
    "controlplane.client.workloads": "Refused",
    "controlplane.api.rollouts": "RolloutError",
}


def _elsewhere() -> tuple[type[Exception], ...]:
    """The classes that can have been raised, which are those of modules that are loaded."""
    return tuple(getattr(sys.modules[module], name) for module, name in _ELSEWHERE.items() if module in sys.modules)


def _status(error: errors.StatusError, doing: str) -> str:
    if isinstance(error, errors.Invalid) and error.problems:
        return _invalid(error)
    if isinstance(error, errors.Unavailable) and not error.kind and error.__cause__ is not None:
        return f"Unable to connect to the server: {doing}{error}"
    if error.reason == errors.StatusError.reason:
        return f"Error from server (InternalError): {doing}{error}"
    return f"Error from server ({error.reason}): {doing}{error}"


def _invalid(error: errors.Invalid) -> str:
    kind = registry.by_resource(error.kind)
    subject = f'The {kind.name if kind else error.kind} "{error.name}" is invalid: '
    if len(error.problems) == 1:
        return f"{subject}{error.problems[0]}"
    return "\n".join([subject, *(f"* {problem}" for problem in error.problems)])


def _usage(error: click.UsageError) -> str:
    message = error.format_message()
    where = f'\nSee "{error.ctx.command_path} --help" for usage.' if error.ctx else ""
    if isinstance(error, click.NoSuchOption):
        hint = f"; did you mean {error.possibilities[0]}?" if error.possibilities else ""
        return f"error: unknown flag: {error.option_name}{hint}{where}"
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Option):
        flags = ", ".join(f'"{name.lstrip("-")}"' for name in error.param.opts[-1:])
        return f"error: required flag(s) {flags} not set"
    if isinstance(error, (click.MissingParameter, click.BadParameter)):
        return f"error: {message}{where}"
    return f"error: {message}"
