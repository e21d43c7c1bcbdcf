#include "cloud-init/parts/parts.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot;
    Faults faults;
    const auto text = fuzz::text_of(data, size);
    const auto taken = cloud_init::take_apart(
        text, "u", [&](const std::string&) -> Result<std::string> { return std::string(text); }, faults);
    for (const auto& part : taken.parts) {
        // A name becomes a file name.
        fuzz::require(!part.name.empty() && part.name.find('/') == std::string::npos && part.name != "..");
    }
    return 0;
}
