// What an enemy, or an accident, may put into user-data and network descriptions: each ends in a sentence, within ten
// seconds of processor time and 512 MiB, in a process that is ended if it takes more.
#include <csignal>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cloud-init/network/network.hpp"
#include "cloud-init/userdata/userdata.hpp"
#include "common/crypto/crypto.hpp"
#include "common/gzip/gzip.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;

/// Runs `read` in a process of its own with bounds, and returns what it says.
std::string within_bounds(const std::function<std::string()>& read) {
    int ends[2];
    if (::pipe(ends) != 0) { return "no pipe"; }
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit processor{.rlim_cur = 10, .rlim_max = 12};
        ::setrlimit(RLIMIT_CPU, &processor);
#if !defined(__SANITIZE_ADDRESS__) // which maps terabytes
        const rlimit memory{.rlim_cur = 512 * kMebibyte, .rlim_max = 512 * kMebibyte};
        ::setrlimit(RLIMIT_AS, &memory);
#endif
        const auto said = read().substr(0, 4096);
        ::_exit(::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string said(4096, '\0');
    const auto count = ::read(ends[0], said.data(), said.size());
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) { return text::format("ended by signal {}", WTERMSIG(status)); }
    said.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return said;
}

std::string read_user_data(const std::string& text) {
    const auto parsed = parse_sources({.user_data = text, .vendor_data = {}, .fetch = {}}, "u");
    return parsed ? "accepted" : parsed.error().message;
}

std::string times(std::string_view piece, std::size_t count) {
    std::string text;
    text.reserve(piece.size() * count);
    for (std::size_t index = 0; index < count; ++index) { text += piece; }
    return text;
}

std::string alias_bomb() {
    std::string text = "#cloud-config\na0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int level = 1; level < 10; ++level) {
        text += text::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", level,
                             level - 1);
    }
    return text;
}

/// Members of 8 MiB each, one behind the other.
const std::string& gzip_bomb() {
    static const std::string kBomb = times(gzip::compress(std::string(8 * kMebibyte, 'a')), 256);
    return kBomb;
}

std::string nested_multiparts(int levels) {
    std::string text = "MIME-Version: 1.0\n";
    for (int level = 0; level < levels; ++level) {
        text += text::format("Content-Type: multipart/mixed; boundary=b{0}\n\n--b{0}\n", level);
    }
    return text + "Content-Type: text/cloud-config\n\n#cloud-config\n";
}

/// The same compressed part many times.
std::string multipart(std::string_view type, const std::string& content, std::size_t count) {
    const auto part = text::format("--b\nContent-Type: {}\nContent-Transfer-Encoding: base64\n\n{}\n", type,
                                   crypto::base64_encode(gzip::compress(content)));
    return "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" + times(part, count) + "--b--\n";
}

struct Attack {
    std::string name;
    std::function<std::string()> text;
    std::string sentence; ///< a part of what is said
};

