// SPDX-License-Identifier: Apache-2.0
// An administrator's folder for one site: nats-server.conf and users.conf for the broker, `site` with what hosts and
// clients are told of it, and hosts/HOST/ and clients/NAME/ with what each of them is given. A key is never written
// over, a file is there whole or not at all, and one process at a time changes anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/fleet/member.h"
#include "client/fleet/site_texts.h"
#include "sys/unique_fd.h"

namespace stapsh::client {

class FleetFolder {
 public:
  /// Makes what is missing; `made` gets the names of that. kUsage: the folder is another site's.
  static Result<FleetFolder> make(const std::string& path, const Site& site, BrokerOptions broker,
                                  std::vector<std::string>& made);
  /// kUsage: it is none, or somebody has changed it so that it can't be read.
  static Result<FleetFolder> open(const std::string& path);

  [[nodiscard]] const Site& site() const { return site_; }
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  /// An absolute path.
  [[nodiscard]] const std::string& path() const { return path_; }

  struct Admission {
    bool is_new = false;    ///< It was no member before.
    bool has_seed = false;  ///< It is still here.
    std::string folder;     ///< Of what it is given; with a '/' at its end.
  };
  /// A host or a client, whose key is made here: it is a member once save() has been called. kUsage: a host and a
  /// client of one name would hear each other's answers.
  Result<Admission> admit(MemberKind kind, const std::string& name, bool makes_store);
  /// kUsage: it is neither a host nor a client of this site.
  [[nodiscard]] Result<> find(const std::string& name) const;
  /// It is no member once save() has been called, which then removes what it was given. kUsage: it is none.
  Result<> revoke(const std::string& name);
  /// Writes users.conf, if it is to say something else. False: it says all that already.
  Result<bool> save();

 private:
  FleetFolder(std::string path, sys::UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  Result<> read_site();
  Result<> read_members();

  std::string path_;
  sys::UniqueFd lock_;  // The folder itself.
  Site site_;
  std::vector<Member> members_;
  std::vector<std::string> revoked_;  // Their folders.
};

}  // namespace stapsh::client
