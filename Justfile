# Recipes of the project. `just` alone lists them.
set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments

py := ".venv/bin/python"
sudo := if `id -u` == "0" { "" } else { "sudo --preserve-env=ORLOP_HOME,KUBECONFIG,HOME,TERM,PATH" }

_default:
    @just --list

# what the machine lacks, and the libraries in .venv; for: cluster, tests or demo
setup for="cluster":
    @python3 console/cluster/machine.py --install --for {{for}}
    @{{just_executable()}} --justfile {{justfile()}} _venv {{ if for == "tests" { "[dev]" } else { "" } }}
    @{{ if for == "demo" { "true" } else { sudo + " " + py + " -m dataplane.bpf.toolchain" } }}

# the virtual environment; left alone when it is current
_venv extras="":
    #!/usr/bin/env bash
    set -euo pipefail
    want=$(sha256sum pyproject.toml | cut -c1-16){{extras}}
    have=$(cat .venv/.installed 2>/dev/null || true)
    if [ "$have" = "$want" ] || [ "$have" = "${want}[dev]" ]; then exit 0; fi
    echo "installing libraries into .venv"
    [ -x .venv/bin/python ] || python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --editable ".{{extras}}"
    echo "$want" > .venv/.installed

# a cluster on this machine, and the console: just up --nodes 2
up *args: setup
    @{{sudo}} .venv/bin/orlop up "$@"

# the end of that cluster
down *args:
    @{{sudo}} .venv/bin/orlop down "$@"

# the console on simulated nodes: no Docker, no eBPF, no root
demo *args: (setup "demo")
    @.venv/bin/orlop up --hollow 3 "$@"

# tests that share nothing of the machine, two at a time
apart := "tests/unit tests/properties tests/integration/server tests/integration/store tests/integration/client"

# all checks and tests, as CI runs them
test *args: (setup "tests") check
    #!/usr/bin/env bash
    set -euo pipefail
    if [ $# -gt 0 ]; then exec {{sudo}} {{py}} -m pytest "$@"; fi
    {{sudo}} {{py}} -m pytest -n 2 --dist loadfile {{apart}}
    {{sudo}} {{py}} -m pytest tests $(printf -- '--ignore=%s ' {{apart}})

# format, lint, types, layers, and generated code that is current
check: (setup "tests")
    {{py}} -m ruff format --check --quiet .
    {{py}} -m ruff check --quiet .
    .venv/bin/lint-imports --no-cache > .venv/layers.log || { cat .venv/layers.log; exit 1; }
    {{py}} -m mypy
    {{just_executable()}} --justfile {{justfile()}} protos
    git diff --exit-code --stat -- '*_pb2*'

# the quick tests: no root, no Docker, no cluster
unit *args: (setup "tests")
    {{py}} -m pytest tests/unit tests/properties "$@"

# format the code
fmt:
    {{py}} -m ruff format .
    {{py}} -m ruff check --fix .

# code from the .proto files, beside them
protos:
    PATH="{{justfile_directory()}}/.venv/bin:$PATH" {{py}} -m grpc_tools.protoc -I. --python_out=. --mypy_out=quiet:. protos/v1/*.proto controlplane/store/etcd/rpc.proto
    PATH="{{justfile_directory()}}/.venv/bin:$PATH" {{py}} -m grpc_tools.protoc -I. --grpc_python_out=. --mypy_grpc_out=quiet:. protos/v1/resources.proto protos/v1/node.proto

# the page of what is stored but not acted on, from its table
unsupported-fields:
    {{py}} -m controlplane.api.support_page > docs/unsupported-fields.md

# accept changed screenshots of the console, after looking at them
snapshots:
    {{py}} -m pytest tests/console --snapshot-update
    cp 'tests/console/__snapshots__/test_snapshots/test_pods[120x34-dark].svg' docs/images/console.svg
    cp 'tests/console/__snapshots__/test_snapshots/test_a_rollout_half_way[120x34].svg' docs/images/rollout.svg

# figures, each against something real in the same run: just bench start
bench name: (setup "tests")
    @{{sudo}} {{py}} -m tests.bench.{{name}}
