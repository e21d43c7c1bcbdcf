#include "firstboot/datasource/configdrive/configdrive.hpp"
#include "firstboot/datasource/hetzner/hetzner.hpp"
#include "firstboot/datasource/nocloud/nocloud.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot;
    const std::string text(fuzz::text_of(data, size));
    static_cast<void>(firstboot::nocloud::parse({.meta_data = text, .user_data = text}).has_value());
    static_cast<void>(firstboot::nocloud::parse_line(text).has_value());
    const auto hetzner = firstboot::hetzner::parse(text, text, text);
    if (hetzner) { fuzz::require(!hetzner->instance_id.empty()); }
    const auto drive = firstboot::configdrive::parse(
        {.meta_data = text, .user_data = text, .network_data = text, .vendor_data = text});
    if (drive) { fuzz::require(!drive->instance_id.empty()); }
    return 0;
}
