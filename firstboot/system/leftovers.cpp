#include "firstboot/system/leftovers.hpp"

#include <string>
#include <vector>

#include "common/files/abandoned.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

struct Place {
    std::string folder;
    std::vector<std::string> names{}; ///< empty: any
};

std::vector<Place> places() {
    return {
        {.folder = "/etc/ingot"},
        {.folder = "/etc/ingot/pki"},
        {.folder = "/etc/patroni"},
        {.folder = "/etc/pgbackrest"},
        {.folder = "/etc/pgbackrest/conf.d"},
        {.folder = "/etc/haproxy"},
        {.folder = "/etc/pgbouncer"},
        {.folder = "/etc/keepalived"},
        {.folder = "/etc/systemd/network"},
        {.folder = "/var/lib/ingot"},
        {.folder = "/var/lib/ingot/etcd-snapshots"},
        {.folder = "/run/ingot"},
        {.folder = "/etc", .names = {"hosts", "hostname", "fstab", "timezone", "machine-id", "ca-certificates.conf"}},
        {.folder = "/etc/default", .names = {"locale"}}};
}

} // namespace

void remove_leftovers(const Environment& environment) {
    const auto now = environment.clock.now();
    for (const auto& [folder, names] : places()) {
        const auto removed = files::remove_abandoned(environment.root.at(folder), now, names);
        if (!removed) { log::warning("looking for what was left behind: " + removed.error().to_string()); }
        for (const auto& file : removed.value_or(std::vector<std::filesystem::path>())) {
            log::info(text::format("removed {}: a write that was cut off left it", file.string()));
        }
    }
}

} // namespace ingot::firstboot