TEST(HostileUserData, EndsInASentenceWithinBounds) {
    const std::vector<Attack> attacks = {
        {"lists in lists", [] { return "#cloud-config\na: " + times("[", 100'000); }, "u:2:"},
        {"mappings in mappings", [] { return "#cloud-config\n" + times("{a: ", 100'000); }, "u:2:"},
        {"blocks in blocks",
         [] {
             std::string text = "#cloud-config\n";
             for (std::size_t level = 0; level < 2'000; ++level) { text += std::string(level, ' ') + "a:\n"; }
             return text;
         },
         "nested"},
        {"aliases of aliases", alias_bomb, "anchor"},
        {"a gzip of two gibibytes", gzip_bomb, "grows to more than"},
        {"a gzip in a gzip in a gzip", [] { return gzip::compress(gzip::compress(gzip_bomb())); }, "u:1:1"},
        {"a text of 64 mebibytes", [] { return "#cloud-config\na: " + std::string(64 * kMebibyte, 'x'); },
         "larger than 16 MiB"},
        {"a text of 64 mebibytes, compressed",
         [] { return gzip::compress("#cloud-config\na: " + std::string(64 * kMebibyte, 'x')); },
         "grows to more than"},
        {"a scalar of 15 mebibytes", [] { return "#cloud-config\na: " + std::string(15 * kMebibyte, 'x'); }, "u:2:"},
        {"a key of 15 mebibytes", [] { return "#cloud-config\n" + std::string(15 * kMebibyte, 'x') + ": a"; },
         "u:2:"},
        {"many keys",
         [] {
             std::string text = "#cloud-config\n";
             for (int key = 0; key < 200'000; ++key) { text += text::format("k{}: 1\n", key); }
             return text;
         },
         "more than"},
        {"bytes that are no UTF-8", [] { return std::string("#cloud-config\nhostname: \xff\xfe\n"); }, "UTF-8"},
        {"half a character", [] { return std::string("#cloud-config\nhostname: a\xc3"); }, "UTF-8"},
        {"an overlong slash", [] { return std::string("#cloud-config\nfinal_message: \xc0\xaf\n"); }, "UTF-8"},
        {"a NUL", [] { return std::string("#cloud-config\nhostname: a\0b\n", 27); }, "u:2:"},
        {"multi-parts in multi-parts", [] { return nested_multiparts(10'000); }, "u:1:1"},
        {"a hundred thousand parts",
         [] {
             return "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" +
                    times("--b\nContent-Type: text/cloud-config\n\n#cloud-config\n", 100'000) + "--b--\n";
         },
         "256"},
        {"a header of 15 mebibytes",
         [] { return "MIME-Version: 1.0\nX: " + times("y\n ", 5 * kMebibyte) + "\n\n#cloud-config\n"; }, "accepted"},
        {"archives in archives",
         [] {
             std::string text = "#cloud-config\n";
             for (int level = 0; level < 20; ++level) {
                 std::string indented;
                 for (const auto& line : text::lines(text)) { indented += "    " + line + "\n"; }
                 text = "#cloud-config-archive\n- content: |\n" + indented;
             }
             return text;
         },
         "nested"},
        {"a file whose content is a gzip of two gibibytes",
         [] {
             return "#cloud-config\nwrite_files: [{path: /a, encoding: gz+b64, content: '" +
                    crypto::base64_encode(times(gzip::compress(std::string(8 * kMebibyte, 'a')), 64)) + "'}]\n";
         },
         "grows to more than"},
        {"seven hundred files that are gzips of 15 mebibytes each",
         [] {
             const auto bomb = crypto::base64_encode(gzip::compress(std::string(15 * kMebibyte, 'a')));
             std::string text = "#cloud-config\nwrite_files:\n";
             for (int file = 0; file < 700; ++file) {
                 text += text::format("- {{path: /f{}, encoding: gz+b64, content: '{}'}}\n", file, bomb);
             }
             return text;
         },
         "what is compressed in write_files grows to more than 16 MiB in all"},
        {"two hundred scripts that are gzips of 15 mebibytes each",
         [] { return multipart("text/x-shellscript", "#!/bin/sh\n" + std::string(15 * kMebibyte, 'a'), 200); },
         "what is compressed here grows to more than 16 MiB in all"},
        {"gzips of 15 mebibytes of a type that nobody reads",
         [] { return multipart("application/x-gzip", std::string(15 * kMebibyte, 'a'), 250); },
         "what is compressed here grows to more than 16 MiB in all"},
        {"many keys in many parts",
         [] {
             std::string text = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n";
             for (int part = 0; part < 30; ++part) {
                 text += "--b\nContent-Type: text/cloud-config\n\n#cloud-config\n";
                 for (int key = 0; key < 24'000; ++key) { text += text::format("k{}-{}: 1\n", part, key); }
             }
             return text + "--b--\n";
         },
         "more than 50000 values in all parts together"},
        {"unknown keys, twenty thousand of them",
         [] {
             std::string text = "#cloud-config\nhostname: '-'\n";
             for (int key = 0; key < 20'000; ++key) { text += text::format("writefiles{}: 1\n", key); }
             return text;
         },
         "is no host name"},
        {"unknown keys of a mebibyte",
         [] {
             std::string text = "#cloud-config\nhostname: '-'\n";
             for (int key = 0; key < 15; ++key) {
                 text += text::format("? k{}{}\n: 1\n", key, std::string(kMebibyte - 100, 'x'));
             }
             return text;
         },
         "is no host name"},
        {"a text that is appended to itself in many parts",
         [] {
             std::string text = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n";
             for (int part = 0; part < 200; ++part) {
                 text += "--b\nContent-Type: text/cloud-config\n\n#cloud-config\nmerge_how: "
                         "str(append)+dict(recurse_str)\n"
                         "hostname: " +
                         std::string(70'000, '-') + "\n";
             }
             return text + "--b--\n";
         },
         "merged, a text is longer than 1 MiB"},
    };
    for (const auto& attack : attacks) {
        SCOPED_TRACE(attack.name);
        const auto text = attack.text(); // made outside of the bounds
        EXPECT_THAT(within_bounds([&text] { return read_user_data(text); }), HasSubstr(attack.sentence));
    }
}

TEST(HostileUserData, WritesNoFileElsewhere) {
    for (const auto* const path : {"/etc/../root/x", "../etc/x", "etc/x", "/etc/./x", "//etc/x", "/etc//x", "/etc/x/",
                                   "/..", "/.", "", "/etc/x\\0y", "~/x", "/a/../../b"}) {
        const auto text = text::format("#cloud-config\nwrite_files: [{{path: \"{}\", content: x}}]\n", path);
        EXPECT_THAT(read_user_data(text), HasSubstr("write_files[0].path")) << path;
    }
    // Names of parts become file names.
    const auto script = parse("MIME-Version: 1.0\nContent-Type: text/x-shellscript\n"
                              "Content-Disposition: attachment; filename=\"../../etc/cron.d/x\"\n\n#!/bin/sh\n",
                              "u");
    ASSERT_TRUE(script.has_value()) << script.error().message;
    EXPECT_EQ(script->scripts.at(0).name, "x");
}

TEST(HostileNetwork, EndsInASentenceWithinBounds) {
    const std::vector<Attack> attacks = {
        {"lists in lists", [] { return "version: 2\nethernets: " + times("[", 100'000); }, "n:2:"},
        {"many interfaces",
         [] {
             std::string text = "version: 2\nethernets:\n";
             for (int number = 0; number < 200'000; ++number) { text += text::format("  e{}: {{}}\n", number); }
             return text;
         },
         "more than"},
        {"bytes that are no UTF-8", [] { return std::string("version: 2\nethernets: {\xff: {}}\n"); }, "UTF-8"},
        {"64 mebibytes", [] { return "version: 2\nx: " + std::string(64 * kMebibyte, 'x'); }, "larger than"},
        {"JSON in JSON", [] { return "{\"links\": " + times("[", 1'000'000); }, "n:1:"},
    };
    for (const auto& attack : attacks) {
        SCOPED_TRACE(attack.name);
        const auto text = attack.text();
        const auto say = [](const auto& read) { return read ? std::string("accepted") : read.error().to_string(); };
        EXPECT_THAT(within_bounds([&] { return say(read_network_config(text, "n")); }), HasSubstr(attack.sentence));
        EXPECT_NE(within_bounds([&] { return say(read_network_data(text, "n")); }), "accepted");
    }
}

} // namespace
} // namespace ingot::cloud_init
