"""`orlop config`: looking at and changing the kubeconfig file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from console import kubeconfig
from console.cli import options, printing
from console.cli.failures import CommandError
from console.cli.grammar import Verb, Verbs
from console.cli.session import Settings, note
from console.kubeconfig import Document, Entry, Kubeconfig

_SECRETS = {
    "certificate-authority-data": "DATA+OMITTED",
    "client-certificate-data": "DATA+OMITTED",
    "client-key-data": "DATA+OMITTED",
    "token": "REDACTED",
    "password": "REDACTED",
}


@click.group("config", cls=Verbs)
@options.common
def config() -> None:
    """Look at and change the kubeconfig file."""


@config.command("view", cls=Verb)
@options.common
@options.output("json", "yaml")
@click.option("--raw/--no-raw", default=False, help="Show keys and certificates too.")
@click.option("--minify/--no-minify", default=False, help="Only what the current context uses.")
@click.option("--flatten/--no-flatten", default=False, help="Put the content of named files in.")
@click.pass_obj
def _view(settings: Settings, output: str, raw: bool, minify: bool, flatten: bool) -> None:
    """Show the file, without its secrets."""
    from console.printers import structured

    document = settings.config.merged()
    if minify:
        document = _minified(settings.config.context(settings.context), document)
    for item in (*document["clusters"], *document["users"]):
        content = item.get("cluster") or item.get("user") or {}
        if flatten:
            _put_files_in(content)
        if not raw:
            content.update({field: shown for field, shown in _SECRETS.items() if content.get(field)})
    printing.emit(structured.to_json(document) if output == "json" else structured.to_yaml(document))


def _minified(context: Entry, document: Document) -> Document:
    wanted = {"contexts": context.name, "clusters": context.content.get("cluster"), "users": context.content.get("user")}
    kept = {s: [item for item in document[s] if item["name"] == name] for s, name in wanted.items()}
    return {**document, **kept, "current-context": context.name}


def _put_files_in(content: Document) -> None:
    import base64

    for field in ("certificate-authority", "client-certificate", "client-key"):
        name = content.pop(field, None)
        if name:
            try:
                content[f"{field}-data"] = base64.b64encode(Path(name).read_bytes()).decode()
            except OSError as error:
                raise CommandError(f"{name}: {error.strerror}") from error


@config.command("current-context", cls=Verb)
@options.common
@click.pass_obj
def _current_context(settings: Settings) -> None:
    """Show the current context's name."""
    if not settings.config.current_context:
        raise CommandError("current-context is not set")
    printing.emit(settings.config.current_context)


@config.command("get-contexts", cls=Verb)
@click.argument("names", nargs=-1)
@options.common
@options.output("name")
@click.option("--no-headers", is_flag=True, help="No heading.")
@click.pass_obj
def _get_contexts(settings: Settings, names: tuple[str, ...], output: str, no_headers: bool) -> None:
    """List the contexts."""
    from console.printers.layout import Grid

    found = settings.config.contexts
    shown = [found[name] for name in sorted(names or found) if name in found]
    if output == "name":
        printing.emit("\n".join(entry.name for entry in shown))
    else:
        heading = [] if no_headers else [("CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE")]
        rows = [_context_row(entry, settings.config.current_context) for entry in shown]
        printing.emit("\n".join(Grid().lines([*heading, *rows])))
    for name in names:
        if name not in found:
            raise CommandError(f"context {name} not found")


def _context_row(entry: Entry, current: str) -> tuple[str, ...]:
    told = (str(entry.content.get(field) or "") for field in ("cluster", "user", "namespace"))
    return ("*" if entry.name == current else "", entry.name, *told)


def _names_command(name: str, section: str, summary: str) -> None:
    @config.command(name, cls=Verb, help=summary)
    @options.common
    @click.pass_obj
    def command(settings: Settings) -> None:
        printing.emit("\n".join(["NAME", *sorted(getattr(settings.config, section))]))


_names_command("get-clusters", "clusters", "List the clusters.")
_names_command("get-users", "users", "List the users.")


@config.command("use-context", cls=Verb)
@click.argument("name")
@options.common
@click.pass_obj
def _use_context(settings: Settings, name: str) -> None:
    """Make a context the current one."""
    if name not in settings.config.contexts:
        raise CommandError(f'no context exists with the name: "{name}"')
    _set_current(settings.config, name)
    printing.emit(f'Switched to context "{name}".')


config.add_command(_use_context, "use")


def _set_current(found: Kubeconfig, name: str) -> None:
    """In the file that says which one is current; otherwise in the first."""
    saying = [source.path for source in found.sources if source.document.get("current-context")]
    kubeconfig.change((saying or [found.home])[0], lambda document: document.update({"current-context": name}))


@config.command("set-context", cls=Verb)
@click.argument("name", required=False)
@options.common
@click.option("--current/--no-current", default=False, help="Change the current context.")
@click.option("--cluster", default=None, help="The context's cluster.")
@click.option("--user", default=None, help="The context's user.")
@click.pass_obj
def _set_context(settings: Settings, name: str | None, current: bool, cluster: str | None, user: str | None) -> None:
    """Create or change a context: set-context NAME|--current --cluster --user --namespace"""
    found = settings.config
    chosen = found.current_context if current else name
    if not chosen or (current and name):
        raise CommandError("name the context, or give --current while there is one")
    fields = {"cluster": cluster, "user": user, "namespace": settings.namespace or None}
    done = _update(found, "contexts", chosen, fields)
    printing.emit(f'Context "{chosen}" {"modified" if done else "created"}.')


