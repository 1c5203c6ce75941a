# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# bpftrace for a guest: an archive for behind the image.
# shellcheck disable=SC1091,SC2154
. "$(dirname "${BASH_SOURCE[0]}")/image.sh"

# Prints the path of a folder with the archive: bpftrace, and the headers that its tools include where there is BTF.
bpftrace_folder() {
  local entry work file
  entry=bpftrace-$(hash_of /usr/bin/bpftrace "$guest_folder"/{lib,image,bpftrace}.sh)
  cached "$entry" && return
  work=$(mktemp -d "$guest_cache/making.XXXXXX")
  put "$work/root" /usr/bin/bpftrace
  for file in $(gcc -M -x c - <<< '#include <sys/socket.h>' | grep -oE '/usr/include/[^ ]+'); do
    mkdir -p "$work/root${file%/*}"
    cp -L "$file" "$work/root$file"
  done
  archive "$work/root" | zstd -q -3 -T0 > "$work/archive"
  rm -rf "$work/root"
  chmod 755 "$work"
  keep "$work" "$entry"
}
