"""Commands inside containers, and images."""

from __future__ import annotations

import pytest

from dataplane.runtime.docker_runtime import DockerRuntime
from dataplane.runtime.engine import Engine
from dataplane.runtime.types import ContainerSpec, ImageFailure, RuntimeFailure, SandboxSpec
from tests.support.docker import BUSYBOX, new_pod

pytestmark = pytest.mark.root


async def running(runtime: DockerRuntime) -> str:
    pod = new_pod()
    sandbox = await runtime.start_sandbox(SandboxSpec(pod))
    return await runtime.start_container(sandbox.id, ContainerSpec(pod, "web", BUSYBOX, command=("sleep", "60")))


async def test_a_command_gives_its_output_and_exit_code(docker_runtime: DockerRuntime) -> None:
    one = await running(docker_runtime)
    told = await docker_runtime.exec(one, ["sh", "-c", "echo out; sleep 0.05; echo err >&2; exit 3"], 5)
    assert (told.exit_code, told.output) == (3, b"out\nerr\n")


async def test_a_command_that_does_not_exist_fails_with_the_engine_s_words(docker_runtime: DockerRuntime) -> None:
    told = await docker_runtime.exec(await running(docker_runtime), ["/missing"], 5)
    assert told.exit_code == 126
    assert b"no such file" in told.output


async def test_a_command_that_takes_too_long_is_given_up(docker_runtime: DockerRuntime) -> None:
    one = await running(docker_runtime)
    with pytest.raises(TimeoutError):
        await docker_runtime.exec(one, ["sleep", "60"], 0.2)


async def test_an_image_is_found_by_name_or_not_at_all(docker_runtime: DockerRuntime) -> None:
    found = await docker_runtime.image(BUSYBOX)
    assert found is not None
    assert found.reference == f"docker://{found.id}"
    assert BUSYBOX in found.names
    assert await docker_runtime.image("orlop-test/none:1") is None
    assert found.id in {image.id for image in await docker_runtime.images()}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("127.0.0.1:1/none/none:1", "ErrImagePull"), ("Not//An:Image", "InvalidImageName")],
)
async def test_an_image_that_cannot_be_had_says_why(docker_runtime: DockerRuntime, name: str, reason: str) -> None:
    with pytest.raises(ImageFailure) as failure:
        await docker_runtime.pull(name)
    assert failure.value.reason == reason
    assert "connection refused" in str(failure.value) or "invalid reference format" in str(failure.value)


async def test_an_engine_that_is_not_there_is_told_as_such() -> None:
    engine = Engine("tcp://127.0.0.1:1")
    runtime = DockerRuntime(engine, node="none", cgroup="/orlop/none")
    with pytest.raises(RuntimeFailure, match="is it running"):
        await runtime.pods()
    engine.close()


async def test_the_engine_s_version_is_told(docker_runtime: DockerRuntime) -> None:
    assert (await docker_runtime.version()).split(".")[0].isdigit()
