// SPDX-License-Identifier: Apache-2.0
#include "client/fleet/fleet_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <utility>

#include "client/fleet/user_file.h"
#include "nats/nkey.h"
#include "sys/file_lock.h"
#include "sys/io.h"
#include "sys/open_inside.h"

namespace stapsh::client {
namespace {

constexpr std::string_view kSite = "/site", kUsers = "/users.conf", kBroker = "/nats-server.conf";
constexpr const char* kLinkSeed = "link.seed";
constexpr const char* kClientSeed = "client.seed";
constexpr const char* kRevoked = ".revoked";  // Behind a seed's name, until users.conf has it no more.
constexpr mode_t kForAll = 0644, kSecret = 0600, kSecretFolder = 0700;
constexpr std::size_t kBytesMax = std::size_t{256} << 20;
constexpr Duration kWriteTime = std::chrono::seconds(60);

// A file without which the folder is no site's.
Result<std::string> read_own(const std::string& path) {
  const Result<sys::UniqueFd> file = sys::open_at(AT_FDCWD, path, O_RDONLY);
  if (!file && file.error().sys_errno == ENOENT) {
    return fail(Errc::kUsage,
                path +
                    ": is missing: that is no site's folder; make one: rstap fleet init SITE, or say which: "
                    "--folder DIR");
  }
  if (!file) return fail_named(path, file.error().sys_errno);
  return sys::read_whole(file->get(), kBytesMax);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// On the disk.
Result<> write_to(const sys::UniqueFd& file, const std::string& path, std::string_view text, mode_t mode) {
  const Result<> wrote = sys::write_all(file.get(), text, kWriteTime);
  if (!wrote) return add_context(path, wrote.error());
  if (::fchmod(file.get(), mode) == 0 && ::fsync(file.get()) == 0) return {};
  return fail_errno(path, errno);
}

// Under a name beside `path` until it is put there. What a call that was killed has left is taken over: the folder is
// locked, so nobody else is at it.
Result<> write_beside(const std::string& path, std::string_view text, mode_t mode,
                      int (*put)(const char* beside, const char* path)) {
  const std::string beside = path + ".new";
  (void)::unlink(beside.c_str());
  const sys::UniqueFd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kSecret));
  if (!file.valid()) return fail_errno(beside, errno);
  Result<> done = write_to(file, path, text, mode);
  if (done && put(beside.c_str(), path.c_str()) != 0) done = fail_errno(path, errno);
  (void)::unlink(beside.c_str());  // rename(2) has left none.
  return done;
}

// It has no name before it is whole: a seed is nowhere else, whenever we are killed.
Result<> write_nameless(const std::string& path, std::string_view text, mode_t mode) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const sys::UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kSecret));
  // Not every file system can (NFS, overlayfs before Linux 6.3).
  if (!file.valid()) return write_beside(path, text, mode, ::link);
  TRY(write_to(file, path, text, mode));
  const std::string ours = "/proc/self/fd/" + std::to_string(file.get());
  if (::linkat(AT_FDCWD, ours.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return {};
  return fail_errno(path, errno);
}

// False: there is such a file, and it stays as it is.
Result<bool> write_new(const std::string& path, std::string_view text, mode_t mode) {
  if (exists(path)) return false;
  const Result<> done = write_nameless(path, text, mode);  // link(2), unlike rename(2), takes nobody's place.
  if (done) return true;
  if (done.error().sys_errno == EEXIST) return false;
  return fail(done.error());
}

Result<> replace(const std::string& path, std::string_view text, mode_t mode) {
  return write_beside(path, text, mode, ::rename);
}

Result<> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return fail_errno(path, errno);
}

Result<> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno(path, errno);
}

std::string folder_of(const std::string& top, MemberKind kind, const std::string& name) {
  return top + (kind == MemberKind::kHost ? "/hosts/" : "/clients/") + name + "/";
}

Result<sys::UniqueFd> lock_folder(const std::string& path) {
  sys::UniqueFd folder = TRY(sys::open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY));
  if (!TRY(sys::try_lock(folder.get()))) {
    return fail(Errc::kUsage, path + ": another rstap fleet is at work there; try again when it is done");
  }
  return folder;
}

Result<std::string> absolute(const std::string& path) {
  char* const found = ::realpath(path.c_str(), nullptr);
  if (found == nullptr) return fail_named(path, errno);
  std::string all(found);
  std::free(found);
  if (!is_plain_text(all))
    return fail(Errc::kUsage, path + ": a quote in a folder's name can't be written in configurations");
  return all;
}

}  // namespace

