// SPDX-License-Identifier: Apache-2.0
#include "client/build/module.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "protocol/command.h"
#include "sys/io.h"
#include "sys/unique_fd.h"

namespace stapsh::client {
namespace {

Result<std::string> read_file(const std::string& path) {
  const sys::UniqueFd fd = TRY(sys::open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(path, errno);
  if (!S_ISREG(status.st_mode)) return fail(Errc::kUsage, path + ": not a regular file");
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const sys::IoResult got = TRY(sys::read_some(fd.get(), std::span(content).subspan(size)));
    if (got.end) break;
    size += got.bytes;
  }
  content.resize(size);
  return content;
}

// The kernel's own mark in a module: "vermagic=RELEASE SMP preempt …".
std::string vermagic_release(const std::string& content) {
  static constexpr std::string_view kMark = "vermagic=";
  const std::size_t at = content.find(kMark);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kMark.size();
  const std::size_t end = content.find_first_of(std::string_view(" \0", 2), begin);
  return end == std::string::npos ? std::string() : content.substr(begin, end - begin);
}

}  // namespace

Result<Module> load_module(const std::string& path) {
  Module module;
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::optional<RunnerKind> kind = runner_kind_for_module(name);
  if (!kind) return fail(Errc::kUsage, path + ": no module; a name that ends in .ko, .bo, .so or .bt is needed");
  TRY(check_file_name(name));
  module.kind = *kind;
  std::string content = TRY(read_file(path));
  if (content.empty()) return fail(Errc::kUsage, path + ": empty");
  if (*kind == RunnerKind::kStaprun) module.release = vermagic_release(content);
  module.files.push_back({name, std::make_shared<const std::string>(std::move(content))});
  Result<std::string> signature = read_file(path + ".sgn");
  if (signature) {
    module.files.push_back({name + ".sgn", std::make_shared<const std::string>(*std::move(signature))});
  } else if (signature.error().sys_errno != ENOENT) {
    return fail(signature.error());
  }
  return module;
}

}  // namespace stapsh::client
