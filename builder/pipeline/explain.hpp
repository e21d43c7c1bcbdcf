// ingot build --explain: what a build would do and why, without doing it. Writes nothing but apt's own folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "builder/pipeline/pipeline.hpp"
#include "builder/progress/progress.hpp"
#include "common/json/json.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::pipeline {

struct ExplainedLayer {
    std::string name; ///< "packages base", "initrd", "image db"
    std::string key;
    bool cached = false;
    std::vector<std::string> reasons{};  ///< why it has to be made; empty if it is cached
    std::uint64_t packages = 0;          ///< it brings
    std::uint64_t missing_packages = 0;  ///< that are not in the store yet
    std::uint64_t missing_bytes = 0;     ///< of their .debs
    std::vector<std::string> overlays{}; ///< folders laid over it
};

struct ExplainedRole {
    std::string name;
    std::string suite;
    std::string agent; ///< version; empty: without
    std::uint64_t packages = 0;
    std::vector<ExplainedLayer> layers{}; ///< bottom first
    std::vector<std::string> formats{};
    std::vector<std::string> files{};
    std::filesystem::path output;
    bool unchanged = false; ///< what lies there is what would be made
};

struct Explanation {
    std::vector<ExplainedRole> roles{};
    std::uint64_t missing_packages = 0; ///< of all layers that have to be made, each once
    std::uint64_t missing_bytes = 0;
};

Result<Explanation> explain(const BuildRequest& request, process::Processes& processes, progress::Progress& progress);

/// Why the layer `key` is none of `known` (newest first): what changed since the newest of the same kind and name,
/// one sentence each; at most `limit` and how many more. Pure.
std::vector<std::string> reasons_for(std::string_view key, const std::vector<std::string>& known,
                                     std::size_t limit = 8);

std::string render_text(const Explanation& explanation);
json::Json to_json(const Explanation& explanation);

} // namespace ingot::builder::pipeline
