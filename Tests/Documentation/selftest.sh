#!/usr/bin/env bash
# The check of the pages, checked: a page that is right passes, and every way of being wrong is found and named.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
UNTIL_SECONDS_MAX=3
# shellcheck source=Tests/Documentation/page.sh
source Tests/Documentation/page.sh

WORK=$(mktemp -d "${TMPDIR:-/tmp}/onex-docs-selftest.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
export COUNT=$WORK/count
NOT_RUN=(["exit 9"]="it is left out on purpose")
failed=0

# expect passes|fails WHAT TEXT: the page from standard input, indented by four blanks; what is printed must contain TEXT.
expect() {
  local code=0 verdict=passes
  sed 's/^    //' >"$WORK/page.md"
  run_page "$WORK/page.md" >"$WORK/verdict" || code=$?
  ((code == 0)) || verdict=fails
  [[ $verdict != "$1" || $(<"$WORK/verdict") != *"$3"* ]] || return 0
  printf 'selftest: "%s" %s, and was to say: %s\n' "$2" "$verdict" "$3"
  sed 's/^/  | /' "$WORK/verdict"
  failed=1
}

expect passes "the whole output, with something that varies" "page.md:4" <<'PAGE'
    ```sh
    echo not compared
    : $((1 + 1))   # a remark
    printf 'one  *?[x] (1)\ntook 3 s\nmore\nand more\nend\n'
    ```

    It prints:

    ```text
    one *?[x] (1)
    took … s
    …
    end
    ```
PAGE
expect fails "a line that differs" "page.md, line 6" <<'PAGE'
    ```sh
    printf 'one\ntwo\n'
    ```
    ```text
    one
    three
    ```
PAGE
expect fails "the difference is shown" "expected: three" <<'PAGE'
    ```sh
    echo two
    ```
    ```text
    three
    ```
PAGE
expect fails "a line more than the page says" "expected: (nothing more)" <<'PAGE'
    ```sh
    printf 'one\ntwo\n'
    ```
    ```text
    one
    ```
PAGE
expect fails "a line less than the page says" "got:      (nothing more)" <<'PAGE'
    ```sh
    echo one
    ```
    ```text
    one
    two
    ```
PAGE
expect fails "lines in another order" "expected: one" <<'PAGE'
    ```sh
    printf 'two\none\n'
    ```
    ```text
    …
    one
    two
    ```
PAGE
expect passes "the last of lines that are alike" "page.md:2" <<'PAGE'
    ```sh
    printf 'one\ntwo\n%s\ntwo\n' ' # no remark'
    ```
    ```text
    …
    two
    ```
PAGE
expect fails "a command that fails" "exit code 3" <<'PAGE'
    ```sh
    exit 3
    ```
PAGE
expect fails "a command that fails and prints what the page says" "exit code 4" <<'PAGE'
    ```sh
    echo right; exit 4
    ```
    ```text
    right
    ```
PAGE
expect passes "a failure that the page shows" "page.md:2" <<'PAGE'
    ```sh
    (exit 78) || echo "exit code $?"
    ```
    ```text
    exit code 78
    ```
PAGE
expect passes "what becomes true later" "page.md:2" <<'PAGE'
    ```sh until
    echo x >>$COUNT; wc -l <$COUNT
    ```
    ```text
    2
    ```
PAGE
expect fails "what never becomes true" "expected: no" <<'PAGE'
    ```sh until
    echo yes
    ```
    ```text
    no
    ```
PAGE
expect passes "a command that is left out" "left out" <<'PAGE'
    ```sh
    exit 9
    ```
PAGE
expect passes "blocks to be read" "" <<'PAGE'
    ```console
    $ exit 1
    ```
    ```
    nothing
    ```
PAGE
expect fails "output of no command" "needs a block of commands before it" <<'PAGE'
    ```text
    one
    ```
PAGE
expect fails "until what?" "needs a block \`\`\`text behind it" <<'PAGE'
    ```sh until
    true
    ```
PAGE
expect fails "until two commands" "holds one command" <<'PAGE'
    ```sh until
    true
    true
    ```
    ```text
    one
    ```
PAGE
expect fails "a block that does not end" "the block does not end" <<'PAGE'
    ```sh
    true
PAGE
expect fails "a mistyped mark" "\`\`\`sh or \`\`\`sh until" <<'PAGE'
    ```shell
    true
    ```
PAGE
exit "$failed"
