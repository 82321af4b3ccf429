#!/usr/bin/env bash
# make verify-deploy: what docker/ and deploy/ describe is rendered, checked, built and started. --quick only reads it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
case "${1:-}" in
  '')
    ./kubernetes.sh
    ./image.sh
    ./compose.sh
    ;;
  --quick)
    ./kubernetes.sh
    ./compose.sh --quick
    ;;
  *)
    echo "usage: run.sh [--quick]" >&2
    exit 64
    ;;
esac
