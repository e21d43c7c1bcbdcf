#include "cloud-init/parts/parts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/gzip/gzip.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Taken {
    Parts parts;
    std::vector<std::string> faults;
    [[nodiscard]] std::vector<std::string> contents() const {
        std::vector<std::string> all;
        for (const auto& part : parts.parts) { all.push_back(part.content); }
        return all;
    }
};

Taken take(std::string_view text, const Fetch& fetch = {}) {
    Faults faults;
    Taken taken{.parts = take_apart(text, "u", fetch, faults), .faults = {}};
    taken.faults = faults.lines();
    return taken;
}

const std::string kMime = "From nobody Thu Jan  1 00:00:00 1970\n"
                          "Content-Type: multipart/mixed;\n boundary=\"==X==\"\n"
                          "MIME-Version: 1.0\n"
                          "\n"
                          "preamble, which nobody reads\n"
                          "--==X==\n"
                          "Content-Type: text/cloud-config; charset=\"utf-8\"\n"
                          "Merge-Type: list(append)+dict()\n"
                          "Content-Disposition: attachment; filename=\"one.yaml\"\n"
                          "\n"
                          "hostname: a\n"
                          "--==X==\n"
                          "Content-Type: text/x-shellscript\n"
                          "Content-Transfer-Encoding: base64\n"
                          "Content-Disposition: attachment; filename=../../etc/evil\n"
                          "\n"
                          "IyEvYmluL3NoCmVj\naG8gaGkK\n"
                          "--==X==\n"
                          "Content-Type: text/plain\n"
                          "Content-Transfer-Encoding: quoted-printable\n"
                          "\n"
                          "#cloud-config\n"
                          "fqdn: a=2Eexample=\n.org\n"
                          "--==X==--\n"
                          "epilogue\n";

TEST(Parts, OfOneTextAreOne) {
    const auto taken = take("\xEF\xBB\xBF#Cloud-Config\r\nhostname: a\r\n");
    ASSERT_EQ(taken.parts.parts.size(), 1U);
    EXPECT_EQ(taken.parts.parts[0].kind, PartKind::cloud_config);
    EXPECT_EQ(taken.parts.parts[0].content, "#Cloud-Config\nhostname: a\n");
    EXPECT_EQ(take("\n\n#!/bin/sh\n").parts.parts[0].kind, PartKind::script);
    EXPECT_EQ(take("#cloud-boothook\n#!/bin/sh\n").parts.parts[0].kind, PartKind::boothook);
    EXPECT_THAT(take("").parts.parts, IsEmpty());
}

TEST(Parts, OfAMultiPartAreDecodedAndNamed) {
    const auto taken = take(kMime);
    EXPECT_THAT(taken.faults, IsEmpty());
    EXPECT_THAT(taken.contents(),
                ElementsAre("hostname: a", "#!/bin/sh\necho hi\n", "#cloud-config\nfqdn: a.example.org"));
    EXPECT_EQ(taken.parts.parts[0].name, "one.yaml");
    EXPECT_EQ(taken.parts.parts[0].merge_header, "list(append)+dict()");
    EXPECT_EQ(taken.parts.parts[1].name, "evil"); // never a path
    EXPECT_EQ(taken.parts.parts[2].name, "part-003");
}

TEST(Parts, AreInflatedWholeOrOneByOne) {
    EXPECT_EQ(take(gzip::compress(kMime)).contents(), take(kMime).contents());
    const auto part = "MIME-Version: 1.0\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n" +
                      crypto::base64_encode(gzip::compress("#cloud-config\nhostname: z\n")) + "\n";
    EXPECT_THAT(take(part).contents(), ElementsAre("#cloud-config\nhostname: z\n"));
}

TEST(Parts, OfAnArchiveAreTextsAndMappings) {
    const auto taken = take("#cloud-config-archive\n"
                            "- \"#!/bin/sh\\necho\\n\"\n"
                            "- type: text/cloud-config\n  content: 'hostname: a'\n  filename: a.yaml\n"
                            "- content: 'fqdn: b'\n");
    EXPECT_THAT(taken.faults, IsEmpty());
    EXPECT_THAT(taken.contents(), ElementsAre("#!/bin/sh\necho\n", "hostname: a", "fqdn: b"));
    EXPECT_EQ(taken.parts.parts[1].name, "a.yaml");
    EXPECT_EQ(taken.parts.parts[2].kind, PartKind::cloud_config);
}

