// Fixtures with a role "mine" that takes a package from a repository beside Debian's.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/component/builder/apt_repository.hpp"
#include "tests/component/builder/project.hpp"
#include "tests/support/file_server.hpp"

namespace ingot::tests {

/// A role "mine" that takes ingot-test-hello from the repository "extra".
class Repositories : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reason = why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
        extra_.emplace();
        deb_ = extra_->add("ingot-test-hello", "1.0");
        extra_->publish();
        server_.emplace(extra_->folder());
        write_key(extra_->key());
        write_role("ingot-test-hello");
    }
    void write_key(const std::string& key) const {
        ASSERT_TRUE(files::write(project_.path() / "roles/keys/extra.asc", key));
    }
    void write_role(const std::string& package) const {
        project_.role("mine", text::format("{}\npackages:\n  - {}\nformats: [tar.zst]\nsources:\n  extra:\n"
                                           "    uris: [{}]\n    suites: [stable]\n    components: [main]\n"
                                           "    signed_by: keys/extra.asc\n",
                                           first_line_, package, server_->address()));
    }
    [[nodiscard]] std::filesystem::path stored(const std::string& deb) const {
        const auto digest = *crypto::sha256_file(extra_->folder() / deb);
        return project_.cache / "packages" / digest.substr(0, 2) / (digest + ".deb");
    }
    [[nodiscard]] std::string in_image(const std::string& path) const {
        return run({"tar", "--extract", "--to-stdout", "--file", (project_.image("mine") / "root.tar.zst").string(),
                    path})
            .out;
    }
    std::string first_line_ = "suite: stable";
    std::optional<AptRepository> extra_;
    std::optional<FileServer> server_;
    std::string deb_;
    Project project_;
};

/// Where nothing gets as far as being installed, a small archive in the place of Debian's will do.
class ExtraRepository : public Repositories {
  protected:
    void SetUp() override {
        ASSERT_NO_FATAL_FAILURE(Repositories::SetUp());
        if (IsSkipped()) { return; }
        archive_.emplace();
        archive_->add("ingot-test-essential", "1.0", {}, "Essential: yes\n");
        archive_->publish();
        archive_server_.emplace(archive_->folder());
        project_.cache = project_.path() / "cache";
        ASSERT_TRUE(files::write(project_.path() / "archive.asc", archive_->key()));
    }
    process::Output ingot(const std::string& name, std::vector<std::string> more) const {
        more.insert(more.end(), {"--without-agent", "--mirror", archive_server_->address(), "--keyring",
                                 (project_.path() / "archive.asc").string()});
        return project_.ingot(name, more);
    }
    std::optional<AptRepository> archive_;
    std::optional<FileServer> archive_server_;
};

} // namespace ingot::tests
