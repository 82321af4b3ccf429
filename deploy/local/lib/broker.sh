# The development broker. It keeps messages in memory and writes a snapshot on SIGTERM: its own crash loses data by design.

check_broker_installed() {
  broker_binary >/dev/null || fail "$EXIT_UNAVAILABLE" "the development broker is not installed: run deploy/local/install.sh"
}

start_broker() {
  launch broker exec setsid "$(broker_binary)" start --only kafka --kafka-port "${PORTS[broker]}" --data-dir "$STATE/broker"
}

stop_broker() {
  terminate TERM 20 broker
}

# A real answer to ApiVersions v0 (KIP-35): the request is API key 18, correlation id 1 and no client id; the response
# repeats the correlation id and says error code 0. An open port alone would not tell that Kafka is spoken there.
broker_answers() {
  local answer
  # shellcheck disable=SC2016 # $1 is the inner shell's
  answer=$(timeout 2 bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf "\0\0\0\x0a\0\x12\0\0\0\0\0\x01\xff\xff" >&3
    head -c 10 <&3 | od -An -v -tx1' bash "${PORTS[broker]}" 2>/dev/null) || return 1
  [[ $answer == *' 00 00 00 01 00 00' ]]
}
