# shellcheck shell=bash
# What every check of images, manifests and pipelines starts from. VERIFY_BIN holds the pinned tools that install-tools.sh puts
# there: kubectl, hadolint, docker-compose, kubernetes-validate, check-jsonschema, and a python with PyYAML.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly REPO
# shellcheck source=deploy/local/lib/output.sh
source "$REPO/deploy/local/lib/output.sh"
# shellcheck source=deploy/local/lib/tools.sh
source "$REPO/deploy/local/lib/tools.sh"

readonly VERIFY_VENV=$TOOLS_DIR/verify-venv
VERIFY_BIN=$VERIFY_VENV/bin
export VERIFY_BIN
