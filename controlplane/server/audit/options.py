"""The command line's options for the audit log, with the names that Kubernetes gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml

from controlplane.server.audit import policy
from controlplane.server.audit.log import AuditFile
from controlplane.server.audit.settings import Audit

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--audit-log-path", type=_FILE, help="Where requests are written down, as JSON lines; nowhere without."),
    click.option("--audit-policy-file", type=_FILE, help="Which requests, and how much of them (audit.k8s.io/v1 Policy)."),
    click.option("--audit-log-maxsize", default=100, show_default=True, help="MiB after which a new file is begun."),
    click.option("--audit-log-maxbackup", default=10, show_default=True, help="How many files are kept."),
)


def with_audit_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings(values: Mapping[str, Any]) -> Audit | None:
    """Raises ClickException for a policy that cannot be read or makes no sense."""
    path, policy_file = values["audit_log_path"], values["audit_policy_file"]
    if path is None:
        if policy_file is not None:
            raise click.ClickException("--audit-policy-file needs --audit-log-path")
        return None
    chosen = _policy(policy_file) if policy_file else policy.DEFAULT
    file = AuditFile(path, most_bytes=values["audit_log_maxsize"] << 20, most_files=values["audit_log_maxbackup"])
    return Audit(chosen, file)


def _policy(path: Path) -> policy.Policy:
    try:
        return policy.read(yaml.safe_load(path.read_text()) or {})
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
    except (ValueError, AttributeError, yaml.YAMLError) as error:
        raise click.ClickException(f"{path}: {error}") from error
