#!/usr/bin/env bash
# `make fuzz`: libFuzzer on everything that reads what strangers write.
#   FUZZ_SECONDS   for each target (60)     FUZZ_TARGETS   EnvelopeFuzz ContractFuzz RecordFuzz
# A finding is left in .local/fuzz/<target>/ and repeated with: .local/fuzz/<target>/fuzz <file>
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seconds=${FUZZ_SECONDS:-60}
cd "$repo"
deploy/local/install.sh
# The libraries are built with coverage for the fuzzer, in a folder of their own. Nothing is linked here: the fuzzer brings the
# main function.
scratch=$repo/.build-fuzz
build=(swift build --scratch-path "$scratch" -Xswiftc -sanitize=fuzzer)
"${build[@]}" --target OnexKernel
objects=$("${build[@]}" --show-bin-path)

for target in ${FUZZ_TARGETS:-EnvelopeFuzz ContractFuzz RecordFuzz}; do
  folder=$repo/.local/fuzz/$target
  mkdir -p "$folder/corpus"
  find contracts -name '*.yaml' -exec sh -c 'cp "$1" "$2/$(echo "$1" | tr / _)"' _ {} "$folder/corpus" \;
  printf '{"operation":"a.b","payload":{"a":[1,"\\u00e9"]},"correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab"}' \
    >"$folder/corpus/envelope"
  linked=() maps=()
  while IFS= read -r object; do linked+=("$object"); done < <(find "$objects" -path '*.build/*' -name '*.o')
  while IFS= read -r map; do maps+=(-Xcc "-fmodule-map-file=$map"); done < <(find "$objects" -name module.modulemap)
  swiftc -sanitize=fuzzer -parse-as-library -swift-version 6 -o "$folder/fuzz" "Tests/Fuzz/$target.swift" \
    -I "$objects/Modules" "${maps[@]}" -I Libraries/C/CYAML "${linked[@]}" -lstdc++ -lsimdjson -lyaml -lcurl -lmicrohttpd
  echo "$target: $seconds s"
  if ! "$folder/fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
    -artifact_prefix="$folder/" "$folder/corpus" >"$folder/log" 2>&1; then
    tail -30 "$folder/log"
    echo "$target: a finding; see $folder" >&2
    exit 1
  fi
  grep -E '^Done|number_of_executed_units|average_exec_per_sec' "$folder/log"
done
