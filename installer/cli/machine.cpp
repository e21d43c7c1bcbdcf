#include "installer/cli/machine.hpp"

#include <algorithm>
#include <vector>

#include "common/identity/identity.hpp"

namespace ingot::installer {

std::string name_machine(const files::Root& root) {
    constexpr const char* kDmi = "/sys/class/dmi/id/";
    if (const auto uuid = identity::uuid_of(files::read(root.at(std::string(kDmi) + "product_uuid")).value_or(""))) {
        return "uuid:" + *uuid;
    }
    if (const auto serial =
            identity::serial_of(files::read(root.at(std::string(kDmi) + "product_serial")).value_or(""))) {
        return "serial:" + *serial;
    }
    std::vector<std::string> macs;
    for (const auto& card : files::list(root.at("/sys/class/net")).value_or(std::vector<std::string>{})) {
        const auto folder = root.at("/sys/class/net/" + card);
        if (!files::exists(folder / "device")) { continue; }
        if (auto mac = identity::mac_of(files::read(folder / "address").value_or(""))) {
            macs.push_back(*std::move(mac));
        }
    }
    // Not by the name of the card: that depends on the order in which they were found.
    return macs.empty() ? "unknown" : "mac:" + *std::ranges::min_element(macs);
}

} // namespace ingot::installer
