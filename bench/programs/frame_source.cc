// SPDX-License-Identifier: Apache-2.0
// An agent that costs nothing: frame_source [--raw | --listen PATH] LINE FRAME TOTAL answers the handshake of any
// client and then emits TOTAL bytes of lines of LINE bytes in frames of FRAME bytes, from memory. --raw: no handshake
// and no frames, just the lines. --listen: one client on a socket.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

int in = 0, out = 1;

void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(out, bytes.data(), bytes.size());
    if (size <= 0) std::exit(1);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

// Into a pipe the pages go as they are: the one who reads pays, and nobody pays for a source.
void emit(std::string_view bytes) {
  static const bool is_pipe = [] {
    struct stat about {};
    return ::fstat(out, &about) == 0 && S_ISFIFO(about.st_mode);
  }();
  if (!is_pipe) return write_all(bytes);
  while (!bytes.empty()) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    const ssize_t size = ::vmsplice(out, &piece, 1, 0);
    if (size <= 0) std::exit(1);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

bool read_line(std::string& line) {
  line.clear();
  for (char c = 0; ::read(in, &c, 1) == 1;) {
    if (c == '\n') return true;
    line += c;
  }
  return false;
}

void skip(unsigned long size) {
  char buffer[4096];
  while (size > 0) {
    const ssize_t got = ::read(in, buffer, size < sizeof buffer ? size : sizeof buffer);
    if (got <= 0) std::exit(1);
    size -= static_cast<unsigned long>(got);
  }
}

// Up to the OK of `run`.
void shake_hands() {
  for (std::string line; read_line(line);) {
    if (line.starts_with("stap ")) {
      utsname kernel{};
      (void)::uname(&kernel);
      write_all(std::string("stapsh 4.8 ") + kernel.machine + " " + kernel.release + "\n");
    } else if (line.starts_with("option ")) {
      const std::string name = line.substr(7);
      write_all(name == "data" || name == "exit" || name == "bpf" ? "OK\n" : "ERROR: Invalid option\n");
    } else if (line.starts_with("file ")) {
      skip(std::strtoul(line.c_str() + 5, nullptr, 10));
      write_all("OK\n");
    } else if (line.starts_with("run")) {
      return write_all("OK\n");
    } else {
      std::exit(0);
    }
  }
  std::exit(1);
}

void listen_for_one(const char* path) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (void)std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::exit(2);
  if (::listen(listener, 1) != 0) std::exit(2);
  if (std::puts("listening") < 0 || std::fflush(stdout) != 0) std::exit(2);
  in = out = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
}

}  // namespace

int main(int argc, char** argv) {
  bool raw = false;
  for (--argc, ++argv; argc > 0 && argv[0][0] == '-'; --argc, ++argv) {
    if (std::string_view(argv[0]) == "--raw") raw = true;
    if (std::string_view(argv[0]) == "--listen" && argc > 1) {
      listen_for_one(argv[1]);
      --argc, ++argv;
    }
  }
  if (argc < 3) return 2;
  const unsigned long line = std::strtoul(argv[0], nullptr, 10), frame = std::strtoul(argv[1], nullptr, 10);
  unsigned long left = std::strtoul(argv[2], nullptr, 10);
  std::string piece;
  if (!raw) piece = "data stdout " + std::to_string(frame) + "\n";
  for (unsigned long i = 0; i < frame; ++i) piece += i % line == line - 1 || i == frame - 1 ? '\n' : 'x';
  std::string many;
  unsigned long frames_of_many = 0;
  for (; many.size() < std::size_t{2} << 20; ++frames_of_many) many += piece;
  if (!raw) shake_hands();
  for (; left >= frames_of_many * frame; left -= frames_of_many * frame) emit(many);
  for (; left >= frame; left -= frame) emit(piece);
  if (!raw) write_all("exit 0\nquit\n");
  return 0;
}
