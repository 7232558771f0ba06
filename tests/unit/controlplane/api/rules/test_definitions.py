"""Which CustomResourceDefinitions may be stored."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.api import registry
from tests.support.custom import definition_document, version
from tests.unit.controlplane.api.rules.documents import problems, update

KIND = registry.CUSTOM_RESOURCE_DEFINITIONS
Doc = dict[str, Any]

ESTABLISHED = {"status": {"conditions": [{"type": "Established", "status": "True"}], "storedVersions": ["v1"]}}
SCALE = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
LABEL = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
    "end with an alphanumeric character"
)
COLUMN = {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"}


def changed(**spec: Any) -> Doc:
    document = definition_document()
    return document | {"spec": document["spec"] | spec}


def renamed(**names: Any) -> Doc:
    return changed(names={"plural": "crontabs", "kind": "CronTab"} | names)


@pytest.mark.parametrize(
    "document",
    [
        definition_document(),
        renamed(singular="ct", shortNames=["c"], categories=["all"], listKind="CronTabs"),
        changed(versions=[version("v1beta1", storage=False), version("v1")]),
        changed(versions=[version(subresources={"status": {}, "scale": SCALE})]),
        changed(versions=[version(additionalPrinterColumns=[COLUMN | {"format": "byte", "priority": 1}])]),
        changed(versions=[version(selectableFields=[{"jsonPath": ".spec.image"}])]),
        changed(versions=[version(deprecated=True, deprecationWarning="use another")]),
        changed(conversion={"strategy": "None"}),
    ],
)
def test_a_sound_definition_passes(document: Doc) -> None:
    assert problems(KIND, document) == []


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (definition_document() | {"metadata": {"name": "a.b.c"}},
         ['metadata.name: Invalid value: "a.b.c": must be spec.names.plural+"."+spec.group']),
        (definition_document(group="local"),
         ['spec.group: Invalid value: "local": should be a domain with at least one dot']),
        (changed(scope=""), ['spec.scope: Required value: use "Cluster", "Namespaced"']),
        (changed(scope="Global"), ['spec.scope: Unsupported value: "Global": supported values: "Cluster", "Namespaced"']),
        (renamed(kind="Cron Tab"),
         [f'spec.names.singular: Invalid value: "cron tab": {LABEL}',
          f'spec.names.kind: Invalid value: "Cron Tab": may have mixed case, but should otherwise match: {LABEL}',
          f'spec.names.listKind: Invalid value: "Cron TabList": may have mixed case, but should otherwise match: {LABEL}']),
        (renamed(listKind="CronTab"),
         ['spec.names.listKind: Invalid value: "CronTab": kind and listKind may not be the same']),
        (changed(versions=[version(storage=False)]),
         ["spec.versions: Invalid value: []: must have exactly one version marked as storage version"]),
        (changed(versions=[version(), version(storage=False)]),
         ['spec.versions: Invalid value: ["v1","v1"]: must contain unique version names']),
        (changed(versions=[version("v1"), version("v2")]),
         ['spec.versions: Invalid value: ["v1","v2"]: must have exactly one version marked as storage version']),
        (changed(versions=[version(schema={})]),
         ["spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"]),
        (changed(versions=[version(schema={"openAPIV3Schema": {"type": "array", "items": {"type": "string"}}})]),
         ['spec.versions[0].schema.openAPIV3Schema.type: Invalid value: "array": must be object at the root']),
        (changed(preserveUnknownFields=True),
         ["spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to "
          "true in spec.versions[*].schema instead"]),
        (changed(conversion={"strategy": "Webhook"}),
         ["spec.conversion.strategy: Forbidden: this server calls no webhooks; use None, with versions that differ in their "
          "name only"]),
        (changed(versions=[version(subresources={"scale": SCALE | {"specReplicasPath": ".status.x"}})]),
         ['spec.versions[0].subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under '
          ".spec"]),
        (changed(versions=[version(subresources={"scale": SCALE | {"statusReplicasPath": ""}})]),
         ["spec.versions[0].subresources.scale.statusReplicasPath: Required value"]),
        (changed(versions=[version(additionalPrinterColumns=[COLUMN | {"type": "text"}])]),
         ['spec.versions[0].additionalPrinterColumns[0].type: Unsupported value: "text": supported values: "boolean", '
          '"date", '
          '"integer", "number", "string"']),
        (changed(versions=[version(additionalPrinterColumns=[COLUMN | {"jsonPath": "spec"}])]),
         ['spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: "spec": must be a simple json path '
          "starting "
          "with ."]),
        (changed(versions=[version(selectableFields=[{"jsonPath": ".spec.nothing"}])]),
         ['spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".spec.nothing": is an invalid path: does not '
          "refer to "
          'a valid field: "nothing"']),
        (changed(versions=[version(selectableFields=[{"jsonPath": ".spec.notes"}])]),
         ['spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".spec.notes": must point to a field of type '
          "string, "
          "boolean or integer. Enum string fields and strings with formats are allowed."]),
        (changed(versions=[version(selectableFields=[{"jsonPath": ".metadata.name"}])]),
         ['spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".metadata.name": must not point to fields in '
          "metadata"]),
        (changed(versions=[version(deprecationWarning="x")]),
         ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions']),
        (definition_document(group="apps.k8s.io"),
         ['metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation '
          '"api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111']),
    ],
)  # fmt: skip
def test_an_unsound_definition_is_told_why(document: Doc, told: list[str]) -> None:
    assert problems(KIND, document) == told


def test_with_a_status_of_its_own_the_root_says_little() -> None:
    rooted = version()["schema"]["openAPIV3Schema"] | {"anyOf": [{"required": ["spec"]}]}
    document = changed(versions=[version(schema={"openAPIV3Schema": rooted}, subresources={"status": {}})])
    assert [one.split(": Invalid")[0] for one in problems(KIND, document)] == ["spec.versions[0].schema.openAPIV3Schema"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (changed(), changed(scope="Cluster"), []),
        (changed() | ESTABLISHED, changed(scope="Cluster") | ESTABLISHED,
         ['spec.scope: Invalid value: "Cluster": field is immutable']),
        (changed() | ESTABLISHED, renamed(kind="Tab") | ESTABLISHED,
         ['spec.names.kind: Invalid value: "Tab": field is immutable']),
        (changed(), changed(group="other.example.com"),
         ['spec.group: Invalid value: "other.example.com": field is immutable']),
        (changed() | ESTABLISHED, renamed(shortNames=["ct"]) | ESTABLISHED, []),
        (changed() | ESTABLISHED, changed(versions=[version("v2")]) | ESTABLISHED,
         ['status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage '
          "version, and "
          "must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes "
          "v1 from "
          "status.storedVersions"]),
    ],
)  # fmt: skip
def test_what_objects_depend_on_stays(old: Doc, new: Doc, told: list[str]) -> None:
    assert update(KIND, old, new) == told
