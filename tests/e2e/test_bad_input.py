"""Bad input is refused with a message that names object, path and remedy, and nothing of it is stored."""

from __future__ import annotations

import pytest

from tests.e2e.cluster import Cluster

POD = """
apiVersion: v1
kind: Pod
metadata: {name: %(name)s, namespace: %(namespace)s}
spec:
  containers:
  - {name: web, image: web:1%(more)s}
"""


def pod(name: str = "bad", namespace: str = "default", more: str = "") -> str:
    return POD % {"name": name, "namespace": namespace, "more": more}


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        pytest.param(pod(more=", imagePullPolice: Always"), ["spec.containers[0].imagePullPolice", "imagePullPolicy"],
                     id="an unknown field"),
        pytest.param(pod(more=", stdin: maybe"), ["spec.containers[0].stdin", "maybe"], id="a wrong type"),
        pytest.param(pod(namespace="nowhere"), ['namespaces "nowhere" not found'], id="a namespace that is not there"),
        pytest.param(pod(more=", image: ''").replace("image: web:1, ", ""), ["spec.containers[0].image", "bad"],
                     id="a required field is empty"),
        pytest.param(pod(name="Bad_Name"), ["metadata.name", "Bad_Name"], id="a name that is none"),
        pytest.param(pod().replace("kind: Pod", "kind: Pood"), ["Pood", "Pod"], id="an unknown kind"),
        pytest.param("a: b\n\tc: d\n", ["line 2", "tab"], id="a tab in the YAML"),
    ],
)  # fmt: skip
def test_a_bad_manifest_is_refused(cluster: Cluster, manifest: str, told: list[str]) -> None:
    done = cluster.attempt("apply", "-f", "-", stdin=manifest)
    assert done.returncode == 1, done.stdout
    for words in told:
        assert words in done.stderr
    assert "Traceback" not in done.stderr
    stored = cluster.orlop("get", "pods", "-A", "-o", "name").split()
    assert not [name for name in stored if "bad" in name.lower()]


def test_a_duplicate_name_is_refused(cluster: Cluster) -> None:
    cluster.orlop("create", "namespace", "twice")
    done = cluster.attempt("create", "namespace", "twice")
    assert done.returncode == 1
    assert done.stderr == 'Error from server (AlreadyExists): namespaces "twice" already exists\n'
    cluster.orlop("delete", "namespace", "twice")


def test_a_stale_version_is_refused_with_what_to_do(cluster: Cluster) -> None:
    cluster.orlop("create", "deployment", "stale", "--image", "nothing:1", "--replicas", "0")
    old = cluster.orlop("get", "deployment", "stale", "-o", "yaml")
    cluster.orlop("scale", "deployment/stale", "--replicas", "0", "--current-replicas", "0")
    cluster.orlop("set", "image", "deployment/stale", "nothing=nothing:2")
    done = cluster.attempt("apply", "-f", "-", stdin=old)
    assert done.returncode == 1
    assert "Conflict" in done.stderr
    assert "please apply your changes to the latest version" in done.stderr
    assert "nothing:2" in cluster.orlop("get", "deployment", "stale", "-o", "yaml")
    cluster.orlop("delete", "deployment", "stale")


def test_a_mistyped_kind_gets_the_nearest_one(cluster: Cluster) -> None:
    done = cluster.attempt("get", "deploymet")
    assert done.returncode == 1
    assert "deployment" in done.stderr


def test_what_is_not_there_is_named(cluster: Cluster) -> None:
    done = cluster.attempt("get", "pod", "nothing")
    assert done.returncode == 1
    assert done.stderr == 'Error from server (NotFound): pods "nothing" not found\n'
