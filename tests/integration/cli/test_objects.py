"""Creating, reading, changing and deleting objects from the command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from controlplane.api import registry
from controlplane.client.client import Client
from tests.integration.cli.conftest import Orlop
from tests.support.builders import make_config_map, make_pod

MANIFEST = """
apiVersion: v1
kind: ConfigMap
metadata: {name: app}
data: {color: blue, size: "1"}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  creationTimestamp: null
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "httpd:1", resources: {requests: {cpu: 0.5}}, ports: [{containerPort: 8080}]}
      - {name: log, image: "shipper:1"}
"""


async def test_nothing_there_is_no_failure(orlop: Orlop) -> None:
    assert await orlop("get", "pods") == ""
    assert orlop.said == "No resources found in default namespace.\n"
    assert await orlop("get", "all", "-A") == ""
    assert orlop.said == "No resources found\n"
    assert json.loads(await orlop("get", "pods", "-o", "json"))["items"] == []


async def test_an_object_that_is_missing_is_named(orlop: Orlop) -> None:
    assert await orlop.fails("get", "pod", "web") == 'Error from server (NotFound): pods "web" not found'
    assert await orlop.fails("get", "deploy/web") == 'Error from server (NotFound): deployments.apps "web" not found'
    assert await orlop("get", "pod", "web", "--ignore-not-found") == ""


async def test_what_is_there_is_shown_although_something_is_missing(orlop: Orlop, client: Client) -> None:
    await client.create(make_config_map("one"))
    process = await orlop.start("get", "cm", "one", "two")
    out, err = await process.communicate()
    assert process.returncode == 1
    assert out.decode().splitlines()[1].startswith("one ")
    assert err.decode() == 'Error from server (NotFound): configmaps "two" not found\n'


async def test_manifests_are_applied_again_without_effect(orlop: Orlop) -> None:
    first = await orlop("apply", "-f", "-", stdin=MANIFEST)
    assert first == "configmap/app created\ndeployment.apps/web created\n"
    again = await orlop("apply", "-f", "-", stdin=MANIFEST)
    assert again == "configmap/app unchanged\ndeployment.apps/web unchanged\n"


async def test_apply_removes_what_the_manifest_no_longer_says_and_leaves_what_others_set(
    orlop: Orlop, client: Client
) -> None:
    await orlop("apply", "-f", "-", stdin=MANIFEST)
    await client.patch(registry.CONFIG_MAPS, "app", "default", {"data": {"others": "own"}})
    await orlop("scale", "deploy/web", "--replicas=4")
    changed = MANIFEST.replace('size: "1"', "shape: round").replace("httpd:1", "httpd:2")
    assert await orlop("apply", "-f", "-", stdin=changed) == "configmap/app configured\ndeployment.apps/web configured\n"
    config = await client.get(registry.CONFIG_MAPS, "app", "default")
    assert dict(config.data) == {"color": "blue", "shape": "round", "others": "own"}
    deployment = await client.get(registry.DEPLOYMENTS, "web", "default")
    assert deployment.spec.replicas == 4
    assert [container.image for container in deployment.spec.template.spec.containers] == ["httpd:2", "shipper:1"]


async def test_a_dry_run_changes_nothing(orlop: Orlop, client: Client) -> None:
    for where in ("client", "server"):
        told = await orlop("apply", "-f", "-", f"--dry-run={where}", stdin=MANIFEST)
        assert told.splitlines()[0] == f"configmap/app created ({'server ' if where == 'server' else ''}dry run)"
        await orlop("run", "web", "--image=httpd", f"--dry-run={where}")
    assert not (await client.list(registry.CONFIG_MAPS, "default")).items
    assert not (await client.list(registry.PODS, "default")).items


async def test_nothing_is_stored_when_any_manifest_is_wrong(orlop: Orlop, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(MANIFEST.replace('image: "httpd:1"', 'imag: "httpd:1"').replace("selector:", "seletcor:"))
    told = await orlop.fails("apply", "-f", str(path))
    assert told.startswith(f"error: {path}, document 2 (line 7): ")
    assert 'unknown field "spec.template.spec.containers[0].imag"' in told
    assert 'unknown field "spec.seletcor"' in told
    assert not (await client.list(registry.CONFIG_MAPS, "default")).items


async def test_an_invalid_object_is_refused_with_every_reason(orlop: Orlop) -> None:
    bad = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a}, {name: a, image: b}]}\n"
    told = await orlop.fails("create", "-f", "-", stdin=bad)
    assert told.startswith('The Pod "web" is invalid:')
    assert "* spec.containers[0].image: " in told
    assert "* spec.containers[1].name: " in told


async def test_a_name_that_is_taken_is_refused(orlop: Orlop) -> None:
    await orlop("create", "deployment", "web", "--image=httpd")
    told = await orlop.fails("create", "deployment", "web", "--image=httpd")
    assert told == 'Error from server (AlreadyExists): deployments.apps "web" already exists'


async def test_a_namespace_that_is_missing_is_named(orlop: Orlop) -> None:
    told = await orlop.fails("run", "web", "--image=httpd", "-n", "nowhere")
    assert told == 'Error from server (NotFound): namespaces "nowhere" not found'
    other = MANIFEST.replace("name: app", "name: app, namespace: shop")
    told = await orlop.fails("apply", "-f", "-", "-n", "default", stdin=other)
    assert "does not match the namespace" in told


async def test_objects_are_picked_by_label_field_and_namespace(orlop: Orlop, client: Client) -> None:
    await client.create(make_pod("web", labels={"app": "web"}))
    await client.create(make_pod("db", labels={"app": "db", "tier": "back"}, node="node-1"))
    assert await orlop("get", "po", "-l", "app in (web,x),!tier", "-o", "name") == "pod/web\n"
    assert await orlop("get", "po", "--field-selector=spec.nodeName=node-1", "-o=name") == "pod/db\n"
    table = (await orlop("get", "pods", "-A", "--show-labels", "-L", "tier")).splitlines()
    assert table[0].split() == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "TIER", "LABELS"]
    assert table[1].split()[-2:] == ["back", "app=db,tier=back"]
    assert table[2].split()[-2:] == ["<none>", "app=web"]
    assert await orlop("get", "pods", "-n", "kube-system", "--no-headers") == ""


async def test_labels_are_set_and_removed_but_not_overwritten_by_mistake(orlop: Orlop, client: Client) -> None:
    await client.create(make_config_map("app"))
    assert await orlop("label", "cm", "app", "tier=back", "stage=test") == "configmap/app labeled\n"
    assert await orlop("label", "cm/app", "tier=back") == "configmap/app not labeled\n"
    told = await orlop.fails("label", "cm/app", "tier=front")
    assert told == "error: 'tier' already has a value (back), and --overwrite is false"
    assert await orlop("label", "cm/app", "tier=front", "stage-", "--overwrite") == "configmap/app labeled\n"
    assert dict((await client.get(registry.CONFIG_MAPS, "app", "default")).metadata.labels) == {"tier": "front"}


async def test_several_kinds_are_shown_one_under_the_other(orlop: Orlop, client: Client) -> None:
    await client.create(make_config_map("app"))
    lines = (await orlop("get", "cm,ns", "--no-headers")).split("\n\n")
    assert [block.split()[0] for block in lines] == ["configmap/app", "namespace/default"]


async def test_a_watch_shows_each_change(orlop: Orlop, client: Client) -> None:
    await client.create(make_config_map("app", data={"a": "1"}))
    process = await orlop.start("get", "cm", "-w", "--output-watch-events")
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert (await process.stdout.readline()).split() == [b"EVENT", b"NAME", b"DATA", b"AGE"]
            assert (await process.stdout.readline()).split()[:3] == [b"ADDED", b"app", b"1"]
            await client.patch(registry.CONFIG_MAPS, "app", "default", {"data": {"b": "2"}})
            assert (await process.stdout.readline()).split()[:3] == [b"MODIFIED", b"app", b"2"]
            await client.delete(registry.CONFIG_MAPS, "app", "default")
            assert (await process.stdout.readline()).split()[:3] == [b"DELETED", b"app", b"2"]
    finally:
        process.terminate()
        await process.communicate()


async def test_objects_are_deleted_by_name_selector_and_file(orlop: Orlop, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text(MANIFEST)
    await orlop("apply", "-f", str(path))
    for name in ("a", "b", "c"):
        made = make_config_map(name)
        made.metadata.labels["group"] = "abc"
        await client.create(made)
    assert await orlop("delete", "cm", "a") == 'configmap "a" deleted from default namespace\n'
    assert len((await orlop("delete", "cm", "-l", "group=abc")).splitlines()) == 2
    assert (await orlop("delete", "-f", str(path))).splitlines() == [
        'configmap "app" deleted from default namespace',
        'deployment.apps "web" deleted from default namespace',
    ]
    assert await orlop.fails("delete", "cm", "a") == 'Error from server (NotFound): configmaps "a" not found'
    assert await orlop.fails("delete", "cm") == "error: resource(s) were provided, but no name was specified"


async def test_delete_waits_until_the_object_is_gone(orlop: Orlop, client: Client) -> None:
    held = make_config_map("held")
    held.metadata.finalizers.append("example.com/hold")
    await client.create(held)
    waiting = await orlop.start("delete", "cm", "held")
    assert waiting.stdout is not None
    assert b"deleted" in await waiting.stdout.readline()
    told = await orlop.fails("delete", "cm", "held", "--timeout=500ms")
    assert "timed out waiting for the condition" in told
    assert waiting.returncode is None
    await client.patch(registry.CONFIG_MAPS, "held", "default", {"metadata": {"finalizers": None}})
    async with asyncio.timeout(20):
        await waiting.communicate()
    assert waiting.returncode == 0


async def test_an_api_server_that_does_not_answer_is_told(orlop: Orlop, tmp_path: Path) -> None:
    text = orlop.kubeconfig.read_text()
    address = text.split("grpc: ")[1].split()[0]
    orlop.kubeconfig.write_text(text.replace(address, "127.0.0.1:1"))
    assert (await orlop.fails("get", "pods", "--request-timeout=2s")).startswith("Unable to connect to the server: ")


async def test_what_has_no_effect_is_said_once(orlop: Orlop, tmp_path: Path) -> None:
    path = tmp_path / "pods.yaml"
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {}}}\nspec: {{subdomain: db, containers: [{{name: a, image: a}}]}}\n"
    path.write_text("---\n".join(pod.format(name) for name in ("one", "two")))
    assert await orlop("create", "-f", str(path)) == "pod/one created\npod/two created\n"
    assert orlop.said == "Warning: spec.subdomain: there is no cluster DNS yet\n"
