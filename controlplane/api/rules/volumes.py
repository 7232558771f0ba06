"""Rules for a pod's volumes: each a name and exactly one source."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from controlplane.api import names
from controlplane.api.rules.environment import check_field_ref, check_resource_ref
from controlplane.api.rules.metadata import check_annotations, check_labels, check_selector
from controlplane.api.rules.mounts import check_local_path
from controlplane.api.rules.places import Place, report_duplicates
from controlplane.api.rules.resources import check_quantity
from controlplane.api.rules.storage import check_claim_spec
from controlplane.api.rules.volume_sources import check_fields
from protos.v1 import core_pb2 as core

_MEDIA = ("Memory",)
_FILE_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations")
_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_LARGEST_MODE = 0o777
_LEAST_TOKEN_SECONDS = 600
_MOST_TOKEN_SECONDS = 1 << 32
_LEAST_CERTIFICATE_SECONDS = 3600
_MOST_CERTIFICATE_SECONDS = 91 * 86400

Files = core.SecretVolumeSource | core.ConfigMapVolumeSource | core.DownwardAPIVolumeSource | core.ProjectedVolumeSource


def check_volumes(at: Place, volumes: Iterable[core.Volume]) -> None:
    for place, volume in at.each(volumes):
        (place / "name").needs(volume.name, names.dns_label)
        _check_source(place, volume.volume_source)
    report_duplicates(at, [volume.name for volume in volumes], "name")


def _check_source(at: Place, source: core.VolumeSource) -> None:
    given = [field for field, _ in source.ListFields()]
    if not given:
        at.required("must specify a volume type, such as emptyDir: {}")
    for field in given[1:]:
        (at / field.json_name).forbidden("may not specify more than 1 volume type")
    for field, value in source.ListFields():
        check_fields(at / field.json_name, field.name, value)
    if source.HasField("empty_dir"):
        _check_empty_dir(at / "emptyDir", source.empty_dir)
    if source.HasField("secret"):
        (at / "secret" / "secretName").needs(source.secret.secret_name, names.dns_subdomain)
        _check_files(at / "secret", source.secret)
        _check_items(at / "secret" / "items", source.secret.items)
    if source.HasField("config_map"):
        (at / "configMap" / "name").needs(source.config_map.local_object_reference.name, names.dns_subdomain)
        _check_files(at / "configMap", source.config_map)
        _check_items(at / "configMap" / "items", source.config_map.items)
    if source.HasField("downward_api"):
        _check_files(at / "downwardAPI", source.downward_api)
        _check_downward(at / "downwardAPI" / "items", source.downward_api.items)
    if source.HasField("projected"):
        _check_projected(at / "projected", source.projected)
    if source.HasField("ephemeral"):
        _check_ephemeral(at / "ephemeral" / "volumeClaimTemplate", source.ephemeral)


def _check_ephemeral(at: Place, source: core.EphemeralVolumeSource) -> None:
    """The claim is named after the pod and the volume."""
    if not source.HasField("volume_claim_template"):
        at.required()
        return
    template = source.volume_claim_template
    check_labels(at / "metadata" / "labels", template.metadata.labels)
    check_annotations(at / "metadata" / "annotations", template.metadata.annotations)
    check_claim_spec(at / "spec", template.spec)


def _check_empty_dir(at: Place, source: core.EmptyDirVolumeSource) -> None:
    if source.medium and not source.medium.startswith("HugePages"):
        (at / "medium").one_of(source.medium, _MEDIA)
    if source.HasField("size_limit"):
        check_quantity(at / "sizeLimit", source.size_limit)


def _check_files(at: Place, source: Files) -> None:
    if source.HasField("default_mode"):
        _check_mode(at / "defaultMode", source.default_mode)


def _check_mode(at: Place, mode: int) -> None:
    if not 0 <= mode <= _LARGEST_MODE:
        at.invalid(mode, "must be a number between 0 and 0777 (octal), both inclusive; in JSON write it in decimal")


def _check_items(at: Place, items: Iterable[core.KeyToPath]) -> None:
    for place, item in at.each(items):
        (place / "key").needs(item.key)
        _check_file(place, item)


def _check_file(at: Place, item: core.KeyToPath | core.DownwardAPIVolumeFile) -> None:
    _check_path(at / "path", item.path)
    if item.HasField("mode"):
        _check_mode(at / "mode", item.mode)


def _check_path(at: Place, path: str) -> None:
    if not path:
        at.required()
    elif posixpath.normpath(path).startswith(".."):
        at.invalid(path, "must not start with '..'")
    else:
        check_local_path(at, path)


def _check_downward(at: Place, items: Iterable[core.DownwardAPIVolumeFile]) -> None:
    for place, item in at.each(items):
        _check_file(place, item)
        if item.HasField("field_ref") and item.HasField("resource_field_ref"):
            place.forbidden("fieldRef and resourceFieldRef can not be specified simultaneously")
        elif item.HasField("field_ref"):
            check_field_ref(place / "fieldRef", item.field_ref, _FILE_FIELDS)
        elif item.HasField("resource_field_ref"):
            (place / "resourceFieldRef" / "containerName").needs(item.resource_field_ref.container_name)
            check_resource_ref(place / "resourceFieldRef", item.resource_field_ref)
        else:
            place.required("one of fieldRef and resourceFieldRef is required")


def _check_projected(at: Place, source: core.ProjectedVolumeSource) -> None:
    _check_files(at, source)
    for place, projection in (at / "sources").each(source.sources):
        given = [field for field, _ in projection.ListFields()]
        if not given:
            place.required("must specify a source")
        for field in given[1:]:
            (place / field.json_name).forbidden("may not specify more than 1 volume type per source")
        _check_projection(place, projection)


def _check_projection(at: Place, projection: core.VolumeProjection) -> None:
    if projection.HasField("secret"):
        (at / "secret" / "name").needs(projection.secret.local_object_reference.name)
        _check_items(at / "secret" / "items", projection.secret.items)
    if projection.HasField("config_map"):
        (at / "configMap" / "name").needs(projection.config_map.local_object_reference.name)
        _check_items(at / "configMap" / "items", projection.config_map.items)
    _check_downward(at / "downwardAPI" / "items", projection.downward_api.items)
    if projection.HasField("service_account_token"):
        _check_token(at / "serviceAccountToken", projection.service_account_token)
    if projection.HasField("cluster_trust_bundle"):
        _check_bundle(at / "clusterTrustBundle", projection.cluster_trust_bundle)
    if projection.HasField("pod_certificate"):
        _check_certificate(at / "podCertificate", projection.pod_certificate)


def _check_token(at: Place, token: core.ServiceAccountTokenProjection) -> None:
    if token.expiration_seconds < _LEAST_TOKEN_SECONDS:
        (at / "expirationSeconds").invalid(token.expiration_seconds, "may not specify a duration less than 10 minutes")
    elif token.expiration_seconds > _MOST_TOKEN_SECONDS:
        (at / "expirationSeconds").invalid(token.expiration_seconds, "may not specify a duration larger than 2^32 seconds")
    _check_path(at / "path", token.path)


def _check_bundle(at: Place, bundle: core.ClusterTrustBundleProjection) -> None:
    if bundle.name and bundle.signer_name:
        at.invalid(bundle, "only one of name and signerName may be used")
    elif not bundle.name and not bundle.signer_name:
        at.required("either name or signerName must be set")
    if bundle.HasField("label_selector"):
        if bundle.name:
            (at / "labelSelector").invalid(bundle.label_selector, "may not be used together with name")
        check_selector(at / "labelSelector", bundle.label_selector)
    _check_path(at / "path", bundle.path)


def _check_certificate(at: Place, certificate: core.PodCertificateProjection) -> None:
    (at / "signerName").needs(certificate.signer_name)
    (at / "keyType").one_of(certificate.key_type, _KEY_TYPES)
    paths = {
        "credentialBundlePath": certificate.credential_bundle_path,
        "keyPath": certificate.key_path,
        "certificateChainPath": certificate.certificate_chain_path,
    }
    if not any(paths.values()):
        at.required("must specify at least one of credentialBundlePath, keyPath and certificateChainPath")
    for field, path in paths.items():
        if path:
            _check_path(at / field, path)
    if certificate.HasField("max_expiration_seconds"):
        seconds = at / "maxExpirationSeconds"
        seconds.between(certificate.max_expiration_seconds, _LEAST_CERTIFICATE_SECONDS, _MOST_CERTIFICATE_SECONDS)
