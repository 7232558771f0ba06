"""The command line's options for token authentication, with the names that Kubernetes gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from controlplane.server.authn import keys, static
from controlplane.server.authn.settings import DEFAULT_ISSUER, TokenSettings
from controlplane.server.users import User

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--service-account-signing-key-file", type=_FILE, help="Signs service accounts' tokens; sa.key of --pki."),
    click.option("--service-account-key-file", type=_FILE, multiple=True, help="Another key whose tokens are accepted."),
    click.option(
        "--service-account-issuer", multiple=True, default=(DEFAULT_ISSUER,), show_default=True,
        help="Who issues tokens; tokens of further ones are accepted, too.",
    ),
    click.option("--api-audiences", default="", help="The API server's names in tokens, separated by commas; the issuer."),
    click.option("--token-auth-file", type=_FILE, help='Users by token: lines of token,user,uid,"group1,group2".'),
)  # fmt: skip


def with_token_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings(values: Mapping[str, Any], own_key: bytes | None) -> TokenSettings:
    """`own_key` signs if no file is named. Raises ClickException for files that are missing or hold something else."""
    chosen = values["service_account_signing_key_file"]
    signing = _read(chosen) if chosen else own_key
    if signing is None:
        raise click.ClickException(
            "no key for service accounts' tokens; make one with `python -m controlplane.main pki`, or name one by "
            "--service-account-signing-key-file"
        )
    older = tuple(_read(path) for path in values["service_account_key_file"])
    try:
        keys.signer(signing)
        keys.verifiers(older)
    except (ValueError, TypeError) as error:
        raise click.ClickException(f"service accounts' keys: {error}") from error
    audiences = tuple(filter(None, values["api_audiences"].split(",")))
    path = values["token_auth_file"]
    users = _static(path) if path else {}
    return TokenSettings(signing, older, tuple(values["service_account_issuer"]), audiences, users)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error


def _static(path: Path) -> dict[bytes, User]:
    try:
        return static.read(_read(path).decode())
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from error