TEST(Parts, AreFetchedByTheAgentOnly) {
    const std::string text = "#include\n# a comment\nhttp://x/1\n#include http://x/2\n";
    std::vector<std::string> asked;
    const auto fetched = take(text, [&asked](const std::string& url) -> Result<std::string> {
        asked.push_back(url);
        return "#cloud-config\nhostname: h" + url.substr(url.size() - 1) + "\n";
    });
    EXPECT_THAT(asked, ElementsAre("http://x/1", "http://x/2"));
    EXPECT_THAT(fetched.contents(), ElementsAre("#cloud-config\nhostname: h1\n", "#cloud-config\nhostname: h2\n"));
    EXPECT_EQ(take(text).parts.warnings.size(), 2U);
    const auto failed = take(
        text, [](const std::string&) -> Result<std::string> { return fail(ErrorKind::transient, "nobody there"); });
    ASSERT_TRUE(failed.parts.unfetched.has_value());
    EXPECT_THAT(take("#include\nfile:///etc/shadow\n").faults, ElementsAre(HasSubstr("is no http(s) address")));
}

TEST(Parts, ThatIncludeThemselvesEnd) {
    const auto taken = take("#include\nhttp://x/self\n", [](const std::string&) -> Result<std::string> {
        return std::string("#include\nhttp://x/self\nhttp://x/self\n");
    });
    EXPECT_FALSE(taken.faults.empty());
}

TEST(Parts, ThatCannotBeDoneAreFaults) {
    const std::pair<std::string, std::string> bad[] = {
        {"hostname: a\n", "the first line has to be #cloud-config"},
        {"## template: jinja\n#cloud-config\n", "jinja templates are not read"},
        {"#part-handler\nimport os\n", "part-handlers are Python code"},
        {"#cloud-config-jsonp\n[]\n", "JSON patches"},
        {"#cloud-config-archive\na: b\n", "an archive is a list"},
        {std::string("\x1f\x8b\x08\0", 4), "damaged gzip"},
        {kMime.substr(0, kMime.find("--==X==--")), "it is cut off"},
        {"MIME-Version: 1.0\nContent-Type: multipart/mixed\n\nx\n", "a multi-part without a boundary"},
        {"MIME-Version: 1.0\nContent-Transfer-Encoding: uuencode\n\nx\n", "unknown transfer encoding"},
        {"MIME-Version: 1.0\n\nplain words\n", "neither of a type that is read"},
    };
    for (const auto& [text, reason] : bad) { EXPECT_THAT(take(text).faults, ElementsAre(HasSubstr(reason))) << text; }
}

TEST(Parts, OfABombAreBounded) {
    // 64 MiB of zeros in 64 KiB.
    const auto bomb = gzip::compress(std::string(std::size_t{64} << 20U, '\0'));
    EXPECT_THAT(take(bomb).faults,
                ElementsAre(HasSubstr("what is compressed here grows to more than 16 MiB in all")));
    std::string nested = "MIME-Version: 1.0\n";
    for (int depth = 0; depth < 30; ++depth) {
        nested += text::format("Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n", depth);
    }
    EXPECT_FALSE(take(nested).faults.empty());
    std::string many = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n";
    for (int part = 0; part < 1000; ++part) { many += "--b\nContent-Type: text/cloud-config\n\n{}\n"; }
    EXPECT_THAT(take(many + "--b--\n").faults, ElementsAre(HasSubstr("more than 256 parts")));
}

TEST(Parts, ThatAreUnknownAndNoTextAreAWarning) {
    const auto taken =
        take("MIME-Version: 1.0\nContent-Type: image/png\nContent-Disposition: x; filename=logo.png\n\nPNG\n");
    EXPECT_THAT(taken.faults, IsEmpty());
    EXPECT_THAT(taken.parts.warnings, ElementsAre("u: logo.png: parts of type image/png are not read"));
}

} // namespace
} // namespace ingot::cloud_init
