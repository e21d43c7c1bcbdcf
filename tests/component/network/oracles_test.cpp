// Differential tests: version 2 against `netplan generate`, version 1 against cloud-init's own converter.
//
// Both sides are compared as parsed sections, after the intended deviations (docs/network.md) are taken out by name.
// So a deviation that nobody intended fails here.
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "cloud-init/network/network.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/places/places.hpp"

namespace ingot::cloud_init {
namespace {

namespace fs = std::filesystem;

/// "file [Section] Key=value", any number of times each.
using Lines = std::multiset<std::string>;

struct Setting {
    std::string file;
    std::string section;
    std::string key;
    std::string value;
    [[nodiscard]] std::string line() const { return text::format("{} [{}] {}={}", file, section, key, value); }
};

std::vector<Setting> settings_of(const std::string& file, const std::string& content) {
    std::vector<Setting> settings;
    std::string section;
    for (const auto& line : text::lines(content)) {
        if (line.starts_with('[')) {
            section = line.substr(1, line.find(']') - 1);
        } else if (const auto equals = line.find('='); equals != std::string::npos && !line.starts_with('#')) {
            auto value = line.substr(equals + 1);
            if (value == "true") { value = "yes"; }
            if (value == "false") { value = "no"; }
            settings.push_back({file, section, line.substr(0, equals), value});
        }
    }
    return settings;
}

std::vector<Setting> ours(const std::string& text) {
    const auto config = read_network_config(text, "sample");
    EXPECT_TRUE(config.has_value()) << config.error().message;
    std::vector<Setting> all;
    for (const auto& file : render_networkd(*config)) {
        const auto more = settings_of(file.name.substr(kNetworkFilePrefix.size()), file.content);
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

/// Settings of all files of a folder whose names begin with `prefix`.
std::vector<Setting> theirs(const fs::path& folder, const std::string& prefix) {
    std::vector<Setting> all;
    for (const auto& name : files::list(folder).value_or(std::vector<std::string>{})) {
        if (!name.starts_with(prefix)) { continue; }
        const auto more = settings_of(name.substr(prefix.size()), files::read(folder / name).value());
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

std::string difference(const Lines& expected, const Lines& actual) {
    std::string text;
    std::vector<std::string> only;
    std::ranges::set_difference(expected, actual, std::back_inserter(only));
    for (const auto& line : only) { text += "  only there: " + line + "\n"; }
    only.clear();
    std::ranges::set_difference(actual, expected, std::back_inserter(only));
    for (const auto& line : only) { text += "  only here:  " + line + "\n"; }
    return text;
}

std::string sample(const std::string& name) {
    return files::read(tests::source_dir() / "tests/samples/network" / (name + ".yaml")).value();
}

fs::path tools() { return tests::source_dir() / "build/tools"; }

// ---- version 2 ------------------------------------------------------------------------------------

/// Ours, as netplan would have written it.
Lines as_netplan(std::vector<Setting> settings) {
    const std::set<std::string> added{"ClientIdentifier", "UseHostname", "SendRelease", "KeepConfiguration"};
    std::set<std::string> with_dhcp4;
    for (const auto& one : settings) {
        if (one.section == "DHCPv4") { with_dhcp4.insert(one.file); }
    }
    Lines lines;
    for (auto& one : settings) {
        if (added.contains(one.key)) { continue; } // the image's own choices
        if (one.section == "Match" && (one.key == "Kind" || one.key == "Type")) {
            continue;
        } // matching by MAC address
        if (one.section == "Match" && one.key == "PermanentMACAddress") { one.key = "MACAddress"; }
        if (one.section == "IPv6AcceptRA") { continue; } // a setting of newer networkd
        if (one.section == "DHCPv6" && with_dhcp4.contains(one.file)) {
            continue;
        } // netplan has one section for both
        if (one.section == "DHCPv4" || one.section == "DHCPv6") { one.section = "DHCP"; }
        lines.insert(one.line());
    }
    return lines;
}

Lines from_netplan(std::vector<Setting> settings) {
    std::set<std::string> by_mac;
    for (const auto& one : settings) {
        if (one.section == "Match" && one.key == "PermanentMACAddress") { by_mac.insert(one.file); }
    }
    Lines lines;
    for (auto& one : settings) {
        // A card that was not renamed in time would not be found by its new name.
        if (one.section == "Match" && one.key == "Name" && by_mac.contains(one.file)) { continue; }
        if (one.section == "Match" && one.key == "PermanentMACAddress") { one.key = "MACAddress"; }
        lines.insert(one.line());
    }
    return lines;
}

fs::path netplan() {
    for (const auto& root : {tools(), fs::path("/")}) {
        for (const auto* const place :
             {"usr/libexec/netplan/generate", "usr/lib/netplan/generate", "lib/netplan/generate"}) {
            if (files::exists(root / place)) { return root / place; }
        }
    }
    return {};
}

TEST(Netplan, WritesTheSameForVersion2) {
    const auto generate = netplan();
    if (generate.empty()) { GTEST_SKIP() << "needs netplan.io, unpacked in build/tools"; }
    for (const auto* const name : {"v2-many", "v2-simple"}) {
        const auto folder = files::TempDir::create().value();
        ASSERT_TRUE(files::write(folder.path() / "etc/netplan/a.yaml", sample(name), {.mode = 0600}).has_value());
        process::PosixProcesses processes;
        const auto libraries =
            (tools() / "usr/lib/x86_64-linux-gnu").string() + ":" + (tools() / "usr/lib/aarch64-linux-gnu").string();
        const auto done =
            process::run_checked(processes, {.argv = {generate.string(), "--root-dir", folder.path().string()},
                                             .environment = {{"LD_LIBRARY_PATH", libraries}}});
        ASSERT_TRUE(done.has_value()) << done.error().to_string();
        const auto expected = from_netplan(theirs(folder.path() / "run/systemd/network", "10-netplan-"));
        ASSERT_FALSE(expected.empty());
        EXPECT_EQ(difference(expected, as_netplan(ours(sample(name)))), "") << name;
    }
}

// ---- version 1 ------------------------------------------------------------------------------------

/// What both say about addresses, routes, names and links; cloud-init's global routes and name servers, which it puts
/// on every interface, are left out on both sides.
Lines essentials(const std::vector<Setting>& settings, const std::set<std::string>& global) {
    Lines lines;
    std::string gateway_only;
    for (const auto& one : settings) {
        if (!one.file.ends_with(".network") || global.contains(one.value)) { continue; }
        const bool address = one.key == "Address";
        const bool dhcp = one.key == "DHCP" && one.value != "no";
        const bool name = one.section == "Network" && (one.key == "DNS" || one.key == "Domains");
        const bool route =
            one.section == "Route" && (one.key == "Gateway" || one.key == "Destination" || one.key == "Metric");
        const bool link = one.key == "MTUBytes" || (one.section == "Match" && one.key == "MACAddress");
        if (!(address || dhcp || name || route || link)) { continue; }
        if (one.value == "0.0.0.0/0" || one.value == "::/0") { continue; } // cloud-init leaves the default unsaid
        for (const auto& value : text::split(one.value, ' ')) {
            if (!global.contains(value)) { lines.insert(text::format("{} {}={}", one.file, one.key, value)); }
        }
    }
    return lines;
}

TEST(CloudInit, SaysTheSameForVersion1) {
    const auto packages = tools() / "usr/lib/python3/dist-packages";
    if (!files::exists(packages / "cloudinit")) { GTEST_SKIP() << "needs cloud-init, unpacked in build/tools"; }
    const std::map<std::string, std::set<std::string>> globals{
        {"v1-many", {"9.9.9.9", "b.example", "172.16.0.0/12", "10.0.0.3"}},
        // cloud-init leaves out the name servers of a subnet with DHCP.
        {"v1-hetzner", {"185.12.64.1", "185.12.64.2"}}};
    for (const auto& [name, global] : globals) {
        const auto folder = files::TempDir::create().value();
        process::PosixProcesses processes;
        // Its converter wants to be told of "network:"; a subnet's "ipv4: true" is only a word to it.
        auto text = sample(name);
        if (!text.starts_with("network:")) { text = "network:\n  " + text::replace_all(text, "\n", "\n  "); }
        const auto input = folder.path() / "in.yaml";
        ASSERT_TRUE(files::write(input, text).has_value());
        const auto done = processes.run(
            {.argv = {"python3", "-W", "ignore", "-m", "cloudinit.cmd.main", "devel", "net-convert", "-p",
                      input.string(), "-k", "yaml", "-d", folder.path().string(), "-D", "debian", "-O", "networkd"},
             .environment = {{"PYTHONPATH", packages.string()}}});
        if (!done || done->exit_code != 0) {
            GTEST_SKIP() << "cloud-init does not run here: " << (done ? done->err : done.error().to_string());
        }
        auto expected = theirs(folder.path() / "etc/systemd/network", "10-cloud-init-");
        auto actual = ours(text);
        // Ours for interfaces that only carry others have no addresses either.
        for (auto* const side : {&expected, &actual}) {
            for (auto& one : *side) {
                if (one.key == "PermanentMACAddress") { one.key = "MACAddress"; }
            }
        }
        // Version 1's dhcp with a metric is a route metric to both, in other sections.
        EXPECT_EQ(difference(essentials(expected, global), essentials(actual, global)), "") << name;
    }
}

} // namespace
} // namespace ingot::cloud_init
