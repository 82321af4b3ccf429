# shellcheck shell=bash
# Images and containers where no Docker daemon runs. Sourced after lib.sh.

readonly IMAGES=$REPO/deploy/verify/images
readonly BASE_IMAGE=localhost/debian:bookworm-slim
readonly SWIFT_IMAGE=localhost/swift:6.3.1-bookworm
readonly RUNTIME_IMAGE=localhost/onex-runtime:verify
# No release has it: what shows it was told by the build argument.
readonly IMAGE_VERSION=0.0.1-verify
# Of Debian's packages; what is there already costs nothing.
# shellcheck disable=SC2034 # read by the scripts that source this file
readonly CONTAINER_PACKAGES=(aardvark-dns buildah curl debootstrap iptables netavark podman runc)

# It complains of every health check that there is no systemd to time them; what asks for health here runs them itself.
podman() { command podman --log-level fatal "$@"; }

# Where runc can work: hybrid control groups, and limits that an unprivileged host allows.
write_podman_config() {
  CONTAINERS_CONF=$1
  export CONTAINERS_CONF
  cat >"$CONTAINERS_CONF" <<'END'
[engine]
runtime = "runc"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=1024:1024"]
END
}

require_root() {
  ((EUID == 0)) || fail "$EXIT_UNAVAILABLE" "debootstrap, Buildah and runc need root here; --quick does without them"
}

# A stand-in is made once, and again when what it is made of has changed.
image_is_current() {
  [[ $(podman image inspect --format '{{ index .Labels "onex.made-of" }}' "$1" 2>/dev/null) == "$2" ]]
}

digest_of() {
  cat "$@" | sha256sum | cut -d ' ' -f 1
}

# Debian as a registry's slim image has it: without documentation, translations and package lists.
make_base_image() {
  local made_of folder
  made_of=$(declare -f make_base_image | sha256sum | cut -d ' ' -f 1)
  image_is_current "$BASE_IMAGE" "$made_of" && return
  say "Making $BASE_IMAGE with debootstrap"
  folder=$(mktemp -d)
  debootstrap --variant=minbase bookworm "$folder" http://deb.debian.org/debian >"$folder.log" 2>&1 || {
    tail -n 20 "$folder.log" >&2
    fail "$EXIT_UNAVAILABLE" "debootstrap could not make the base; its whole output is in $folder.log"
  }
  printf 'path-exclude=/usr/share/%s/*\n' doc man info locale >"$folder/etc/dpkg/dpkg.cfg.d/docker"
  rm -rf "$folder"/var/cache/apt/* "$folder"/var/lib/apt/lists/* "$folder"/var/log/*.log
  rm -rf "$folder"/usr/share/{doc,man,info,locale}/*
  tar -C "$folder" -c . | podman import --quiet --change "LABEL onex.made-of=$made_of" - "$BASE_IMAGE" >/dev/null
  rm -rf "$folder" "$folder.log"
}

# build_image DOCKERFILE CONTEXT TAG [ARGUMENT...]
build_image() {
  local file=$1 context=$2 tag=$3
  shift 3
  # Docker's format keeps HEALTHCHECK, which OCI's has no place for.
  buildah bud --isolation chroot --format docker --layers "$@" -f "$file" -t "$tag" "$context"
}

# make_stand_in NAME CONTEXT [ARGUMENT...]
make_stand_in() {
  local name=$1 context=$2 tag=${STAND_IN_TAG:-localhost/onex-verify/$1:local} made_of log
  shift 2
  made_of=$(digest_of "$IMAGES/$name.Dockerfile" "$context"/*)
  image_is_current "$tag" "$made_of" && return
  say "Making $tag"
  log=$(mktemp)
  build_image "$IMAGES/$name.Dockerfile" "$context" "$tag" --label "onex.made-of=$made_of" "$@" >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    fail 1 "$tag could not be made; its whole output is in $log"
  }
  rm -f "$log"
}

make_swift_image() {
  local toolchain empty
  toolchain=$(toolchain_folder)
  empty=$(mktemp -d)
  : >"$empty/nothing"
  STAND_IN_TAG=$SWIFT_IMAGE make_stand_in swift "$empty" --build-arg "TOOLCHAIN=$toolchain"
  rm -rf "$empty"
}

# The folder above usr/bin/swift.
toolchain_folder() {
  local swift
  swift=$(readlink -f "$(command -v swift)")
  printf '%s' "${swift%/usr/bin/*}"
}

make_runtime_image() {
  local context=$1 revision=$2 toolchain
  toolchain=$(toolchain_folder)
  build_image "$context/docker/Dockerfile.runtime" "$context" "$RUNTIME_IMAGE" \
    --volume "$toolchain:$toolchain:ro" \
    --build-arg "BUILDER_IMAGE=$SWIFT_IMAGE" --build-arg "BASE_IMAGE=$BASE_IMAGE" \
    --build-arg "RUNTIME_VERSION=$IMAGE_VERSION" --build-arg "BUILD_DATE=$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --build-arg "VCS_REF=$revision"
}
