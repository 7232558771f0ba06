from tests.support.docker import _swept, busybox, docker_runtime

__all__ = ["_swept", "busybox", "docker_runtime"]
