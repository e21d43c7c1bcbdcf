// Fetching what a lock names: by address and hash, with apt's own downloader (so that proxies, credentials and
// transports are those of the machine's apt), but without its indexes.
#include "builder/packages/apt.hpp"

#include <algorithm>

#include "builder/packages/messages.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::packages {

Result<std::vector<Unfetched>> Apt::fetch_exact(const PackageSet& set, const Store& store,
                                                const std::function<void(std::size_t)>& on_package) {
    INGOT_TRY(store.take_over(set), "");
    const auto missing = store.missing(set);
    if (missing.empty()) { return std::vector<Unfetched>{}; }
    auto download = command({"download-file"});
    download.argv[0] = "/usr/lib/apt/apt-helper";
    std::vector<Unfetched> unfetched;
    for (const auto& package : missing) {
        if (package.uri.empty()) {
            unfetched.push_back({package, ErrorKind::not_found, "no repository is known for it"});
            continue;
        }
        download.argv.push_back(package.uri);
        download.argv.push_back((store.incoming() / package.file_name()).string());
        download.argv.push_back("SHA256:" + package.sha256);
    }
    if (!unfetched.empty()) { return unfetched; }
    std::size_t count = 0;
    download.on_line = [&](std::string_view line) {
        if (line.starts_with("Get:")) { on_package(++count); }
    };
    INGOT_ASSIGN(const auto output, processes_->run(download), "running apt's downloader");
    INGOT_TRY(store.take_over(set), "keeping what was downloaded");
    for (const auto& package : store.missing(set)) {
        auto why = fetch_failure(output.out + output.err, package.uri);
        unfetched.push_back({package, why.kind, std::move(why.message)});
    }
    return unfetched;
}

} // namespace ingot::builder::packages
