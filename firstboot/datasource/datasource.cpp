#include "firstboot/datasource/datasource.hpp"

#include <algorithm>
#include <array>

#include "common/text/text.hpp"
#include "firstboot/datasource/configdrive/configdrive.hpp"
#include "firstboot/datasource/ec2/ec2.hpp"
#include "firstboot/datasource/hetzner/hetzner.hpp"
#include "firstboot/datasource/nocloud/nocloud.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::array<std::string_view, 4> kKnown{"nocloud", "configdrive", "hetzner", "ec2"};
constexpr std::string_view kAllowList = "/usr/lib/ingot/datasources";

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

Error nothing_there(std::string_view looked_at) {
    return fail(ErrorKind::transient, text::format("no metadata yet: looked at {}", looked_at));
}

Result<Metadata> or_nothing(Result<std::optional<Metadata>> found, std::string_view looked_at) {
    if (!found) { return std::move(found).error(); }
    if (!*found) { return nothing_there(looked_at); }
    return **std::move(found);
}

Result<Metadata> read_chosen(Environment& environment, const Machine& machine, std::string_view name) {
    if (name == "hetzner") { return hetzner::read(environment, machine); }
    if (name == "ec2") { return ec2::read(environment, machine); }
    if (name == "configdrive") {
        return or_nothing(configdrive::read(environment, machine), "filesystems labelled config-2");
    }
    return or_nothing(nocloud::read(environment, machine, nocloud::find_line(machine)),
                      "/var/lib/cloud/seed/nocloud and filesystems labelled cidata");
}

/// Without a choice. What lies on the machine itself comes first and needs no network; of the providers, the
/// firmware names one at most, so that asking them one after the other costs no time.
Result<Metadata> look(Environment& environment, const Machine& machine, const std::vector<std::string>& allowed) {
    std::vector<std::string> looked_at;
    if (contains(allowed, "nocloud")) {
        INGOT_ASSIGN(auto found, nocloud::read(environment, machine, std::nullopt), "");
        if (found) { return *std::move(found); }
        looked_at.insert(looked_at.end(), {"/var/lib/cloud/seed/nocloud", "filesystems labelled cidata"});
    }
    if (contains(allowed, "configdrive")) {
        INGOT_ASSIGN(auto found, configdrive::read(environment, machine), "");
        if (found) { return *std::move(found); }
        looked_at.emplace_back("filesystems labelled config-2");
    }
    if (contains(allowed, "hetzner") && hetzner::detect(machine)) { return hetzner::read(environment, machine); }
    if (contains(allowed, "ec2") && ec2::detect(machine)) { return ec2::read(environment, machine); }
    return nothing_there(text::format("{}; the firmware ({}) names no provider that this image may use",
                                      text::join(looked_at, ", "),
                                      machine.vendor.empty() ? "which says nothing" : machine.vendor));
}

} // namespace

Result<std::string> chosen_datasource(const Machine& machine) {
    constexpr std::string_view kMark = "ds=";
    auto words = datasource_words(machine);
    if (words.empty() && machine.serial.starts_with(kMark)) { words = machine.serial.substr(kMark.size()); }
    if (words.empty()) { return std::string(); }
    auto name = text::lower(std::string_view(words).substr(0, words.find(';')));
    if (name == "nocloud-net") { name = "nocloud"; }
    if (std::ranges::find(kKnown, name) == kKnown.end()) {
        return fail(
            ErrorKind::invalid_input,
            text::format("the command line asks for datasource \"{}\"; this agent knows nocloud, configdrive, "
                         "hetzner and ec2",
                         name));
    }
    return name;
}

std::vector<std::string> allowed_datasources(const files::Root& root) {
    const auto content = files::read_if_exists(root.at(kAllowList));
    if (!content || !*content) { return {kKnown.begin(), kKnown.end()}; }
    std::vector<std::string> names;
    for (const auto& line : text::lines(**content)) {
        for (const auto& word : text::split(line.substr(0, line.find('#')), ' ')) {
            if (const auto name = text::lower(text::trim(word)); !name.empty()) { names.push_back(name); }
        }
    }
    return names;
}

Result<Metadata> read_datasource(Environment& environment) {
    const auto machine = read_machine(environment.root);
    const auto allowed = allowed_datasources(environment.root);
    INGOT_ASSIGN(const auto chosen, chosen_datasource(machine), "");
    if (chosen.empty()) { return look(environment, machine, allowed); }
    if (!contains(allowed, chosen)) {
        return fail(ErrorKind::refused,
                    text::format("the command line asks for datasource {}, which this image does not allow ({}: {})",
                                 chosen, kAllowList, text::join(allowed, " ")));
    }
    return read_chosen(environment, machine, chosen);
}

} // namespace ingot::firstboot