@config.command("set-cluster", cls=Verb)
@click.argument("name")
@options.common
@click.option("--server", default=None, help="The address for REST, https://HOST:PORT.")
@click.option("--grpc", default=None, help="The address for gRPC, HOST:PORT.")
@click.option("--grpc-tokens", default=None, help="The address for users with tokens, HOST:PORT.")
@click.option("--certificate-authority", default=None, metavar="FILE", help="Whose certificates to trust.")
@click.option("--tls-server-name", default=None, help="The name in the server's certificate.")
@click.pass_obj
def _set_cluster(
    settings: Settings, name: str, server: str | None, grpc: str | None, grpc_tokens: str | None,
    certificate_authority: str | None, tls_server_name: str | None,
) -> None:  # fmt: skip
    """Create or change a cluster."""
    fields: dict[str, Any] = {"server": server, "tls-server-name": tls_server_name}
    fields["certificate-authority"] = _whole(certificate_authority)
    addresses = {word: address for word, address in (("grpc", grpc), ("tokens", grpc_tokens)) if address}
    if addresses:
        fields["extensions"] = [{"name": kubeconfig.EXTENSION, "extension": addresses}]
    _update(settings.config, "clusters", name, fields)
    printing.emit(f'Cluster "{name}" set.')


@config.command("set-credentials", cls=Verb)
@click.argument("name")
@options.common
@click.option("--client-certificate", default=None, metavar="FILE", help="The user's certificate.")
@click.option("--client-key", default=None, metavar="FILE", help="The certificate's key.")
@click.option("--token", default=None, help="A token.")
@click.pass_obj
def _set_credentials(
    settings: Settings, name: str, client_certificate: str | None, client_key: str | None, token: str | None
) -> None:
    """Create or change a user."""
    fields = {"client-certificate": _whole(client_certificate), "client-key": _whole(client_key), "token": token}
    _update(settings.config, "users", name, fields)
    printing.emit(f'User "{name}" set.')


def _whole(name: str | None) -> str | None:
    return str(Path(name).absolute()) if name else None


def _update(found: Kubeconfig, section: str, name: str, fields: dict[str, Any]) -> bool:
    """Puts the fields that were given into the entry, where it is. Whether there was one."""
    old: Entry | None = getattr(found, section).get(name)
    content = {**(old.content if old else {}), **{field: value for field, value in fields.items() if value is not None}}
    path = old.path if old else found.home
    kubeconfig.change(path, lambda document: kubeconfig.set_entry(document, section, name, content))
    return old is not None


@config.command("rename-context", cls=Verb)
@click.argument("old")
@click.argument("new")
@options.common
@click.pass_obj
def _rename_context(settings: Settings, old: str, new: str) -> None:
    """Give a context another name."""
    found = settings.config
    if old not in found.contexts:
        raise CommandError(f'cannot rename the context "{old}", it\'s not in {found.home}')
    if new in found.contexts:
        raise CommandError(f'cannot rename the context "{old}", the context "{new}" already exists in {found.home}')
    entry = found.contexts[old]

    def rename(document: Document) -> None:
        kubeconfig.remove_entry(document, "contexts", old)
        kubeconfig.set_entry(document, "contexts", new, entry.content)

    kubeconfig.change(entry.path, rename)
    if found.current_context == old:
        _set_current(found, new)
    printing.emit(f'Context "{old}" renamed to "{new}".')


def _delete_command(word: str, section: str) -> None:
    @config.command(f"delete-{word}", cls=Verb, help=f"Take a {word} out of the file.")
    @click.argument("name")
    @options.common
    @click.pass_obj
    def command(settings: Settings, name: str) -> None:
        found = settings.config
        entry: Entry | None = getattr(found, section).get(name)
        if entry is None:
            raise CommandError(f"cannot delete {word} {name}, not in {found.home}")
        if section == "contexts" and name == found.current_context:
            note('warning: this removed your active context, use "orlop config use-context" to select a different one')

        def take(document: Document) -> None:
            kubeconfig.remove_entry(document, section, name)

        kubeconfig.change(entry.path, take)
        printing.emit(f"deleted {word} {name} from {entry.path}")


_delete_command("context", "contexts")
_delete_command("cluster", "clusters")
_delete_command("user", "users")


@config.command("set", cls=Verb)
@click.argument("name", metavar="PROPERTY")
@click.argument("value")
@options.common
@click.pass_obj
def _set(settings: Settings, name: str, value: str) -> None:
    """Set one property: set contexts.lab.namespace shop"""
    _at(settings.config, name, lambda holder, key: holder.update({key: value}))
    printing.emit(f'Property "{name}" set.')


@config.command("unset", cls=Verb)
@click.argument("name", metavar="PROPERTY")
@options.common
@click.pass_obj
def _unset(settings: Settings, name: str) -> None:
    """Take one property out: unset contexts.lab.namespace"""
    _at(settings.config, name, lambda holder, key: holder.pop(key, None))
    printing.emit(f'Property "{name}" unset.')


def _at(found: Kubeconfig, name: str, edit: Callable[[Document, str], Any]) -> None:
    """Edits the place that a dotted path names: `current-context`, `clusters.lab.server`."""
    section, _, rest = name.partition(".")
    if section not in kubeconfig.SECTIONS:
        kubeconfig.change(found.home, lambda document: edit(document, name))
        return
    entry_name, _, field = rest.rpartition(".")
    entry: Entry | None = getattr(found, section).get(entry_name)
    if not entry_name or not field:
        raise CommandError(f'"{name}" names no property; write it as {section}.NAME.FIELD')
    content = dict(entry.content) if entry else {}
    edit(content, field)
    path = entry.path if entry else found.home
    kubeconfig.change(path, lambda document: kubeconfig.set_entry(document, section, entry_name, content))
