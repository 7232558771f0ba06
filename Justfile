# Recipes of the project. `just` alone lists them.
set shell := ["bash", "-euo", "pipefail", "-c"]

py := ".venv/bin/python"

_default:
    @just --list

# code from the .proto files, beside them
protos:
    PATH="{{justfile_directory()}}/.venv/bin:$PATH" {{py}} -m grpc_tools.protoc -I. --python_out=. --mypy_out=quiet:. protos/v1/*.proto controlplane/store/etcd/rpc.proto
    PATH="{{justfile_directory()}}/.venv/bin:$PATH" {{py}} -m grpc_tools.protoc -I. --grpc_python_out=. --mypy_grpc_out=quiet:. protos/v1/resources.proto protos/v1/node.proto
