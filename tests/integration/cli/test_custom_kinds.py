"""Kinds that users define, on the command line: as any other kind."""

from __future__ import annotations

from pathlib import Path

import yaml

from controlplane.client.client import Client
from tests.integration.cli.conftest import Orlop
from tests.support.custom import cron_tab, definition, definition_document, version

COLUMNS = [
    {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"},
    {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
    {"name": "Image", "type": "string", "jsonPath": ".spec.image", "priority": 1},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


def manifest(folder: Path, *documents: object) -> str:
    path = folder / "objects.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return str(path)


async def test_a_definition_and_its_objects_come_in_one_manifest(orlop: Orlop, tmp_path: Path) -> None:
    columns = version(additionalPrinterColumns=COLUMNS)
    names = {"shortNames": ["ct"], "categories": ["all"]}
    file = manifest(tmp_path, definition_document("crontabs", "CronTab", columns, **names), cron_tab(namespace=""))
    out = await orlop("apply", "-f", file)
    assert out.splitlines() == [
        "customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created",
        "crontab.stable.example.com/nightly created",
    ]
    assert "crontab.stable.example.com/nightly unchanged" in await orlop("apply", "-f", file)
    for word in ("crontabs", "ct", "crontab.stable.example.com", "CronTab", "all"):
        out = await orlop("get", word)
        assert [line.split()[:3] for line in out.splitlines()[:2]] == [
            ["NAME", "SPEC", "REPLICAS"],
            ["crontab.stable.example.com/nightly" if word == "all" else "nightly", "*", "*"],
        ]
    wide = (await orlop("get", "ct/nightly", "-o", "wide")).splitlines()
    assert wide[0].split() == ["NAME", "SPEC", "REPLICAS", "IMAGE", "AGE"]
    assert wide[1].split()[-3:-1] == ["1", "busybox"]


async def test_an_applied_object_is_changed_field_by_field(orlop: Orlop, tmp_path: Path, client: Client) -> None:
    await client.create(definition())
    await orlop("apply", "-f", manifest(tmp_path, cron_tab(spec={"cronSpec": "* * * * *", "replicas": 3})))
    out = await orlop("apply", "-f", manifest(tmp_path, cron_tab(spec={"cronSpec": "0 * * * *"})))
    assert out.strip() == "crontab.stable.example.com/nightly configured"
    stored = yaml.safe_load(await orlop("get", "crontab", "nightly", "-o", "yaml"))
    assert stored["apiVersion"] == "stable.example.com/v1"
    assert stored["spec"] == {"cronSpec": "0 * * * *", "image": "busybox", "replicas": 1}
    assert (await orlop("delete", "crontab", "nightly")).startswith('crontab.stable.example.com "nightly" deleted')


async def test_what_the_schema_does_not_know_is_refused_by_default(orlop: Orlop, tmp_path: Path, client: Client) -> None:
    await client.create(definition())
    file = manifest(tmp_path, cron_tab(spec={"cronSpec": "* * * * *", "replicass": 3}))
    assert 'unknown field "spec.replicass"' in await orlop.fails("apply", "-f", file)
    assert 'unknown field "spec.replicass"' in await orlop.fails("create", "-f", file)
    await orlop("apply", "--validate=ignore", "-f", file)


async def test_custom_kinds_stand_among_the_resources(orlop: Orlop, client: Client) -> None:
    await client.create(definition(shortNames=["ct"]))
    lines = (await orlop("api-resources", "--api-group", "stable.example.com")).splitlines()
    assert [line.split() for line in lines] == [
        ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"],
        ["crontabs", "ct", "stable.example.com/v1", "true", "CronTab"],
    ]


async def test_an_unknown_word_is_no_resource(orlop: Orlop, tmp_path: Path) -> None:
    assert 'the server doesn\'t have a resource type "crontabs"' in await orlop.fails("get", "crontabs")
    assert 'no matches for kind "CronTab"' in await orlop.fails("apply", "-f", manifest(tmp_path, cron_tab()))
