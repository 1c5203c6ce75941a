// SPDX-License-Identifier: Apache-2.0
// What runs on a build host: two small shell programs, for any POSIX shell. Pure.
//
// sshd tells a command without a terminal nothing, neither of a ctrl-C nor of a lost connection. So the sign of life is
// standard input: when it ends, or one of the processes there does, the others end stap's session and remove the
// folder. Its name is ours, and no secret to other users there: the stage makes it, or ends, and nothing outside of it
// is trusted. In it are `b`, of the build, and `gone`, as that is called from when it is to end.
//
//   sh               the stage: waits for the watcher; removes what is left then, and on SIGTERM or SIGHUP
//    `- watcher      takes the files, starts the other two, waits until the cat ends, removes all
//        |- cat      reads on, to the end of standard input
//        `- sh       ends the cat when the build is over
//            `- sh   the build, in a session of its own: runs stap, prints what it made, removes the folder
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stapsh::client {

/// The name of the folder there, for `unique`: letters and digits that nobody else has. In words of
/// build_program() it stands for that of the build in it, since only the host knows in which TMPDIR it is.
std::string build_host_name(std::string_view unique);

/// The stage, for ssh's command line. When it is ready it prints `name`, a blank, the build's folder (`/…/NAME/b`) and
/// a newline; it takes from standard input lines `d 0 PATH|` (a folder in that folder), `f SIZE PATH|` with SIZE bytes
/// behind it (a file), and `run 0 |`.
std::string stage_command(const std::string& name);

/// The build, which is sent as the file `build`: has `stap` run with `words`, for `machine`. `reads_script`: its
/// standard input is the file `script`. It prints what BuildHostOutput reads.
std::string build_program(const std::string& name, const std::string& stap, const std::vector<std::string>& words,
                          const std::string& machine, bool reads_script);

}  // namespace stapsh::client
