#include "cloud-init/network/network.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

/// No description can write a file elsewhere, or a line that is no setting.
void check(const ingot::Result<ingot::cloud_init::NetworkConfig>& config) {
    using ingot::fuzz::require;
    if (!config) { return; }
    for (const auto& file : ingot::cloud_init::render_networkd(*config)) {
        require(file.name.find('/') == std::string::npos);
        for (const char letter : file.content) {
            require(letter == '\n' || static_cast<unsigned char>(letter) >= 0x20U);
        }
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot;
    check(cloud_init::read_network_config(fuzz::text_of(data, size), "n"));
    check(cloud_init::read_network_data(fuzz::text_of(data, size), "n"));
    return 0;
}
