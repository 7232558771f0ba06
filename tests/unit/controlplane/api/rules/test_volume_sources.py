"""Rules for what volumes are made from, of every kind of source."""

from typing import Any

import pytest

from controlplane.api.registry import PODS
from protos.v1 import core_pb2 as core
from tests.unit.controlplane.api.rules.documents import container, pod_spec, problems

CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
SOUND: dict[str, dict[str, Any]] = {
    "hostPath": {"path": "/data", "type": "Directory"},
    "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"},
    "gcePersistentDisk": {"pdName": "disk", "partition": 1},
    "awsElasticBlockStore": {"volumeID": "vol-1"},
    "gitRepo": {"repository": "https://example.com/a.git", "directory": "a/b"},
    "secret": {"secretName": "keys", "items": [{"key": "a", "path": "b/c"}]},
    "nfs": {"server": "nfs.example.com", "path": "/export"},
    "iscsi": {"targetPortal": "10.0.0.1:3260", "iqn": "iqn.2001-04.com.example:storage", "lun": 1},
    "glusterfs": {"endpoints": "gluster", "path": "vol"},
    "persistentVolumeClaim": {"claimName": "data"},
    "rbd": {"monitors": ["10.0.0.1"], "image": "foo"},
    "flexVolume": {"driver": "example.com/lvm"},
    "cinder": {"volumeID": "1"},
    "cephfs": {"monitors": ["10.0.0.1"]},
    "flocker": {"datasetName": "set"},
    "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]},
    "fc": {"targetWWNs": ["500a"], "lun": 2},
    "azureFile": {"secretName": "azure", "shareName": "share"},
    "configMap": {"name": "settings", "defaultMode": 256},
    "vsphereVolume": {"volumePath": "[ds] a"},
    "quobyte": {"registry": "quobyte:7861,other:7861", "volume": "vol"},
    "azureDisk": {"diskName": "a", "diskURI": "/subscriptions/a", "kind": "Managed"},
    "photonPersistentDisk": {"pdID": "1"},
    "portworxVolume": {"volumeID": "1"},
    "scaleIO": {"gateway": "https://a", "system": "s", "volumeName": "v", "secretRef": {"name": "s"}},
    "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}, {"configMap": {"name": "ca"}}]},
    "storageos": {"volumeName": "vol"},
    "csi": {"driver": "secrets.csi.example.com"},
    "ephemeral": {"volumeClaimTemplate": CLAIM},
    "image": {"reference": "busybox:1"},
}


def of(source: str, fields: dict[str, Any]) -> list[str]:
    """The problems of a pod with such a volume, without the path that they share."""
    spec = pod_spec(container(), volumes=[{"name": "data", source: fields}])
    return [problem.removeprefix("spec.volumes[0].") for problem in problems(PODS, {"spec": spec})]


def test_every_kind_of_volume_is_in_the_table() -> None:
    assert set(SOUND) == {field.json_name for field in core.VolumeSource.DESCRIPTOR.fields}


@pytest.mark.parametrize("source", SOUND)
def test_a_sound_source_is_accepted(source: str) -> None:
    assert of(source, SOUND[source]) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("hostPath", ["path"]),
        ("gcePersistentDisk", ["pdName"]),
        ("awsElasticBlockStore", ["volumeID"]),
        ("gitRepo", ["repository"]),
        ("secret", ["secretName"]),
        ("nfs", ["server", "path"]),
        ("iscsi", ["targetPortal", "iqn"]),
        ("glusterfs", ["endpoints", "path"]),
        ("persistentVolumeClaim", ["claimName"]),
        ("rbd", ["monitors", "image"]),
        ("flexVolume", ["driver"]),
        ("cinder", ["volumeID"]),
        ("cephfs", ["monitors"]),
        ("azureFile", ["secretName", "shareName"]),
        ("configMap", ["name"]),
        ("vsphereVolume", ["volumePath"]),
        ("quobyte", ["registry", "volume"]),
        ("azureDisk", ["diskName", "diskURI"]),
        ("photonPersistentDisk", ["pdID"]),
        ("portworxVolume", ["volumeID"]),
        ("scaleIO", ["gateway", "system", "volumeName"]),
        ("storageos", ["volumeName"]),
        ("csi", ["driver"]),
        ("image", ["reference"]),
    ],
)
def test_what_a_source_needs(source: str, found: list[str]) -> None:
    assert of(source, {}) == [f"{source}.{field}: Required value" for field in found]


@pytest.mark.parametrize(
    ("source", "fields", "found"),
    [
        ("hostPath", {"path": "/a/../b"}, ['hostPath.path: Invalid value: "/a/../b": must not contain \'..\'']),
        ("nfs", {"path": "a"}, ['nfs.path: Invalid value: "a": must be an absolute path']),
        ("gcePersistentDisk", {"partition": 256},
         ["gcePersistentDisk.partition: Invalid value: 256: must be between 0 and 255, inclusive"]),
        ("gitRepo", {"directory": "/a"}, ['gitRepo.directory: Invalid value: "/a": must be a relative path']),
        ("iscsi", {"iqn": "x"}, ['iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa']),
        ("iscsi", {"lun": -1}, ["iscsi.lun: Invalid value: -1: must be between 0 and 255, inclusive"]),
        ("iscsi", {"chapAuthSession": True}, ["iscsi.secretRef: Required value"]),
        ("flocker", {"datasetName": ""}, ["flocker: Required value: one of datasetName and datasetUUID is required"]),
        ("flocker", {"datasetUUID": "1"},
         ['flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously']),
        ("flocker", {"datasetName": "a/b"}, ["flocker.datasetName: Invalid value: \"a/b\": must not contain '/'"]),
        ("fc", {"targetWWNs": []},
         ["fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both"]),
        ("fc", {"wwids": ["1"]},
         ['fc.targetWWNs: Invalid value: ["500a"]: targetWWNs and wwids can not be specified simultaneously']),
        ("fc", {"lun": None}, ["fc.lun: Required value: lun is required if targetWWNs is specified"]),
        ("quobyte", {"registry": "a"},
         ['quobyte.registry: Invalid value: "a": must be a host:port pair or multiple pairs separated by commas']),
        ("azureDisk", {"cachingMode": "x"},
         ['azureDisk.cachingMode: Unsupported value: "x": supported values: "None", "ReadOnly", "ReadWrite"']),
        ("azureDisk", {"kind": "x"},
         ['azureDisk.kind: Unsupported value: "x": supported values: "Dedicated", "Managed", "Shared"']),
        ("azureDisk", {"diskURI": "x"},
         ["azureDisk.diskURI: Invalid value: \"x\": must start with '/subscriptions' for a managed disk"]),
        ("csi", {"driver": "x" * 64}, ["csi.driver: Too long: may not be more than 63 bytes"]),
        ("csi", {"nodePublishSecretRef": {}}, ["csi.nodePublishSecretRef.name: Required value"]),
        ("ephemeral", {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}},
         ["ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value: say how much is asked for, in "
          "resources.requests"]),
        ("image", {"pullPolicy": "x"},
         ['image.pullPolicy: Unsupported value: "x": supported values: "Always", "IfNotPresent", "Never"']),
    ],
)  # fmt: skip
def test_the_rules_of_sources(source: str, fields: dict[str, Any], found: list[str]) -> None:
    changed = {name: value for name, value in (SOUND[source] | fields).items() if value is not None}
    assert of(source, changed) == found
