"""Manifests: objects from files, folders and standard input. YAML or JSON, several documents to a file, Lists taken apart.

Reading is strict and complete: whatever is wrong in any document of any file is told at once, each with its file, document
and line, and then nothing is returned.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from controlplane.api import codec, registry
from controlplane.api.conversion.table import deprecation
from controlplane.api.errors import StatusError
from controlplane.api.objects import ApiObject, copy_of
from controlplane.api.registry import Kind
from protos.v1.apiextensions_pb2 import CustomResourceDefinition

STDIN = "-"
SUFFIXES = (".json", ".yaml", ".yml")
# (apiVersion, kind) -> the kind, None for one that is not served
Lookup = Callable[[str, str], "Kind[Any] | None"]


class ManifestError(Exception):
    """`problems` has one line for each document that cannot be used."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, as written (`document`) and as understood (`obj`). `place` is where: `web.yaml, document 2 (line 14)`;
    `deprecation` says what there is against the version it is written in."""

    kind: Kind[Any]
    obj: ApiObject
    document: dict[str, Any]
    place: str
    deprecation: str | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    value: object
    place: str


def read(
    names: Iterable[str], *, recursive: bool = False, strict: bool = True, lookup: Lookup | None = None
) -> list[Manifest]:
    """The objects of all files, in order. A name is a file, a folder (its YAML and JSON files; those below it too if
    `recursive`), or `-` for standard input. Without `strict`, unknown fields are dropped. `lookup` knows kinds beyond the
    table; those that the manifests themselves define are known from there on."""
    found: list[Manifest] = []
    problems: list[str] = []
    for name in names:
        try:
            for path in _files(name, recursive):
                _take(_text(path), "standard input" if path == STDIN else path, found, problems, strict, lookup)
        except (OSError, ManifestError) as error:
            problems.append(_why(error, name))
    if problems:
        raise ManifestError(problems)
    return found


def parse(text: str, source: str, *, strict: bool = True) -> list[Manifest]:
    """The objects of one text; `source` names it in errors."""
    found: list[Manifest] = []
    problems: list[str] = []
    _take(text, source, found, problems, strict, None)
    if problems:
        raise ManifestError(problems)
    return found


def _files(name: str, recursive: bool) -> list[str]:
    path = Path(name)
    if name == STDIN or not path.is_dir():
        return [name]
    below = path.rglob("*") if recursive else path.iterdir()
    files = sorted(str(file) for file in below if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise ManifestError([f"{name}: no files there that end in {', '.join(SUFFIXES)}"])
    return files


def _text(path: str) -> str:
    content = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError([f"{path}: not UTF-8 text: {error.reason} at byte {error.start}"]) from error


def _why(error: Exception, name: str) -> str:
    if isinstance(error, FileNotFoundError):
        return f'the path "{name}" does not exist'
    if isinstance(error, OSError):
        return f"{name}: {error.strerror}"
    return str(error)


def _take(text: str, source: str, found: list[Manifest], problems: list[str], strict: bool, lookup: Lookup | None) -> None:
    from controlplane.api import yaml_text

    try:
        documents = yaml_text.load_all(text)
    except ValueError as error:
        problems.append(f"{source}: {error}")
        return
    if not documents:
        problems.append(f"{source}: no objects in it")
    for number, document in enumerate(documents, 1):
        place = source if len(documents) == 1 else f"{source}, document {number} (line {document.line})"
        for part in _parts(document.value, place):
            try:
                found.append(_manifest(part, strict, _kind_of(part.value, found, lookup)))
            except StatusError as error:
                problems.append(f"{part.place}: {error}")


def _parts(value: object, place: str) -> Iterator[_Part]:
    """The document, or the items of a List (`List`, `PodList`, …)."""
    if not _is_list(value):
        yield _Part(value, place)
        return
    assert isinstance(value, dict)
    kind = str(value["kind"]).removesuffix("List")
    for number, item in enumerate(value["items"] or (), 1):
        if kind and isinstance(item, dict):
            item = {"apiVersion": value.get("apiVersion"), "kind": kind, **item}
        yield _Part(item, f"{place}, item {number}")


def _is_list(value: object) -> bool:
    return isinstance(value, dict) and str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list)


def _kind_of(value: object, found: Sequence[Manifest], lookup: Lookup | None) -> Kind[Any] | None:
    """The kind of a document that is not in the table; None for those that are, and where nobody knows."""
    if not isinstance(value, dict):
        return None
    api_version, name = str(value.get("apiVersion") or ""), str(value.get("kind") or "")
    if not api_version or not name or registry.by_type(api_version, name) is not None:
        return None
    return _defined_in(found, api_version, name) or (lookup(api_version, name) if lookup is not None else None)


def _defined_in(found: Sequence[Manifest], api_version: str, name: str) -> Kind[Any] | None:
    """The kind as a definition among the manifests will have it."""
    documents = [each.obj for each in found if each.kind is registry.CUSTOM_RESOURCE_DEFINITIONS]
    if not documents:
        return None
    from controlplane.api.catalogue import custom_kind
    from controlplane.api.custom import definitions

    for document in documents:
        definition = cast("CustomResourceDefinition", copy_of(document))
        definitions.fill_defaults(definition)
        definition = definitions.settled(definition, (), now=0)
        try:
            kind = custom_kind(definition)
        except ValueError:  # the server will say what is wrong with it
            continue
        if kind.name == name and api_version in (kind.api_version, *kind.older):
            return dataclasses.replace(kind, schemas={})  # the server fills in defaults, a manifest stays as it is
    return None


def _manifest(part: _Part, strict: bool, kind: Kind[Any] | None) -> Manifest:
    obj = codec.from_dict(kind, part.value, strict=strict)
    assert isinstance(part.value, dict)
    kind = kind or registry.kind_of(obj)
    return Manifest(kind, obj, part.value, part.place, deprecation(kind, part.value.get("apiVersion", kind.api_version)))
