"""The kubeconfig file: clusters, users and the contexts that join them. Its only reader and writer.

The format is Kubernetes', so that kubectl reads the same file; entries and fields that this module does not know are kept.
Several files may be read together (`KUBECONFIG=a:b`): for each entry the first file that has it counts. Paths in a file are
relative to its folder.

A cluster's gRPC addresses stand in an extension, as `server` is where REST clients go. Users with a certificate go to
`grpc`, those with a token to `tokens`:

    - name: orlop
      cluster:
        server: https://192.168.66.1:6443
        certificate-authority-data: …
        extensions: [{name: orlop, extension: {grpc: 192.168.66.1:6444, tokens: 192.168.66.1:6445}}]
"""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controlplane.client.connection import Connection, Impersonation

EXTENSION = "orlop"

# List in the file -> the key of each entry's content.
SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}

Document = dict[str, Any]


class KubeconfigError(Exception):
    """The file cannot be used. `str()` says which file, which entry and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A cluster, user or context, and the file it comes from."""

    name: str
    content: Document
    path: Path


@dataclass(frozen=True, slots=True)
class Source:
    """One file; an empty document when it does not exist."""

    path: Path
    document: Document


def default_path() -> Path:
    return Path.home() / ".kube" / "config"


def paths(explicit: str = "", env: Mapping[str, str] = os.environ) -> list[Path]:
    """The files that count: the one named, or those of KUBECONFIG, or the user's own."""
    if explicit:
        return [Path(explicit)]
    named = [Path(part) for part in env.get("KUBECONFIG", "").split(os.pathsep) if part]
    return list(dict.fromkeys(named)) or [default_path()]


def load(explicit: str = "", env: Mapping[str, str] = os.environ) -> Kubeconfig:
    """Reads the files. Those of KUBECONFIG may be missing, the one named explicitly may not."""
    if explicit and not Path(explicit).exists():
        raise KubeconfigError(f"{explicit}: no such kubeconfig file")
    return Kubeconfig([Source(path, _read(path)) for path in paths(explicit, env)])


class Kubeconfig:
    """One or several files, seen as one."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self.clusters = self._section("clusters")
        self.users = self._section("users")
        self.contexts = self._section("contexts")

    @property
    def current_context(self) -> str:
        return next((str(name) for s in self.sources if (name := s.document.get("current-context"))), "")

    @property
    def home(self) -> Path:
        """The file that new entries go to."""
        existing = [source.path for source in self.sources if source.path.exists()]
        return existing[0] if existing else self.sources[-1].path

    def merged(self) -> Document:
        """All files as one document, paths made absolute."""
        told: Document = {"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": self.current_context}
        for section, key in SECTIONS.items():
            entries: dict[str, Entry] = getattr(self, section)
            told[section] = [{"name": e.name, key: _with_whole_paths(e)} for e in entries.values()]
        return told

    def context(self, name: str = "") -> Entry:
        """The context of that name, or the current one."""
        chosen = name or self.current_context
        if not chosen:
            where = ", ".join(str(source.path) for source in self.sources)
            raise KubeconfigError(f"no current context in {where}; start a cluster with: orlop up")
        if chosen not in self.contexts:
            raise KubeconfigError(f'context "{chosen}" does not exist')
        return self.contexts[chosen]

    def namespace(self, context: str = "") -> str:
        """The namespace that commands are about when none is named."""
        chosen = context or self.current_context
        entry = self.contexts.get(chosen)
        return str(entry.content.get("namespace") or "default") if entry else "default"

    def connection(self, context: str = "") -> Connection:
        """How to reach the context's cluster as its user."""
        from controlplane.client.connection import SERVER_NAME, Connection

        chosen = self.context(context)
        cluster = self._named(self.clusters, chosen, "cluster")
        user = self._named(self.users, chosen, "user")
        certificate = _material(user, "client-certificate")
        token, token_file = str(user.content.get("token") or ""), _token_file(user)
        if user.content and not (certificate or token or token_file):
            raise KubeconfigError(
                f'user "{user.name}" in {user.path} has no client certificate and no token; other ways in are not known'
            )
        by_token = not certificate and bool(token or token_file)
        return Connection(
            address=_address(cluster, "tokens" if by_token else "grpc"),
            ca=_material(cluster, "certificate-authority"),
            certificate=certificate,
            key=_material(user, "client-key"),
            server_name=str(cluster.content.get("tls-server-name") or SERVER_NAME),
            token=token if by_token else "",
            token_file=token_file if by_token else None,
            impersonate=_impersonation(user),
        )

    def _section(self, section: str) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for source in self.sources:
            for item in _items(source, section):
                name = str(item.get("name", ""))
                found.setdefault(name, Entry(name, item.get(SECTIONS[section]) or {}, source.path))
        return found

    def _named(self, entries: Mapping[str, Entry], context: Entry, word: str) -> Entry:
        name = str(context.content.get(word, ""))
        if name not in entries:
            raise KubeconfigError(f'context "{context.name}" in {context.path} names {word} "{name}", which does not exist')
        return entries[name]


