#include "builder/rootfs/layers.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

/// Raised whenever the way a layer is made changes what is in it.
constexpr std::string_view kLayerRecipe = "6";

Status sync_file_system(const std::filesystem::path& path) {
    const files::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::syncfs(fd.get()) != 0) { return fail_errno(errno, "writing " + path.string() + " to disk"); }
    return {};
}

} // namespace

LayerKey::LayerKey(std::string_view kind, std::string_view parent) {
    add("recipe", kLayerRecipe);
    add("kind", kind);
    add("parent", parent);
}

LayerKey& LayerKey::add(std::string_view name, std::string_view value) {
    // A value with line ends is indented, so that no value can pass for another line.
    text_ += text::format("{}: {}\n", name, text::replace_all(std::string(value), "\n", "\n  "));
    return *this;
}

LayerKey& LayerKey::add(std::string_view name, const std::vector<std::string>& values) {
    for (const auto& value : values) { add(name, value); }
    return *this;
}

LayerKey& LayerKey::add(const packages::PackageSet& set) {
    for (const auto& package : set) {
        add("package",
            text::format("{} {} {} {}", package.name, package.version, package.architecture, package.sha256));
    }
    return *this;
}

std::string LayerKey::hash() const { return crypto::sha256_hex(text_); }

std::optional<Layer> LayerCache::find(std::string_view key) const {
    const auto folder = layers() / key;
    const auto text = files::read(folder / "layer.json");
    if (!text) { return std::nullopt; }
    const auto value = json::parse(*text);
    const auto time = value ? json::number_at(*value, "time") : std::nullopt;
    if (!time || !std::filesystem::is_directory(folder / "root")) { return std::nullopt; }
    std::error_code ignored;
    std::filesystem::last_write_time(folder, std::filesystem::file_time_type::clock::now(), ignored);
    return Layer{.key = std::string(key), .root = folder / "root", .time = *time};
}

std::vector<std::string> LayerCache::known_keys() const {
    std::vector<std::pair<std::filesystem::file_time_type, std::string>> found;
    const auto names = files::list(layers()).value_or(std::vector<std::string>());
    for (const auto& name : names) {
        std::error_code problem;
        const auto used = std::filesystem::last_write_time(layers() / name, problem);
        auto text = files::read(layers() / name / "inputs");
        if (!problem && text && files::exists(layers() / name / "root")) {
            found.emplace_back(used, *std::move(text));
        }
    }
    std::ranges::sort(found, std::greater<>());
    std::vector<std::string> keys;
    for (auto& [used, text] : found) { keys.push_back(std::move(text)); }
    return keys;
}

Result<std::filesystem::path> LayerCache::workspace(std::string_view name) const {
    INGOT_TRY(files::make_directory(building()), "preparing the layer cache");
    const auto path = building() / text::format("{}-{}", name, ::getpid());
    INGOT_TRY(files::remove_tree(path), "");
    INGOT_TRY(files::make_directory(path), "");
    return path;
}

Result<Layer> LayerCache::keep(const LayerKey& key, const std::filesystem::path& workspace,
                               const std::filesystem::path& upper, std::int64_t time) const {
    const auto made = workspace / "layer";
    INGOT_TRY(files::make_directory(made), "");
    INGOT_TRY(files::make_directory(layers()), "");
    std::error_code problem;
    std::filesystem::rename(upper, made / "root", problem);
    if (problem) { return fail_errno(problem.value(), "keeping a layer"); }
    const json::Json description = {{"version", 1}, {"key", key.hash()}, {"time", time}};
    INGOT_TRY(files::write(made / "layer.json", json::to_text(description)), "");
    INGOT_TRY(files::write(made / "inputs", key.text()), "");
    INGOT_TRY(sync_file_system(made), "");
    const auto final_name = layers() / key.hash();
    INGOT_TRY(files::remove_tree(final_name), "replacing a layer");
    std::filesystem::rename(made, final_name, problem);
    if (problem) { return fail_errno(problem.value(), "keeping a layer"); }
    INGOT_TRY(files::sync_directory(layers()), "");
    INGOT_TRY(files::remove_tree(workspace), "");
    return Layer{.key = key.hash(), .root = final_name / "root", .time = time};
}

Status LayerCache::remove_leftovers() const {
    INGOT_TRY(files::remove_tree(building()), "removing what an interrupted build left");
    return {};
}

Status LayerCache::prune(std::chrono::hours age) const {
    if (!files::exists(layers())) { return {}; }
    INGOT_ASSIGN(const auto names, files::list(layers()), "");
    for (const auto& name : names) {
        std::error_code problem;
        const auto used = std::filesystem::last_write_time(layers() / name, problem);
        if (problem || std::filesystem::file_time_type::clock::now() - used < age) { continue; }
        INGOT_TRY(forget(name), "");
    }
    return {};
}

Status LayerCache::forget(std::string_view key) const {
    // First out of sight, then away: a tree that is half removed must not have a final name.
    const auto folder = layers() / key;
    if (!files::exists(folder)) { return {}; }
    INGOT_TRY(files::make_directory(building()), "");
    const auto away = building() / text::format("old-{}", key);
    std::error_code problem;
    std::filesystem::rename(folder, away, problem);
    if (problem) { return fail_errno(problem.value(), "removing an old layer"); }
    INGOT_TRY(files::remove_tree(away), "");
    return {};
}

} // namespace ingot::builder::rootfs
