#include "cloud-init/userdata/userdata.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot;
    const auto text = fuzz::text_of(data, size);
    const auto parsed = cloud_init::parse_sources({.user_data = text, .vendor_data = text, .fetch = {}}, "u");
    if (!parsed) {
        fuzz::require(!parsed.error().message.empty());
        return 0;
    }
    for (const auto& file : parsed->cloud_config.write_files) {
        fuzz::require(file.path.starts_with('/') && file.path.find("/../") == std::string::npos);
    }
    return 0;
}
