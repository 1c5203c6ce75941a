# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by everything here: where things are, which kernels there are, small words. Does nothing by itself.
guest_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
guest_top=$(cd "$guest_folder/../.." && pwd)
# What is built once: images, modules, stap's own cache. Each is named after all that it was made of.
# shellcheck disable=SC2034
guest_cache=${STAPSH_GUEST_CACHE:-$guest_top/build/guest-cache}
agent=${STAPSH_AGENT:-$guest_top/build/release/bin/stapsh}
rstap=${STAPSH_CLIENT:-$guest_top/build/release/bin/rstap}
export LC_ALL=C

die() { echo "${0##*/}: $*" >&2 && exit 1; }
skip() { echo "SKIP: $*" && exit 77; }
now() { echo "$EPOCHREALTIME"; }
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }
hash_of() { sha256sum "$@" | sha256sum | cut -c 1-16; }

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
  local release=$1 header runtime
  runtime=$guest_cache/runtime-$1-$(hash_of /usr/bin/stap)
  if [[ ! -d $runtime ]]; then
    mkdir -p "$guest_cache"
    rm -rf "$runtime.$$"
    cp -r /usr/share/systemtap/runtime "$runtime.$$"
    for header in /lib/modules/"$release"/{build,source}/include/linux/task_work.h; do
      if grep -qs task_work_cancel_func "$header"; then
        # The variable that holds the address keeps its name.
        sed -i -E -e 's/\btask_work_cancel\b/task_work_cancel_func/g' \
          -e 's/kallsyms_task_work_cancel_func\b/kallsyms_task_work_cancel/g' "$runtime.$$/stp_task_work.c"
        break
      fi
    done
    mv -T "$runtime.$$" "$runtime" 2> /dev/null || rm -rf "$runtime.$$"  # Another test was faster.
  fi
  echo "$runtime"
}
