"""What compiling BPF needs from the machine: BCC's Python module and kernel headers where BCC looks for them.

BCC reads /lib/modules/RELEASE/build and .../source. A machine whose kernel came without a headers package (a virtual
machine's own kernel, say) has neither; any recent headers package will do, as the programs use nothing but the stable
user-space ABI, so the newest installed one is linked there. `python -m dataplane.bpf.toolchain` does that at set-up.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path
from types import ModuleType

# Debian installs BCC for the system's interpreter only; the module is plain ctypes and loads in any Python 3.
DISTRIBUTION_PACKAGES = "/usr/lib/python3/dist-packages"
_SOURCES = Path("/usr/src")
_MODULES = Path("/lib/modules")


class ToolchainError(RuntimeError):
    """Something is missing; the text names the package to install."""


def import_bcc() -> ModuleType:
    """The `bcc` module. It loads LLVM (about 100 MB), so only a process that compiles should call this."""
    if DISTRIBUTION_PACKAGES not in sys.path:
        sys.path.append(DISTRIBUTION_PACKAGES)
    try:
        import bcc
    except (ImportError, OSError) as error:
        raise ToolchainError("BCC cannot be imported; install it: apt-get install python3-bpfcc") from error
    module: ModuleType = bcc
    return module


def version_of_bcc() -> str:
    """Part of the key of cached bytecode. Read without importing BCC; empty where it is not installed."""
    for base in (DISTRIBUTION_PACKAGES, *sys.path):
        try:
            text = Path(base, "bcc", "version.py").read_text()
        except OSError:
            continue
        found = re.search(r"['\"]([^'\"]+)['\"]", text)
        return found.group(1) if found else ""
    return ""


def link_headers(release: str | None = None, *, modules: Path = _MODULES, sources: Path = _SOURCES) -> Path:
    """The directory of the running kernel's headers, after linking installed ones there where none are."""
    home = modules / (release or os.uname().release)
    build, source = home / "build", home / "source"
    if build.exists():
        return build
    chosen = newest_headers(sources)
    if chosen is None:
        raise ToolchainError(
            f"no kernel headers in {build} nor in {sources}; install some: apt-get install linux-headers-{_debian_machine()}"
        )
    built, common = chosen
    home.mkdir(parents=True, exist_ok=True)
    _link(build, built)
    if not source.exists():
        _link(source, common)
    return build


def newest_headers(sources: Path) -> tuple[Path, Path] | None:
    """The newest installed (per-architecture tree, common tree); both are the same where a package is not split."""
    found = []
    for tree in sources.glob("linux-headers-*"):
        if tree.name.endswith("-common") or not (tree / "include" / "generated").is_dir():
            continue
        common = tree.with_name(re.sub(r"-[^-]+$", "-common", tree.name))
        found.append((_version(tree.name), tree, common if common.is_dir() else tree))
    if not found:
        return None
    _, tree, common = max(found)
    return tree, common


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name)[:4])


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)


def _debian_machine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def main() -> int:
    """Checks, and links headers where needed; says what it found."""
    try:
        headers = link_headers()
        if not version_of_bcc():
            raise ToolchainError("BCC is not installed; install it: apt-get install python3-bpfcc")
    except (ToolchainError, OSError) as error:
        sys.stderr.write(f"BPF toolchain: {error}\n")
        return 1
    sys.stdout.write(f"BPF toolchain: BCC {version_of_bcc()}, headers {headers.resolve()}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
