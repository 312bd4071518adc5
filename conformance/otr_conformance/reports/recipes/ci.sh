#!/bin/sh
# Tests an implementation of OTR with otrspec, on any server of continuous integration.
#
#   SHIM    the command of the shim, as `otrspec conform` takes it
#   OTRSPEC what pip installs: git+ADDRESS@COMMIT, so that new cases come when you want them, or the
#           path of a checkout. It has no default: otrspec is in no package index, and whatever has
#           its name there is not it.
#   OUT     the folder that the reports go to
#   VENV    the folder that otrspec is installed in
#
# The exit status is that of `otrspec conform`: 0 all as expected, 1 not, 2 misuse, 3 a harness
# error. With PREVIOUS, the report of an earlier run, it is also 1 if anything got worse.
set -eu

SHIM=${SHIM:-python3 shim.py}
OTRSPEC=${OTRSPEC:?is what pip installs, git+ADDRESS@COMMIT or the path of a checkout}
OUT=${OUT:-otrspec-reports}
VENV=${VENV:-otrspec-venv}

mkdir -p "$OUT"
python3 -m venv "$VENV"
"$VENV/bin/pip" install --quiet "$OTRSPEC"
PATH=$(cd "$VENV/bin" && pwd):$PATH

# What is wrong with the shim comes before what is wrong with the implementation. The words of SHIM
# are arguments of their own here.
# shellcheck disable=SC2086
otrspec shim check $SHIM

# How the implementation is known to deviate, where there is such a file.
known=
[ ! -f otrspec-expected.toml ] || known=otrspec-expected.toml

status=0
otrspec conform "$SHIM" ${known:+--expect "$known"} \
  --report "$OUT/report.json" --junit "$OUT/junit.xml" \
  --html "$OUT/report.html" --badge "$OUT/badge.svg" || status=$?

if [ -n "${PREVIOUS:-}" ] && [ -f "$PREVIOUS" ] && [ -f "$OUT/report.json" ]; then
  otrspec compare "$PREVIOUS" "$OUT/report.json" || [ "$status" -ne 0 ] || status=1
fi
exit "$status"