Result<FleetFolder> FleetFolder::make(const std::string& path, const Site& site, BrokerOptions broker,
                                      std::vector<std::string>& made) {
  TRY(make_folder(path, 0755));
  FleetFolder folder(TRY(absolute(path)), sys::UniqueFd());
  folder.lock_ = TRY(lock_folder(folder.path_));
  broker.folder = folder.path_;
  const auto write = [&](std::string_view name, const std::string& text) -> Result<> {
    if (TRY(write_new(folder.path_ + std::string(name), text, kForAll))) made.emplace_back(name.substr(1));
    return {};
  };
  TRY(write(kSite, format_site(site)));
  TRY(folder.read_site());
  if (folder.site_.name != site.name) {
    return fail(Errc::kUsage, fmt::format("{}: is site {}'s; give site {} a folder of its own", folder.path_,
                                          folder.site_.name, site.name));
  }
  // Its seed is dropped here: nobody has it.
  const nats::Nkey nobody = TRY(nats::make_nkey());
  TRY(write(kUsers,
            format_users(site.name, {Member{.kind = MemberKind::kNobody, .name = "", .key = nobody.public_key}})));
  TRY(write(kBroker, broker_configuration(site, broker)));
  TRY(folder.read_members());
  return folder;
}

Result<FleetFolder> FleetFolder::open(const std::string& path) {
  FleetFolder folder(TRY(absolute(path)), sys::UniqueFd());
  folder.lock_ = TRY(lock_folder(folder.path_));
  TRY(folder.read_site());
  TRY(folder.read_members());
  return folder;
}

Result<> FleetFolder::read_site() {
  const std::string path = path_ + std::string(kSite);
  Result<Site> site = parse_site(TRY(read_own(path)));
  if (!site) return fail(Errc::kUsage, path + ":" + site.error().what);
  site_ = *std::move(site);
  return {};
}

Result<> FleetFolder::read_members() {
  const std::string path = path_ + std::string(kUsers);
  Result<std::vector<Member>> members = parse_users(TRY(read_own(path)));
  if (!members) return fail(Errc::kUsage, path + ":" + members.error().what);
  members_ = *std::move(members);
  return {};
}

Result<FleetFolder::Admission> FleetFolder::admit(MemberKind kind, const std::string& name, bool makes_store) {
  const bool is_host = kind == MemberKind::kHost;
  const auto known = std::ranges::find(members_, name, &Member::name);
  if (known != members_.end() && known->kind != kind) {
    return fail(Errc::kUsage, fmt::format("{0}: there is a {1} of that name, and they would hear each other's answers; "
                                          "choose another, or rstap fleet revoke {0}",
                                          name, is_host ? "client" : "host"));
  }
  Admission admission{.is_new = known == members_.end(), .folder = folder_of(path_, kind, name)};
  const std::string seed_file = admission.folder + (is_host ? kLinkSeed : kClientSeed);
  if (admission.is_new) {
    TRY(make_folder(path_ + (is_host ? "/hosts" : "/clients"), kSecretFolder));
    TRY(make_folder(admission.folder, kSecretFolder));
    if (!exists(seed_file)) {
      const nats::Nkey key = TRY(nats::make_nkey());
      TRY(write_new(seed_file, key.seed + "\n", kSecret));
    }
    // Read back also when it is new: what the broker is told is what the host has.
    members_.push_back({.kind = kind, .name = name, .key = TRY(nats::read_nkey(seed_file)).public_key});
  }
  (admission.is_new ? members_.back() : *known).makes_store = makes_store;
  admission.has_seed = exists(seed_file);
  if (admission.has_seed) {
    TRY(write_new(admission.folder + (is_host ? "link.toml" : "rstap.toml"),
                  is_host ? link_configuration(site_, name) : client_configuration(site_, name, seed_file), kForAll));
  }
  return admission;
}

Result<> FleetFolder::find(const std::string& name) const {
  if (!name.empty() && std::ranges::find(members_, name, &Member::name) != members_.end()) return {};
  return fail(Errc::kUsage, name + ": is neither a host nor a client of site " + site_.name + "; see rstap fleet list");
}

Result<> FleetFolder::revoke(const std::string& name) {
  TRY(find(name));
  const auto known = std::ranges::find(members_, name, &Member::name);
  const std::string folder = folder_of(path_, known->kind, name);
  // First of all: a seed that stayed would be taken for the key of whoever is admitted under this name later.
  for (const char* const seed : {kLinkSeed, kClientSeed}) {
    const std::string path = folder + seed;
    if (::rename(path.c_str(), (path + kRevoked).c_str()) != 0 && errno != ENOENT) return fail_errno(path, errno);
  }
  members_.erase(known);
  revoked_.push_back(folder);
  return {};
}

Result<bool> FleetFolder::save() {
  const std::string path = path_ + std::string(kUsers), text = format_users(site_.name, members_);
  if (TRY(read_own(path)) == text) return false;
  TRY(replace(path, text, kForAll));
  // Not before: else a key that is still let in would be nowhere to be found.
  for (const std::string& folder : std::exchange(revoked_, {})) {
    for (const char* const seed : {kLinkSeed, kClientSeed}) TRY(remove_file(folder + seed + kRevoked));
    for (const char* const file : {"link.toml", "rstap.toml"}) TRY(remove_file(folder + file));
    (void)::rmdir(folder.c_str());  // Not if somebody keeps something else there.
  }
  // The names of the seeds as well: without them the list would name keys that a crash has taken from us.
  (void)::fsync(lock_.get());
  return true;
}

}  // namespace stapsh::client
