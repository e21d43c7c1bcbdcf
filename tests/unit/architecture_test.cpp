// Holds the house to its plan: folders alone do not keep a boundary, a test does.
//
// edges.txt is written by CMake from the USES lists, so the build and this test cannot disagree.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/places/places.hpp"

namespace fs = std::filesystem;

namespace {

const fs::path kSource = ingot::tests::source_dir();

struct Include {
    std::string target;
    bool own = false; ///< in quotes
};

struct SourceFile {
    std::string path;   ///< relative to the project
    std::string module; ///< its folder
    std::size_t lines = 0;
    std::vector<Include> includes;
};

std::vector<SourceFile> source_files() {
    std::vector<SourceFile> found;
    for (const auto* top : {"common", "cloud-init", "builder", "firstboot", "installer"}) {
        for (const auto& entry : fs::recursive_directory_iterator(kSource / top)) {
            const auto extension = entry.path().extension();
            if (extension != ".cpp" && extension != ".hpp") { continue; }
            SourceFile file;
            file.path = entry.path().lexically_relative(kSource).string();
            file.module = entry.path().parent_path().lexically_relative(kSource).string();
            const auto content = ingot::files::read(entry.path());
            EXPECT_TRUE(content.has_value()) << file.path;
            for (const auto& line : ingot::text::lines(content.value_or(""))) {
                ++file.lines;
                if (!line.starts_with("#include ")) { continue; }
                const auto begin = line.find_first_of("\"<");
                const auto end = line.find_first_of("\">", begin + 1);
                file.includes.push_back({line.substr(begin + 1, end - begin - 1), line[begin] == '"'});
            }
            found.push_back(std::move(file));
        }
    }
    return found;
}

std::map<std::string, std::set<std::string>> allowed_edges() {
    std::map<std::string, std::set<std::string>> edges;
    const auto content = ingot::files::read(ingot::tests::binary_dir() / "edges.txt");
    EXPECT_TRUE(content.has_value());
    for (const auto& line : ingot::text::lines(content.value_or(""))) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) { continue; }
        auto& uses = edges[line.substr(0, colon)];
        for (const auto& used : ingot::text::split(line.substr(colon + 1), ' ')) {
            if (!used.empty()) { uses.insert(used); }
        }
    }
    return edges;
}

std::string module_of_include(const std::string& target) { return fs::path(target).parent_path().string(); }

TEST(Architecture, IncludesOnlyWhatTheModuleDeclaresAsUsed) {
    const auto edges = allowed_edges();
    for (const auto& file : source_files()) {
        for (const auto& include : file.includes) {
            if (!include.own) { continue; }
            const auto target = module_of_include(include.target);
            if (target == file.module) { continue; }
            ASSERT_FALSE(target.empty()) << file.path << " includes \"" << include.target << "\" without its folder";
            // main.cpp is a program of its own that uses what its module may use, and the module itself.
            const auto uses = edges.find(file.module);
            ASSERT_TRUE(uses != edges.end()) << file.path << ": its folder is no ingot_module";
            EXPECT_TRUE(uses->second.contains(target))
                << file.path << " includes \"" << include.target << "\", but " << file.module << " does not list "
                << target << " in its USES";
        }
    }
}

TEST(Architecture, DependsOnlyDownwards) {
    for (const auto& [module, uses] : allowed_edges()) {
        for (const auto& used : uses) {
            const auto top = module.substr(0, module.find('/'));
            const auto target = used.substr(0, used.find('/'));
            const bool down = target == top || target == "common" || (target == "cloud-init" && top != "common");
            EXPECT_TRUE(down) << module << " uses " << used;
        }
    }
}

TEST(Architecture, RolesOfTheAgentDoNotKnowEachOther) {
    const std::set<std::string> roles = {"firstboot/etcd", "firstboot/db", "firstboot/proxy"};
    for (const auto& [module, uses] : allowed_edges()) {
        if (!roles.contains(module)) { continue; }
        for (const auto& used : uses) { EXPECT_FALSE(roles.contains(used)) << module << " uses " << used; }
    }
}

TEST(Architecture, LibraryHeadersStayInTheirWrapper) {
    const std::map<std::string, std::set<std::string>> wrappers = {
        {"yaml-cpp/", {"common/document"}},
        {"curl/", {"common/http"}},
        {"openssl/", {"common/crypto", "common/tls", "installer/fetch"}},
        {"archive", {"common/archive"}},
        {"zstd", {"common/compress"}},
        {"zlib.h", {"common/gzip"}},
        {"nlohmann/", {"common/json"}},
        {"spdlog/", {"common/log"}},
        {"fmt/", {"common/text"}},
        {"CLI/", {"builder/cli", "firstboot/cli", "installer/cli", "common/cli"}},
        {"blkid/", {"installer/disks"}},
        {"microhttpd", {"builder/serve/world"}},
        {"systemd/", {"firstboot/system"}},
    };
    for (const auto& file : source_files()) {
        for (const auto& include : file.includes) {
            if (include.own) { continue; }
            for (const auto& [prefix, homes] : wrappers) {
                if (!include.target.starts_with(prefix)) { continue; }
                EXPECT_TRUE(homes.contains(file.module)) << file.path << " includes <" << include.target << ">";
            }
        }
    }
}

TEST(Architecture, FilesCanBeReadInOneSitting) {
    constexpr std::size_t kLongest = 600;
    for (const auto& file : source_files()) { EXPECT_LE(file.lines, kLongest) << file.path; }
}

TEST(Architecture, EveryModuleSaysInOneLineWhatItIsFor) {
    for (const auto& [module, uses] : allowed_edges()) {
        const auto text = ingot::files::read(kSource / module / "CMakeLists.txt");
        ASSERT_TRUE(text.has_value()) << module;
        EXPECT_TRUE(text->starts_with("# ")) << module << "/CMakeLists.txt does not open with its purpose";
    }
}

} // namespace
