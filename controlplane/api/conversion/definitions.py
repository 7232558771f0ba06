"""CustomResourceDefinitions of apiextensions.k8s.io/v1beta1.

There, what belongs to a version could stand once for all of them, schemas need not be complete, and unknown fields were
kept unless asked otherwise. In v1 every version has a schema that names the type of everything; keeping unknown fields is
said in the schema.
"""

from __future__ import annotations

from controlplane.api.conversion.documents import Doc, copied, items, made, move, part

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_SHARED = {"validation": "schema", "subresources": "subresources", "additionalPrinterColumns": "additionalPrinterColumns"}


def definition_in(doc: Doc) -> None:
    spec = made(doc, "spec")
    spec["scope"] = spec.get("scope") or "Namespaced"
    name = spec.pop("version", None)
    if not spec.get("versions") and name:
        spec["versions"] = [{"name": name, "served": True, "storage": True}]
    shared = {new: spec.pop(old) for old, new in _SHARED.items() if old in spec}
    keeps = spec.pop("preserveUnknownFields", None) is not False
    for version in items(spec, "versions"):
        for field, value in shared.items():
            if version.get(field) is None:
                version[field] = copied(value)
        for column in items(version, "additionalPrinterColumns"):
            move(column, "JSONPath", "jsonPath")
        root = made(version, "schema", "openAPIV3Schema")
        root.setdefault("type", "object")
        _complete(root, keeps=keeps)
    _conversion_in(part(spec, "conversion"))


def definition_out(doc: Doc) -> None:
    spec = part(doc, "spec")
    versions = list(items(spec, "versions"))
    for version in versions:
        for column in items(version, "additionalPrinterColumns"):
            move(column, "jsonPath", "JSONPath")
    if versions:
        spec["version"] = versions[0].get("name")
        roots = [part(version, "schema", "openAPIV3Schema") for version in versions]
        spec["preserveUnknownFields"] = all(root.get(_PRESERVE) is True for root in roots)
        for old, new in _SHARED.items():
            values = [version.get(new) for version in versions]
            if values[0] is not None and all(value == values[0] for value in values):
                spec[old] = values[0]
                for version in versions:
                    del version[new]
    _conversion_out(part(spec, "conversion"))


def _complete(schema: Doc, *, keeps: bool) -> None:
    """Gives a schema, and those inside it, the types that v1 insists on; those that tell nothing allow everything."""
    if "type" not in schema and not schema.get(_INT_OR_STRING):
        if "properties" in schema or "additionalProperties" in schema:
            schema["type"] = "object"
        elif "items" in schema:
            schema["type"] = "array"
        else:
            schema[_PRESERVE] = True
    # Beside additionalProperties, which allow every field anyway, v1 has no room for it.
    if keeps and schema.get("type") == "object" and "additionalProperties" not in schema:
        schema.setdefault(_PRESERVE, True)
    for inner in part(schema, "properties").values():
        if isinstance(inner, dict):
            _complete(inner, keeps=keeps)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            _complete(schema[name], keeps=keeps)


def _conversion_in(conversion: Doc) -> None:
    if conversion.get("strategy") != "Webhook" and "webhookClientConfig" not in conversion:
        conversion.pop("conversionReviewVersions", None)
        return
    webhook = made(conversion, "webhook")
    if "webhookClientConfig" in conversion:
        webhook["clientConfig"] = conversion.pop("webhookClientConfig")
    webhook["conversionReviewVersions"] = conversion.pop("conversionReviewVersions", None) or ["v1beta1"]


def _conversion_out(conversion: Doc) -> None:
    webhook = conversion.pop("webhook", None)
    if isinstance(webhook, dict):
        if "clientConfig" in webhook:
            conversion["webhookClientConfig"] = webhook["clientConfig"]
        conversion["conversionReviewVersions"] = webhook.get("conversionReviewVersions") or ["v1beta1"]
