// SPDX-License-Identifier: Apache-2.0
// Errors are values: Result<T> is a T or an Error. Nobody else in the tree names `tl::`.
// TRY(expr) hands an error to our caller. Use it as a whole initializer or a whole statement only:
// inside `T{f(), TRY(g())}` compilers leak what f made, and g++ 12 crashes on it in coroutines.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace stapsh {

enum class Errc {
  kUsage,    ///< The command line, or a file that a person wrote.
  kPeer,     ///< The other end sent something it must not send.
  kLimit,    ///< Over a limit of limits.h.
  kSystem,   ///< A system call failed; sys_errno says how.
  kTimeout,  ///< Not done within its bound.
};

/// What went wrong, for a person: `what` names the thing, the reason and what to do.
struct Error {
  Errc code = Errc::kSystem;
  std::string what;
  int sys_errno = 0;
};

template <typename T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error> base) : tl::expected<T, Error>(std::move(base)) {}
};

template <typename T>
T take(Result<T>&& result) {
  return *std::move(result);
}
inline void take(Result<void>&&) {}

/// An error to return: `return fail(Errc::kUsage, "…");`.
inline tl::unexpected<Error> fail(Errc code, std::string what, int sys_errno = 0) {
  return tl::unexpected(Error{code, std::move(what), sys_errno});
}

/// An error that came before, to return now.
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected(std::move(error)); }

/// An error to return from a failed system call: `what` is the thing; the reason comes from `sys_errno`.
inline tl::unexpected<Error> fail_errno(std::string_view what, int sys_errno) {
  return fail(Errc::kSystem, std::string(what) + ": " + std::strerror(sys_errno), sys_errno);
}

/// The same of a file that a person named and that can't be used: the words are wrong, not the system.
inline tl::unexpected<Error> fail_named(std::string_view file, int sys_errno) {
  return fail(Errc::kUsage, std::string(file) + ": " + std::strerror(sys_errno), sys_errno);
}

/// The same error with what was being done in front: `CONTEXT: WHAT`.
inline tl::unexpected<Error> add_context(std::string_view context, Error error) {
  error.what = std::string(context) + ": " + error.what;
  return tl::unexpected(std::move(error));
}

#define TRY(expr)                                                            \
  __extension__({                                                            \
    auto try_result_ = (expr);                                               \
    if (!try_result_) return tl::unexpected(std::move(try_result_).error()); \
    ::stapsh::take(std::move(try_result_));                                  \
  })

}  // namespace stapsh
