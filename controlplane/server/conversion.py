"""Convert: a document of any version that is read, in the version asked for. Nothing is stored or looked up."""

from __future__ import annotations

from typing import Any

import orjson

from controlplane.api import codec, errors, yaml_text
from controlplane.api.catalogue import Catalogue
from controlplane.api.kind import Kind
from controlplane.api.patches.reading import MOST_BYTES, check_depth
from controlplane.server.authz import Authorizer
from controlplane.server.users import Caller
from protos.v1 import resources_pb2 as wire


class Conversion:
    """For everyone who may see which kinds there are."""

    def __init__(self, catalogue: Catalogue, authorizer: Authorizer) -> None:
        self._catalogue = catalogue
        self._authorizer = authorizer

    async def convert(self, caller: Caller, request: wire.ConvertRequest) -> wire.ConvertResponse:
        self._authorizer.check_path(caller, "get", "/apis")
        document = _document(request.document)
        kind = self._kind(document)
        decoded = codec.decode(kind, document)
        converted = codec.to_dict(kind, decoded.obj, api_version=request.api_version or kind.api_version)
        return wire.ConvertResponse(document=orjson.dumps(converted), warnings=decoded.warnings)

    def _kind(self, document: dict[str, Any]) -> Kind[Any]:
        version, name = document.get("apiVersion"), document.get("kind")
        if isinstance(version, str) and isinstance(name, str):
            kind = self._catalogue.by_type(version, name)
            if kind is not None:
                return kind
        return codec.kind_of_document(document)


def _document(text: bytes) -> dict[str, Any]:
    """One object, in JSON or YAML."""
    if len(text) > MOST_BYTES:
        raise errors.TooLarge(f"document: takes {len(text)} bytes; the limit is {MOST_BYTES}")
    try:
        documents = yaml_text.load_all(text.decode())
    except (yaml_text.YamlError, UnicodeDecodeError) as error:
        raise errors.BadRequest(f"document: {error}") from error
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        raise errors.BadRequest("document: must be one object in JSON or YAML, with apiVersion and kind")
    check_depth(documents[0].value, "the document")
    return documents[0].value
