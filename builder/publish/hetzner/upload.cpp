#include "builder/publish/hetzner/upload.hpp"

#include <algorithm>

#include "builder/publish/hetzner/disk_writer.hpp"
#include "builder/publish/hetzner/server.hpp"
#include "builder/publish/hetzner/shell.hpp"
#include "builder/publish/hetzner/snapshots.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

std::string new_run() {
    constexpr std::size_t kBytes = 5;
    return crypto::hex_encode(crypto::random_bytes(kBytes));
}

Published published(const Snapshot& snapshot, bool was_there) {
    Published result{.text = text::format("snapshot {} ({:.2f} GB stored, for disks of {:.0f} GB and more)",
                                          snapshot.id, snapshot.stored_gb, snapshot.disk_gb)};
    result.fields = {{"snapshot", snapshot.id},
                     {"architecture", snapshot.architecture},
                     {"description", snapshot.description},
                     {"labels", to_json(snapshot.labels)}};
    result.was_there = was_there;
    return result;
}

} // namespace

std::string Hetzner::description_of(const Image& image) const {
    if (!options_.description.empty()) { return options_.description; }
    const auto& manifest = image.manifest;
    const auto date = clock::to_rfc3339(clock::WallTime(std::chrono::seconds(manifest.date)));
    constexpr std::size_t kDate = 10;
    return text::format("ingot {} {} {} {}", manifest.role, manifest.suite, manifest.agent_version,
                        date.substr(0, kDate));
}

Status Hetzner::write_disk(const Server& server, const DiskImage& disk, const std::filesystem::path& keys,
                           const std::string& name, Report& report, const Stop& stop) {
    std::vector<std::string> addresses;
    for (const auto& address : {server.ipv4, server.ipv6}) {
        if (!address.empty()) { addresses.push_back(address); }
    }
    if (addresses.empty()) { return fail(ErrorKind::transient, "the server has no public address"); }
    Shell shell(runner_, keys, addresses, options_.ssh_port, stop);
    report.phase(name, "waiting for the rescue system");
    INGOT_TRY(shell.connect(pace_.ssh, pace_.ssh_retry), "");
    DiskWriter writer(shell, disk, name, options_.device, options_.streams, pace_, report, stop);
    INGOT_TRY(writer.prepare(), "");
    INGOT_TRY(writer.write(), "");
    INGOT_TRY(writer.verify(), "");
    // It may be gone before it has answered; whether it is off is asked of the API.
    const auto off = shell.run_last({.script = "poweroff", .timeout = std::chrono::seconds(30)});
    INGOT_TRY(stop.check(), "");
    if (!off) { report.note(name, "turning off by ssh: " + off.error().to_string()); }
    return {};
}

Result<Snapshot> Hetzner::upload(Api& api, const Image& image, const std::string& architecture, Report& report,
                                 const Stop& stop, std::vector<std::string>& left_behind) {
    report.phase(image.name, "checking the image");
    INGOT_ASSIGN(const auto disk, DiskImage::open(image, stop), "");
    INGOT_ASSIGN(const auto keys, files::TempDir::create("ingot-upload-"), "");
    const auto run = new_run();
    TemporaryServer server(api,
                           {.architecture = architecture,
                            .image_bytes = disk.size(),
                            .wishes = options_.wishes,
                            .ipv6_only = options_.ipv6_only,
                            .run = run},
                           image.name, report);
    INGOT_ASSIGN(const auto public_key, make_login_key(runner_, keys.path(), server.name()), "");

    const auto work = [&]() -> Result<Snapshot> {
        {
            const std::lock_guard lock(creating_);
            INGOT_TRY(stop.check(), "");
            INGOT_TRY(server.create_key(public_key), "");
            INGOT_TRY(server.create_server(), "");
        }
        INGOT_TRY(server.enable_rescue(), "");
        INGOT_TRY(server.power_on(), "");
        INGOT_TRY(write_disk(server.server(), disk, keys.path(), image.name, report, stop), "");
        INGOT_TRY(server.wait_until_off(), "");
        auto labels = options_.labels;
        labels.merge(labels_of(image.manifest, image.digest));
        return server.snapshot(description_of(image), labels);
    };
    auto snapshot = work();
    // An end that was asked for does not end the clean-up; only asking twice does.
    const Stop never;
    api.obey(never);
    left_behind = server.clean_up(snapshot.has_value());
    api.obey(stop);
    if (snapshot) { return snapshot; }
    auto error = std::move(snapshot).error();
    error.message += left_behind.empty() ? " (nothing was left behind)" : "\n" + text::join(left_behind, "\n");
    return error;
}

Result<Published> Hetzner::publish(const Image& image, Report& report, const Stop& stop) {
    INGOT_ASSIGN(const auto architecture, architecture_of(image.manifest.architecture), "");
    Api api(account_, pace_, limit_, clock_, stop);
    report.phase(image.name, "asking what is there");
    if (!options_.force) {
        INGOT_ASSIGN(const auto there, find_published(api, image.digest), "");
        if (there) { return published(*there, true); }
    }
    std::vector<std::string> left_behind;
    INGOT_ASSIGN(const auto snapshot, upload(api, image, architecture, report, stop, left_behind), "");
    auto result = published(snapshot, false);
    result.left_behind = std::move(left_behind);
    if (!options_.keep) { return result; }
    // The new one is safe by now: trouble with the old ones is told, and does not undo it.
    const auto pruned =
        prune(api, {.role = label_value(image.manifest.role), .architecture = architecture}, *options_.keep, false);
    if (!pruned) {
        result.left_behind.push_back("older snapshots were not deleted: " + pruned.error().to_string());
    } else if (!pruned->empty()) {
        result.text += text::format("; {} older deleted", pruned->size());
    }
    return result;
}

} // namespace ingot::builder::publish::hetzner
