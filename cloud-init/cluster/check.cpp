#include "cloud-init/cluster/check.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "cloud-init/cluster/cluster.hpp"
#include "cloud-init/parts/parts.hpp"
#include "common/document/document.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

using Keys = std::initializer_list<std::string_view>;

int count_of(const document::Value& root, Keys keys) {
    return static_cast<int>(std::ranges::count_if(keys, [&](auto key) { return root.find(key) != nullptr; }));
}

template <typename T>
void take_faults(const Result<T>& result, CheckReport& report) {
    if (!result) { report.faults = text::lines(result.error().message); }
}

} // namespace

FileKind recognise(std::string_view text) {
    if (looks_like_user_data(text)) { return FileKind::user_data; }
    Faults ignored;
    const auto root = document::parse(text, "", ignored);
    if (root.find("ingot") != nullptr) { return FileKind::user_data; }
    // A file with a mistake in it is still the kind that most of its keys say.
    const std::array<std::pair<FileKind, int>, 4> votes = {{
        {FileKind::secrets, count_of(root, {"authorities", "cipher_pass"})},
        {FileKind::cluster, count_of(root, {"topology", "network", "postgres", "backup", "proxy", "name"})},
        {FileKind::role_spec, count_of(root, {"extends", "suite", "packages", "overlays", "units", "sources"})},
        {FileKind::user_data,
         count_of(root, {"hostname", "fqdn", "ssh_authorized_keys", "users", "write_files", "runcmd"})},
    }};
    const auto* const best = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
    return best->second == 0 ? FileKind::unknown : best->first;
}

CheckReport check_text(std::string_view text, std::string_view file) {
    CheckReport report{.kind = recognise(text)};
    switch (report.kind) {
    case FileKind::user_data: {
        const auto parsed = parse(text, file);
        take_faults(parsed, report);
        if (parsed) { report.warnings = parsed->warnings; }
        break;
    }
    case FileKind::cluster: take_faults(parse_cluster(text, file), report); break;
    case FileKind::secrets: take_faults(parse_secrets(text, file), report); break;
    case FileKind::role_spec:
    case FileKind::unknown: {
        Faults faults;
        document::parse(text, file, faults);
        report.faults = faults.lines();
        if (report.kind == FileKind::unknown && report.faults.empty()) {
            report.faults.push_back(text::format("{}: no file of Ingot: user-data begins with #cloud-config, "
                                                 "cluster.yaml has a topology, secrets.yaml has authorities",
                                                 file));
        }
        break;
    }
    }
    return report;
}

} // namespace ingot::cloud_init
