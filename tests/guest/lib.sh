# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by everything here: where things are, which kernels there are, small words. Does nothing by itself.
guest_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
guest_top=$(cd "$guest_folder/../.." && pwd)
# What is built once: images, modules, stap's own cache. Each is named after all that it was made of, is made under
# another name and renamed, so that two runs never see half of one, and is removed when nobody used it for two weeks.
# It outlives a clone: the kernels and programs of the distribution are the same for the next one.
# shellcheck disable=SC2034
guest_cache=${STAPSH_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-$guest_top/build}/.cache}/stapsh/guest}
agent=${STAPSH_AGENT:-$guest_top/build/release/bin/stapsh}
rstap=${STAPSH_CLIENT:-$guest_top/build/release/bin/rstap}
export LC_ALL=C

die() { echo "${0##*/}: $*" >&2 && exit 1; }
# Where the tools are supposed to be there (scripts/test installs them), a test that can't run has failed.
skip() {
  [[ -z ${STAPSH_GUEST_REQUIRED:-} ]] || die "$*"
  echo "SKIP: $*" && exit 77
}
now() { echo "$EPOCHREALTIME"; }
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }
# Of the contents alone: the same files in another clone are the same.
hash_of() { cat "$@" | sha256sum | cut -c 1-16; }
# Prints the path of ENTRY of the cache if it is there, and notes that it is used: not in its own time stamp, which stap
# looks at.
cached() { [[ -e $guest_cache/$1 ]] && mkdir -p "$guest_cache/used" && touch "$guest_cache/used/$1" && echo "$guest_cache/$1"; }
# Puts FOLDER into the cache as ENTRY, unless another run was faster; removes what is old.
keep() {  # FOLDER ENTRY
  local old
  mv -T "$1" "$guest_cache/$2" 2> /dev/null || rm -rf "$1"
  cached "$2"
  find "$guest_cache/used" -type f -mtime +14 -printf '%f\n' | while IFS= read -r old; do
    rm -rf "${guest_cache:?}/$old" "$guest_cache/used/$old"
  done
  find "$guest_cache" -mindepth 1 -maxdepth 1 -name 'making.*' -mtime +0 -exec rm -rf {} +
}

# Kernels with an image, modules and headers here, the newest of the plain ones first.
guest_kernels() {
  local release
  for release in $(find /lib/modules -mindepth 1 -maxdepth 1 -printf '%f\n' 2> /dev/null | sort -rV); do
    if [[ -e /boot/vmlinuz-$release && -d /lib/modules/$release/build/ && -d /lib/modules/$release/kernel ]]; then
      echo "$release"
    fi
  done | awk '/cloud/ { late = late $0 "\n"; next } { print } END { printf "%s", late }'
}
guest_kernel() { guest_kernels | head -n 1; }

# What must be installed; says what is missing and how to get it.
need_guest_tools() {
  local tool
  mkdir -p "$guest_cache"
  for tool in qemu-system-x86_64 stap cpio zstd socat modprobe busybox ssh-keygen gcc make; do
    PATH=$PATH:/usr/sbin:/sbin type -P "$tool" > /dev/null || skip "$tool is not installed: scripts/install-deps guest"
  done
  [[ -x /usr/sbin/sshd ]] || skip "sshd is not installed: scripts/install-deps guest"
  [[ -n $(guest_kernel) ]] || skip "no kernel with image, modules and headers: scripts/install-deps guest"
  [[ -x $agent ]] || die "$agent: not built"
  [[ -x $rstap ]] || die "$rstap: not built"
}

# A copy of systemtap's runtime that compiles for the guest kernel. Newer stable kernels split task_work_cancel():
# what systemtap 4.8 wants is task_work_cancel_func() there. Where the headers lack the new name it is a plain copy.
patched_runtime() {  # RELEASE; prints the path
  local release=$1 header entry work kind=plain
  for header in /lib/modules/"$release"/{build,source}/include/linux/task_work.h; do
    if grep -qs task_work_cancel_func "$header"; then kind=patched; fi
  done
  # By kind, not by kernel: one run over guests that differ has one runtime.
  entry=runtime-$kind-$(hash_of /usr/bin/stap "${BASH_SOURCE[0]}")
  cached "$entry" && return
  work=$(mktemp -d "$guest_cache/making.XXXXXX")
  cp -r /usr/share/systemtap/runtime/. "$work"
  if [[ $kind == patched ]]; then
    # The variable that holds the address keeps its name.
    sed -i -E -e 's/\btask_work_cancel\b/task_work_cancel_func/g' \
      -e 's/kallsyms_task_work_cancel_func\b/kallsyms_task_work_cancel/g' "$work/stp_task_work.c"
  fi
  chmod 755 "$work"
  keep "$work" "$entry"
}
