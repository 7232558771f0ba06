"""Rules for storage: PersistentVolumes, the claims on them, and the classes that make them."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from controlplane.api import names, quantity
from controlplane.api.rules.metadata import check_selector
from controlplane.api.rules.placement import check_node_selector
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.resources import check_quantity
from controlplane.api.rules.volume_sources import check_fields
from protos.v1 import core_pb2 as core
from protos.v1 import storage_pb2 as storage

_MODES = ("Block", "Filesystem")
_ALONE = "ReadWriteOncePod"
_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", _ALONE)
_VOLUME_POLICIES = ("Delete", "Recycle", "Retain")
_CLASS_POLICIES = ("Delete", "Retain")
_BINDING_MODES = ("Immediate", "WaitForFirstConsumer")
_STORAGE = "storage"
_MOST_PARAMETERS = 512
_PARAMETER_BYTES = 256 * 1024

AnyReference = core.TypedLocalObjectReference | core.TypedObjectReference


def check_persistent_volume(at: Place, volume: core.PersistentVolume) -> None:
    spec, place = volume.spec, at / "spec"
    _check_access_modes(place, spec.access_modes, missing="")
    _check_capacity(place / "capacity", spec.capacity)
    (place / "persistentVolumeReclaimPolicy").one_of(spec.persistent_volume_reclaim_policy, _VOLUME_POLICIES)
    _check_class_name(place / "storageClassName", spec.storage_class_name)
    if spec.HasField("volume_attributes_class_name"):
        (place / "volumeAttributesClassName").needs(spec.volume_attributes_class_name, names.dns_subdomain)
    (place / "volumeMode").one_of(spec.volume_mode, _MODES)
    if spec.HasField("node_affinity"):
        _check_node_affinity(place / "nodeAffinity", spec.node_affinity)
    _check_volume_source(place, spec)


def _check_access_modes(at: Place, modes: Iterable[str], *, missing: str) -> None:
    place, given = at / "accessModes", list(modes)
    if not given:
        place.required(missing)
    for mode in given:
        place.one_of(mode, _ACCESS_MODES)
    if _ALONE in given and len(given) > 1:
        place.forbidden(f"may not use {_ALONE} with other access modes")


def _check_capacity(at: Place, capacity: Any) -> None:
    if not capacity:
        at.required(f"say how large the volume is, as in {_STORAGE}: 10Gi")
    elif set(capacity) != {_STORAGE}:
        at.one_of(", ".join(sorted(capacity)), (_STORAGE,))
    for name, amount in capacity.items():
        check_positive(at[name], amount)


def check_positive(at: Place, amount: Any) -> Fraction | None:
    """The amount, or None if it is none that something can be made of."""
    number = check_quantity(at, amount)
    if number == 0:
        at.invalid(amount.string or "0", "must be greater than zero")
    return number or None


def _check_class_name(at: Place, name: str) -> None:
    if name:
        at.check(name, names.dns_subdomain)


def _check_node_affinity(at: Place, affinity: core.VolumeNodeAffinity) -> None:
    if affinity.HasField("required"):
        check_node_selector(at / "required", affinity.required)
    else:
        (at / "required").required("must specify required node constraints")


def _check_volume_source(at: Place, spec: core.PersistentVolumeSpec) -> None:
    source = spec.persistent_volume_source
    given = source.ListFields()
    if not given:
        at.required("must specify a volume type")
    for field, _ in given[1:]:
        (at / field.json_name).forbidden("may not specify more than 1 volume type")
    for field, value in given:
        check_fields(at / field.json_name, field.name, value)
    if source.HasField("host_path") and source.host_path.path == "/" and spec.persistent_volume_reclaim_policy == "Recycle":
        (at / "persistentVolumeReclaimPolicy").forbidden("may not be 'recycle' for a hostPath mount of '/'")
    if source.HasField("local") and not spec.HasField("node_affinity"):
        (at / "nodeAffinity").required("Local volume requires node affinity")


def check_persistent_volume_update(at: Place, old: core.PersistentVolume, new: core.PersistentVolume) -> None:
    place = at / "spec"
    if old.spec.persistent_volume_source != new.spec.persistent_volume_source:
        (place / "persistentvolumesource").forbidden("spec.persistentvolumesource is immutable after creation")
    (place / "volumeMode").unchanged(old.spec.volume_mode, new.spec.volume_mode)
    if old.spec.HasField("node_affinity"):
        (place / "nodeAffinity").unchanged(old.spec.node_affinity, new.spec.node_affinity)


def check_claim(at: Place, claim: core.PersistentVolumeClaim) -> None:
    check_claim_spec(at / "spec", claim.spec)


def check_claim_spec(at: Place, spec: core.PersistentVolumeClaimSpec) -> None:
    """Also of the claims that pods and StatefulSets have made for them."""
    _check_access_modes(at, spec.access_modes, missing="at least 1 access mode is required")
    if spec.HasField("selector"):
        check_selector(at / "selector", spec.selector)
    size = (at / "resources")[_STORAGE]
    if _STORAGE not in spec.resources.requests:
        size.required("say how much is asked for, in resources.requests")
    else:
        check_positive(size, spec.resources.requests[_STORAGE])
    if _STORAGE in spec.resources.limits:
        _check_limit(at / "resources" / "requests", spec.resources)
    _check_class_name(at / "storageClassName", spec.storage_class_name)
    (at / "volumeMode").one_of(spec.volume_mode, _MODES)
    if spec.HasField("data_source"):
        _check_reference(at / "dataSource", spec.data_source)
    if spec.HasField("data_source_ref"):
        _check_reference(at / "dataSourceRef", spec.data_source_ref)
    if spec.HasField("data_source") and spec.HasField("data_source_ref") and _differ(spec):
        at.invalid(spec.data_source, "must match dataSourceRef")


def _check_limit(at: Place, resources: core.VolumeResourceRequirements) -> None:
    requested = check_quantity(at[_STORAGE], resources.requests[_STORAGE])
    limit = check_quantity(at[_STORAGE], resources.limits[_STORAGE])
    if requested is not None and limit is not None and requested > limit:
        at[_STORAGE].invalid(
            resources.requests[_STORAGE].string,
            f"must be less than or equal to {_STORAGE} limit of {resources.limits[_STORAGE].string}",
        )


def _check_reference(at: Place, ref: AnyReference) -> None:
    (at / "name").needs(ref.name)
    (at / "kind").needs(ref.kind)
    if not ref.api_group and ref.kind and ref.kind != "PersistentVolumeClaim":
        (at / "kind").invalid(ref.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
    if ref.api_group:
        (at / "apiGroup").check(ref.api_group, names.dns_subdomain)


def _differ(spec: core.PersistentVolumeClaimSpec) -> bool:
    one, other = spec.data_source, spec.data_source_ref
    return (one.api_group, one.kind, one.name) != (other.api_group, other.kind, other.name)


def check_claim_update(at: Place, old: core.PersistentVolumeClaim, new: core.PersistentVolumeClaim) -> None:
    """A claim stands once it is made; a bound one may ask for more, and binding names the volume."""
    place = at / "spec"
    if _fixed_part(old, old=old) != _fixed_part(new, old=old):
        place.forbidden(
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
    before, after = _size(old.spec), _size(new.spec)
    if before is not None and after is not None and after < before and after <= _capacity(old):
        (place / "resources" / "requests" / _STORAGE).forbidden("field can not be less than status.capacity")


def _fixed_part(claim: core.PersistentVolumeClaim, *, old: core.PersistentVolumeClaim) -> core.PersistentVolumeClaimSpec:
    """The spec without what may change from `old`."""
    fixed = core.PersistentVolumeClaimSpec()
    fixed.CopyFrom(claim.spec)
    if not old.spec.volume_name:
        fixed.ClearField("volume_name")
    if not old.spec.HasField("storage_class_name"):
        fixed.ClearField("storage_class_name")
    if old.status.phase == "Bound":
        if _STORAGE in fixed.resources.requests:
            del fixed.resources.requests[_STORAGE]
        fixed.ClearField("volume_attributes_class_name")
    return fixed


def _size(spec: core.PersistentVolumeClaimSpec) -> Fraction | None:
    return _amount(spec.resources.requests[_STORAGE].string) if _STORAGE in spec.resources.requests else None


def _capacity(claim: core.PersistentVolumeClaim) -> Fraction:
    """What the claim has got; while that is not known, what it asked for."""
    found = _amount(claim.status.capacity[_STORAGE].string) if _STORAGE in claim.status.capacity else _size(claim.spec)
    return found or Fraction(0)


def _amount(text: str) -> Fraction | None:
    try:
        return quantity.parse(text)
    except ValueError:
        return None


def check_storage_class(at: Place, storage_class: storage.StorageClass) -> None:
    (at / "provisioner").needs(storage_class.provisioner.lower(), names.qualified_name)
    _check_parameters(at / "parameters", storage_class)
    (at / "reclaimPolicy").one_of(storage_class.reclaim_policy, _CLASS_POLICIES)
    (at / "volumeBindingMode").one_of(storage_class.volume_binding_mode, _BINDING_MODES)
    for place, term in (at / "allowedTopologies").each(storage_class.allowed_topologies):
        expressions = place / "matchLabelExpressions"
        for one, expression in expressions.each(term.match_label_expressions):
            (one / "key").needs(expression.key, names.qualified_name)
            if not expression.values:
                (one / "values").required()
            report_duplicates(one / "values", list(expression.values))
        report_duplicates(expressions, [one.key for one in term.match_label_expressions], "key")


def _check_parameters(at: Place, storage_class: storage.StorageClass) -> None:
    parameters = storage_class.parameters
    if len(parameters) > _MOST_PARAMETERS:
        at.too_many(len(parameters), _MOST_PARAMETERS)
    if "" in parameters:
        at.invalid("", "field must not be empty.")
    if sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items()) > _PARAMETER_BYTES:
        at.too_long(_PARAMETER_BYTES)


def check_storage_class_update(at: Place, old: storage.StorageClass, new: storage.StorageClass) -> None:
    fixed = {
        "parameters": old.parameters != new.parameters,
        "provisioner": old.provisioner != new.provisioner,
        "reclaimPolicy": old.reclaim_policy != new.reclaim_policy,
    }
    for field, has_changed in fixed.items():
        if has_changed:
            (at / field).forbidden(f"updates to {field} are forbidden.")
    (at / "volumeBindingMode").unchanged(old.volume_binding_mode, new.volume_binding_mode)
