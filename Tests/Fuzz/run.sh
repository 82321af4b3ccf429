#!/usr/bin/env bash
# `make fuzz`: libFuzzer on everything that reads what strangers write.
#   FUZZ_SECONDS   for each target (60)     FUZZ_TARGETS   EnvelopeFuzz ContractFuzz
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

for target in ${FUZZ_TARGETS:-EnvelopeFuzz ContractFuzz}; do
  folder=$repo/.local/fuzz/$target
  mkdir -p "$folder/corpus"
  find contracts -name '*.yaml' -exec sh -c 'cp "$1" "$2/$(echo "$1" | tr / _)"' _ {} "$folder/corpus" \;
  printf '{"operation":"a.b","payload":{"a":[1,"\\u00e9"]},"correlation_id":"0193a5c8-7f2e-4b61-8a55-0123456789ab"}' \
    >"$folder/corpus/envelope"
  linked=()
  for module in OnexCore OnexJSON OnexYAML OnexHTTP OnexService OnexKernel CSimdJSON CMicroHTTPD CProcess COnexPlugin CCurl; do
    while IFS= read -r object; do linked+=("$object"); done < <(find "$objects/$module.build" -name '*.o')
  done
  swiftc -sanitize=fuzzer -parse-as-library -swift-version 6 -o "$folder/fuzz" "Tests/Fuzz/$target.swift" \
    -I "$objects/Modules" $(for module in CSimdJSON CMicroHTTPD CProcess COnexPlugin CCurl; do
      echo "-I Libraries/C/$module/include"
    done) -I Libraries/C/CYAML "${linked[@]}" -lstdc++ -lsimdjson -lyaml -lcurl -lmicrohttpd
  echo "$target: $seconds s"
  "$folder/fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
    -artifact_prefix="$folder/" "$folder/corpus" 2>&1 | grep -E "DONE|stat::|ERROR|SUMMARY|Fatal" || true
  test "${PIPESTATUS[0]}" -eq 0
done
