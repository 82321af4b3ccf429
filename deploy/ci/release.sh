#!/usr/bin/env bash
# release.sh OVERLAY IMAGE FOLDER: writes two kustomizations into FOLDER, services and jobs, which are those of the overlay with
# exactly this image. An image named by its digest is the same bytes in every environment it is promoted to.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly REPO
# shellcheck source=deploy/local/lib/output.sh
source "$REPO/deploy/local/lib/output.sh"

# write_kustomization FOLDER RESOURCE NAME IMAGE
write_kustomization() {
  local folder=$1 resource=$2 name=$3 image=$4 repository version
  if [[ $image == *@* ]]; then
    repository=${image%@*} version="digest: ${image#*@}"
  else
    repository=${image%:*} version="newTag: \"${image##*:}\""
  fi
  mkdir -p "$folder"
  cat >"$folder/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - $(realpath --relative-to "$folder" "$resource")
images:
  - name: $name
    newName: $repository
    $version
YAML
}

main() {
  (($# == 3)) || fail "$EXIT_USAGE" "usage: release.sh OVERLAY IMAGE FOLDER"
  local overlay=$1 image=$2 folder=$3 environment name
  environment=$REPO/deploy/k8s/overlays/$overlay/environment/kustomization.yaml
  [[ -f $environment ]] || fail "$EXIT_USAGE" "there is no overlay '$overlay' in deploy/k8s/overlays"
  [[ $image =~ ^[a-z0-9.:/_-]+(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$ && ${image##*/} != *:latest ]] ||
    fail "$EXIT_USAGE" "'$image' names no version: NAME@sha256:DIGEST or NAME:TAG is needed, and not latest"
  name=$(sed -n 's/^ *newName: *//p' "$environment")
  write_kustomization "$folder/services" "$REPO/deploy/k8s/overlays/$overlay" "$name" "$image"
  write_kustomization "$folder/jobs" "$REPO/deploy/jobs/overlays/$overlay" "$name" "$image"
}

main "$@"
