# Every build uses the same flags: other flags would make SwiftPM build everything again.
# shellcheck disable=SC2034 # read by the scripts that source this file
readonly SWIFT_FLAGS=(-Xswiftc -warnings-as-errors)
