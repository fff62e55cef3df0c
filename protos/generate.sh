#!/usr/bin/env bash
# Generates the Python code of the contracts into gen/. With --check, fails if gen/ does not match the contracts.
set -euo pipefail
cd "$(dirname "$0")"
out=gen
if [ "${1:-}" = --check ]; then
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
fi
rm -rf "$out/contracts"
find contracts -name '*.proto' -print0 | sort -z | xargs -0 "${PYTHON:-python}" -m grpc_tools.protoc -I . \
    --python_out="$out" --grpc_python_out="$out" --mypy_out="quiet:$out" --mypy_grpc_out="quiet:$out"
# protoc writes an empty gRPC module for files without a service; nothing imports it.
find "$out" -name '*_pb2_grpc.py*' | while read -r file; do
    proto=${file#"$out"/}; proto=${proto%_pb2_grpc.py*}.proto
    grep -q '^service ' "$proto" || rm -f "$file"
done
find "$out/contracts" -type d -exec touch {}/__init__.py {}/py.typed \;
find "$out/contracts" -mindepth 1 -name py.typed -not -path "$out/contracts/py.typed" -delete
if [ "$out" != gen ]; then
    diff -r -x __pycache__ gen/contracts "$out/contracts" || { echo 'protos/gen is stale: run make protos' >&2; exit 1; }
fi
