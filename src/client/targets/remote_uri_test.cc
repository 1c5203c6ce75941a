// SPDX-License-Identifier: Apache-2.0
#include "client/targets/remote_uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stapsh::client {
namespace {

using testing::HasSubstr;

TEST(RemoteUri, EveryFormIsUnderstood) {
  struct Case {
    std::string_view text;
    RemoteUri::Address want;
  };
  const Case cases[] = {
      {"web1", SshUri{"web1", {}}},
      {"root@web1", SshUri{"root@web1", {}}},
      {"web1:2222", SshUri{"web1", 2222}},
      {"root@web1:22", SshUri{"root@web1", 22}},
      {"u@v@web1", SshUri{"u@v@web1", {}}},
      {"[::1]", SshUri{"::1", {}}},
      {"::1", SshUri{"::1", {}}},
      {"user@[fe80::1%eth0]:22", SshUri{"user@fe80::1%eth0", 22}},
      {"ssh://web1", SshUri{"web1", {}}},
      {"ssh://root@web1:65535/", SshUri{"root@web1", 65535}},
      {"ssh://[::1]:1", SshUri{"::1", 1}},
      {"unix:/run/stapsh", UnixUri{"/run/stapsh"}},
      {"unix:a b,c[1]", UnixUri{"a b,c[1]"}},
      {"stapsh:", LocalUri{}},
      {"direct:", DirectUri{}},
      {"stapsh://", LocalUri{}},
      {"direct://", DirectUri{}},
      {"unix:run/stapsh", UnixUri{"run/stapsh"}},
      {"libvirt://vm1/qemu+ssh://root@web1/system", LibvirtUri{"vm1", "qemu+ssh://root@web1/system"}},
      {"exec:kubectl exec -i pod -- stapsh", ExecUri{"kubectl exec -i pod -- stapsh"}},
      {"libvirt://vm1", LibvirtUri{"vm1", ""}},
      {"libvirt://vm1/qemu:///session", LibvirtUri{"vm1", "qemu:///session"}},
      {"vsock:3:1024", VsockUri{3, 1024}},
      {"nats://prod/db1.example.com", NatsUri{"prod", "db1.example.com"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto uri = parse_remote_uri(c.text);
    ASSERT_TRUE(uri) << uri.error().what;
    EXPECT_EQ(uri->address, c.want);
    EXPECT_EQ(uri->display_name(), c.text);
  }
}

TEST(RemoteUri, IsKnownByUserHostAndPortHoweverItIsWritten) {
  struct Case {
    std::string_view text;
    TargetIdentity want;
  };
  const Case cases[] = {
      {"web1", {"", "web1", ""}},
      {"ssh://web1/", {"", "web1", ""}},
      {"u@v@web1:22", {"u@v", "web1", "22"}},
      {"root@[fe80::1]", {"root", "fe80::1", ""}},
      {"root@fe80::1", {"root", "fe80::1", ""}},
  };
  for (const Case& c : cases) EXPECT_EQ(parse_remote_uri(c.text)->identity(), c.want) << c.text;
  EXPECT_NE(parse_remote_uri("stapsh:")->identity(), parse_remote_uri("stapsh")->identity());
  EXPECT_EQ(parse_remote_uri("stapsh:")->identity(), parse_remote_uri("stapsh://")->identity());
  EXPECT_EQ(parse_remote_uri("direct:")->identity(), parse_remote_uri("direct://")->identity());
  EXPECT_NE(parse_remote_uri("direct:")->identity(), parse_remote_uri("stapsh:")->identity());
  EXPECT_NE(parse_remote_uri("exec:a@b")->identity(), parse_remote_uri("exec:c@b")->identity());
}

TEST(RemoteUri, ErrorsAreOneLineThatNamesTheTarget) {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {
      {"", "target '': empty; known forms: HOST, USER@HOST"},
      {"foo://web1", "target 'foo://web1': unknown scheme 'foo://'; known forms: HOST"},
      {"foo:bar", "'bar' is not a port (1 to 65535), and 'foo:' is no known scheme; known forms: HOST"},
      {"web1:0", "'0' is not a port"},
      {"web1:65536", "'65536' is not a port"},
      {"web1:+5", "'+5' is not a port"},
      {"web1:", "'' is not a port"},
      {"ssh://web1:x", "'x' is not a port"},
      {"ssh://", "no host"},
      {"ssh://web1/path", "nothing may follow the host"},
      {"root@", "no host"},
      {":22", "no host"},
      {"-oProxyCommand=x", "can't begin with '-'"},
      {"ssh://-oProxyCommand=x", "can't begin with '-'"},
      {"-x@web1", "can't begin with '-'"},
      {"root@-web1", "can't begin with '-'"},
      {"[-v]", "can't begin with '-'"},
      {"a b", "can't hold blanks"},
      {"a\nb", "target 'a^Jb': the control character ^J can't be part of it"},
      {"a\tb", "the control character ^I"},
      {std::string_view("a\0b", 3), "target 'a^@b': the control character ^@"},
      // Of any form: --list-hosts and labels print them.
      {"web\x1b]0;x\a", "target 'web^[]0;x^G': the control character ^["},
      {"web\x7f", "the control character ^?"},
      {"u\x1b@web", "the control character ^["},
      {"unix:/a\xc2\x9b"
       "31m",
       "target 'unix:/a<U+009B>31m': the control character <U+009B>"},
      {"exec:a\xe2\x80\xae", "the control character <U+202E>"},
      {"exec:a\xe2\x80\xaa", "the control character <U+202A>"},
      {"libvirt://a\xe2\x81\xa6", "the control character <U+2066>"},
      {"libvirt://a\xe2\x81\xa9", "the control character <U+2069>"},
      {"[::1", "'[' without ']'"},
      {"[::1]22", "after ']' only :PORT may follow"},
      {"/run/sock", "for a socket say unix:PATH"},
      {"unix:", "the form is unix:PATH"},
      {"exec:", "the form is exec:COMMAND"},
      {"exec:  ", "the form is exec:COMMAND"},
      {"stapsh:x", "nothing may follow"},
      {"direct:x", "nothing may follow"},
      {"direct://x", "nothing may follow"},
      {"nats://prod", "the form is nats://SITE/HOST"},
      {"nats:///web1", "a site is"},
      {"nats://a.b/web1", "a site is"},
      {"nats://prod/", "a host is"},
      {"nats://prod/a/b", "a host is"},
      {"nats://prod/a..b", "a host is"},
      {"nats://prod/*", "all hosts of a site can't be one target"},
      {"libvirt://", "the form is libvirt://DOMAIN"},
      {"libvirt:///qemu:///system", "the form is libvirt://DOMAIN"},
      {"vsock:3", "the form is vsock:CID:PORT"},
      {"vsock:x:1", "CID: 'x' is not a whole number"},
      {"vsock:3:4294967296", "PORT: '4294967296' is not"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto uri = parse_remote_uri(c.text);
    ASSERT_FALSE(uri);
    EXPECT_EQ(uri.error().code, Errc::kUsage);
    EXPECT_THAT(uri.error().what, HasSubstr(c.want));
  }
}

}  // namespace
}  // namespace stapsh::client