def write_context(
    path: Path,
    name: str,
    *,
    server: str,
    grpc: str,
    tokens: str = "",
    ca: bytes,
    certificate: bytes,
    key: bytes,
    make_current: bool = True,
) -> None:
    """Puts a cluster, its user and their context into the file, all called `name`, in place of what had that name."""
    cluster = {
        "server": server,
        "certificate-authority-data": _base64(ca),
        "extensions": [{"name": EXTENSION, "extension": {"grpc": grpc, **({"tokens": tokens} if tokens else {})}}],
    }
    user = {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}

    def put(document: Document) -> None:
        set_entry(document, "clusters", name, cluster)
        set_entry(document, "users", name, user)
        set_entry(document, "contexts", name, {"cluster": name, "user": name})
        if make_current:
            document["current-context"] = name

    change(path, put)


def remove_context(path: Path, name: str) -> None:
    """Takes the context, and the cluster and user of the same name, out of the file. Not to have them is fine."""

    def take(document: Document) -> None:
        for section in SECTIONS:
            remove_entry(document, section, name)
        if document.get("current-context") == name:
            document["current-context"] = ""

    if path.exists():
        change(path, take)


def set_entry(document: Document, section: str, name: str, content: Document) -> None:
    items: list[Document] = document.setdefault(section, None) or []
    document[section] = items
    for item in items:
        if item.get("name") == name:
            item[SECTIONS[section]] = content
            return
    items.append({"name": name, SECTIONS[section]: content})


def remove_entry(document: Document, section: str, name: str) -> bool:
    """Whether there was one."""
    items = document.get(section) or []
    kept = [item for item in items if item.get("name") != name]
    document[section] = kept
    return len(kept) < len(items)


def change(path: Path, edit: Callable[[Document], None]) -> None:
    """Reads the file, lets `edit` change the document, and puts it back in one step, readable by its owner alone."""
    from controlplane.api import yaml_text

    document = _read(path) or {"apiVersion": "v1", "kind": "Config", "preferences": {}}
    edit(document)
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(yaml_text.dump(document))
        if target.exists() and os.geteuid() == 0:
            owner = target.stat()
            os.chown(temporary, owner.st_uid, owner.st_gid)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> Document:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"{path}: {error}") from error
    document = _parse(text, path)
    if not isinstance(document, dict):
        raise KubeconfigError(f"{path}: not a kubeconfig file: it must hold fields such as clusters, users and contexts")
    return document


def _parse(text: str, path: Path) -> object:
    from controlplane.api import yaml_text

    try:
        documents = yaml_text.load_all(text)
    except ValueError as error:
        raise KubeconfigError(f"{path}: {error}") from error
    return next((document.value for document in documents if document.value is not None), {})


def _items(source: Source, section: str) -> list[Document]:
    items = source.document.get(section) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise KubeconfigError(f"{source.path}: {section} must be a list of entries with a name")
    return items


def _address(cluster: Entry, which: str) -> str:
    """`grpc` is where certificates are asked for, `tokens` where they are not."""
    for extension in cluster.content.get("extensions") or ():
        if isinstance(extension, dict) and extension.get("name") == EXTENSION:
            address = (extension.get("extension") or {}).get(which)
            if address:
                return str(address)
    raise KubeconfigError(
        f'cluster "{cluster.name}" in {cluster.path} has no extension named {EXTENSION} with a {which} address; '
        "it seems not to be one of ours"
    )


def _token_file(user: Entry) -> Path | None:
    named = user.content.get("tokenFile")
    return user.path.parent / str(named) if named else None


def _impersonation(user: Entry) -> Impersonation | None:
    """Whom the user acts as, by the fields `as`, `as-uid`, `as-groups` and `as-user-extra`."""
    from controlplane.client.connection import Impersonation

    name = user.content.get("as")
    if not name:
        return None
    extra = user.content.get("as-user-extra") or {}
    return Impersonation(
        str(name),
        tuple(map(str, user.content.get("as-groups") or ())),
        str(user.content.get("as-uid") or ""),
        tuple((str(key), tuple(map(str, values))) for key, values in extra.items()),
    )


def _material(entry: Entry, field: str) -> bytes:
    """A certificate or key: inline, or from the file that is named. Inline wins, as with kubectl."""
    inline, named = entry.content.get(f"{field}-data"), entry.content.get(field)
    if inline:
        try:
            return base64.b64decode(str(inline), validate=True)
        except binascii.Error as error:
            raise KubeconfigError(f'"{entry.name}" in {entry.path}: {field}-data is not base64: {error}') from error
    if not named:
        return b""
    path = entry.path.parent / str(named)
    try:
        return path.read_bytes()
    except OSError as error:
        raise KubeconfigError(f'"{entry.name}" in {entry.path}: cannot read {field}: {error}') from error


def _with_whole_paths(entry: Entry) -> Document:
    told = dict(entry.content)
    for field in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
        if told.get(field):
            told[field] = str(entry.path.parent.absolute() / str(told[field]))
    return told


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
