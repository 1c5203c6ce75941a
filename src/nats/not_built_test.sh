#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# not_built_test.sh NOT_BUILT.o LIBRARY...: whether not_built.cc has all that these libraries want of src/nats, so that they can
# be linked where libnats' headers are missing. session_pump.cc is built there too.
set -euo pipefail
not_built=$1
shift
missing=$(comm -23 <(nm --undefined-only "$@" | grep -oE '\b_ZNK?6stapsh4nats.*' | grep -v 11SessionPump | sort -u) \
  <(nm --defined-only "$not_built" | grep -oE '\b_ZNK?6stapsh4nats.*' | sort -u) | c++filt)
if [[ -n $missing ]]; then
  printf 'src/nats/not_built.cc lacks:\n%s\n' "$missing" >&2
  exit 1
fi
