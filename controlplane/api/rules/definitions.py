"""Rules for CustomResourceDefinitions: names, versions, what each version offers. Schemas have a module of their own."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.api import names
from controlplane.api.custom import definitions, paths
from controlplane.api.objects import condition_is
from controlplane.api.rules.places import Place
from controlplane.api.rules.schemas import check_schema
from protos.v1 import apiextensions_pb2 as apiextensions

_SCOPES = ("Cluster", "Namespaced")
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SELECTABLE_TYPES = ("string", "boolean", "integer")
_MOST_SELECTABLE = 8
_LONGEST_WARNING = 256
# With a status of its own, the root of a schema says only what can be said of spec and status one by one.
_AT_ROOT = {
    "description", "type", "format", "title", "maximum", "exclusive_maximum", "minimum", "exclusive_minimum", "max_length",
    "min_length", "pattern", "max_items", "min_items", "unique_items", "multiple_of", "required", "items", "properties",
    "external_docs", "example", "x_preserve_unknown_fields", "x_validations",
}  # fmt: skip

Spec = apiextensions.CustomResourceDefinitionSpec
Version = apiextensions.CustomResourceDefinitionVersion


def check_definition(at: Place, definition: apiextensions.CustomResourceDefinition) -> None:
    spec = definition.spec
    if definition.metadata.name and definition.metadata.name != f"{spec.names.plural}.{spec.group}":
        (at / "metadata" / "name").invalid(definition.metadata.name, 'must be spec.names.plural+"."+spec.group')
    _check_approval(at / "metadata" / "annotations", definition)
    _check_spec(at / "spec", spec)


def check_definition_update(
    at: Place, old: apiextensions.CustomResourceDefinition, new: apiextensions.CustomResourceDefinition
) -> None:
    spec = at / "spec"
    (spec / "group").unchanged(old.spec.group, new.spec.group)
    (spec / "names" / "plural").unchanged(old.spec.names.plural, new.spec.names.plural)
    if condition_is(old.status.conditions, definitions.ESTABLISHED):
        (spec / "scope").unchanged(old.spec.scope, new.spec.scope)
        (spec / "names" / "kind").unchanged(old.spec.names.kind, new.spec.names.kind)
    _check_stored_versions(at / "status" / "storedVersions", old, new.spec)


def _check_stored_versions(at: Place, old: apiextensions.CustomResourceDefinition, spec: Spec) -> None:
    """A version of which objects may still be stored stays."""
    removed = {version.name for version in old.spec.versions} - {version.name for version in spec.versions}
    for place, name in at.each(old.status.stored_versions):
        if name in removed:
            place.invalid(name, f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                          f"spec.versions until a storage migration ensures no data remains persisted in {name} and removes "
                          f"{name} from status.storedVersions")  # fmt: skip


def _check_approval(at: Place, definition: apiextensions.CustomResourceDefinition) -> None:
    if not definitions.is_protected(definition.spec.group):
        return
    value = definition.metadata.annotations.get(definitions.APPROVAL, "")
    place = at[definitions.APPROVAL]
    if not value:
        place.required(
            f'protected groups must have approval annotation "{definitions.APPROVAL}", see '
            "https://github.com/kubernetes/enhancements/pull/1111"
        )
    elif definitions.approval_of(value) is None:
        place.invalid(value, "must be a URL, or begin with unapproved")


def _check_spec(at: Place, spec: Spec) -> None:
    (at / "group").needs(spec.group, _group)
    (at / "scope").one_of(spec.scope, _SCOPES)
    _check_names(at / "names", spec.names)
    versions = at / "versions"
    stored = [version.name for version in spec.versions if version.storage]
    if len({version.name for version in spec.versions}) != len(spec.versions):
        versions.invalid([version.name for version in spec.versions], "must contain unique version names")
    if len(stored) != 1:
        versions.invalid(stored, "must have exactly one version marked as storage version")
    for place, version in versions.each(spec.versions):
        _check_version(place, version)
    if spec.preserve_unknown_fields:
        (at / "preserveUnknownFields").invalid(
            value=True, detail="cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead",
        )  # fmt: skip
    _check_conversion(at / "conversion", spec.conversion)


def _group(group: str) -> str | None:
    return names.dns_subdomain(group) or (None if "." in group else "should be a domain with at least one dot")


def _mixed(check: names.Check) -> names.Check:
    def checked(name: str) -> str | None:
        wrong = check(name.lower())
        return f"may have mixed case, but should otherwise match: {wrong}" if wrong else None

    return checked


def _check_names(at: Place, wanted: apiextensions.CustomResourceDefinitionNames) -> None:
    (at / "plural").needs(wanted.plural, names.dns_1035_label)
    (at / "singular").needs(wanted.singular, names.dns_1035_label)
    (at / "kind").needs(wanted.kind, _mixed(names.dns_1035_label))
    (at / "listKind").needs(wanted.list_kind, _mixed(names.dns_1035_label))
    if wanted.kind and wanted.kind == wanted.list_kind:
        (at / "listKind").invalid(wanted.list_kind, "kind and listKind may not be the same")
    for field, given in (("shortNames", wanted.short_names), ("categories", wanted.categories)):
        for place, name in (at / field).each(given):
            place.check(name, names.dns_1035_label)


def _check_version(at: Place, version: Version) -> None:
    (at / "name").needs(version.name, names.dns_1035_label)
    _check_deprecation(at / "deprecationWarning", version)
    schema = at / "schema"
    if not version.schema.HasField("open_api_v3_schema"):
        (schema / "openAPIV3Schema").required("schemas are required")
    else:
        root = version.schema.open_api_v3_schema
        if version.subresources.HasField("status"):
            _check_root(schema / "openAPIV3Schema", root)
        check_schema(schema, "openAPIV3Schema", root)
    _check_scale(at / "subresources" / "scale", version.subresources)
    for place, column in (at / "additionalPrinterColumns").each(version.additional_printer_columns):
        _check_column(place, column)
    _check_selectable(at / "selectableFields", version)


def _check_deprecation(at: Place, version: Version) -> None:
    if not version.HasField("deprecation_warning"):
        return
    text = version.deprecation_warning
    if not version.deprecated:
        at.invalid(text, "can only be set for deprecated versions")
    if len(text) > _LONGEST_WARNING:
        at.invalid(text, f"must be <= {_LONGEST_WARNING} characters long")
    if not text:
        at.invalid(text, "must not be an empty string")
    if not text.isprintable():
        at.invalid(text, "must only contain printable UTF-8 characters")


def _check_root(at: Place, schema: apiextensions.JSONSchemaProps) -> None:
    others = sorted(field.json_name for field, _ in schema.ListFields() if field.name not in _AT_ROOT)
    if others:
        at.invalid(
            others, "only fields that describe spec and status one by one are allowed at the root of the schema if the "
            "status subresource is enabled",
        )  # fmt: skip


def _check_scale(at: Place, subresources: apiextensions.CustomResourceSubresources) -> None:
    if not subresources.HasField("scale"):
        return
    scale = subresources.scale
    _check_path(at / "specReplicasPath", scale.spec_replicas_path, (".spec.",))
    _check_path(at / "statusReplicasPath", scale.status_replicas_path, (".status.",))
    if scale.label_selector_path:
        _check_path(at / "labelSelectorPath", scale.label_selector_path, (".spec.", ".status."))


def _check_path(at: Place, path: str, under: tuple[str, ...]) -> None:
    if not path:
        at.required()
    elif not path.startswith(under):
        at.invalid(path, f"should be a json path under {' or '.join(root.rstrip('.') for root in under)}")
    else:
        _readable(at, path, paths.fields_of)


def _readable(at: Place, path: str, read: Callable[[str], object]) -> None:
    try:
        read(path)
    except ValueError as error:
        at.invalid(path, f"must be a simple json path starting with .: {error}")


def _check_column(at: Place, column: apiextensions.CustomResourceColumnDefinition) -> None:
    (at / "name").needs(column.name)
    (at / "type").one_of(column.type, _COLUMN_TYPES)
    if column.format:
        (at / "format").one_of(column.format, _COLUMN_FORMATS)
    place = at / "jsonPath"
    if not column.json_path:
        place.required()
    elif not column.json_path.startswith("."):
        place.invalid(column.json_path, "must be a simple json path starting with .")
    else:
        _readable(place, column.json_path, lambda path: paths.read({}, path))


def _check_selectable(at: Place, version: Version) -> None:
    seen: set[str] = set()
    for item, field in at.each(version.selectable_fields):
        place, path = item / "jsonPath", field.json_path
        if not path:
            place.required()
            continue
        if path in seen:
            place.duplicate(path)
        seen.add(path)
        if path == ".metadata" or path.startswith(".metadata."):
            place.invalid(path, "must not point to fields in metadata")
            continue
        try:
            schema = _schema_at(version.schema.open_api_v3_schema, paths.fields_of(path))
        except ValueError as error:
            place.invalid(path, f"is an invalid path: {error}")
            continue
        if schema.type not in _SELECTABLE_TYPES:
            place.invalid(path, "must point to a field of type string, boolean or integer. Enum string fields and strings "
                          "with formats are allowed.")  # fmt: skip
    if len(seen) > _MOST_SELECTABLE:
        at.too_many(len(seen), _MOST_SELECTABLE)


def _schema_at(schema: apiextensions.JSONSchemaProps, steps: tuple[str, ...]) -> apiextensions.JSONSchemaProps:
    for step in steps:
        if step not in schema.properties:
            raise ValueError(f'does not refer to a valid field: "{step}"')
        schema = schema.properties[step]
    return schema


def _check_conversion(at: Place, conversion: apiextensions.CustomResourceConversion) -> None:
    if conversion.strategy == "Webhook":
        (at / "strategy").forbidden("this server calls no webhooks; use None, with versions that differ in their name only")
        return
    (at / "strategy").one_of(conversion.strategy, ("None", "Webhook"))
    if conversion.HasField("webhook"):
        (at / "webhook").forbidden("should not be set when strategy is not set to Webhook")
