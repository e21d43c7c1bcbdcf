// What strangers send to the join service before they have shown who they are, and what a signer sends back.
#include "common/crypto/request.hpp"
#include "firstboot/join/decide.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot;
    using namespace ingot::firstboot::join;
    const auto text = fuzz::text_of(data, size);
    if (const auto request = sign_request_from_json(text)) {
        fuzz::require(sign_request_from_json(to_json_line(*request)).has_value());
        // Nobody is let in: there is no token here.
        const Office office{.cluster = "orders", .network = "10.0.0.0/24"};
        fuzz::require(
            !identify(office, *request, {.address = "10.0.0.21", .binding = std::string(32, 'b')}).has_value());
    }
    static_cast<void>(crypto::inspect_request(text));
    static_cast<void>(grant_from_json(text));
    static_cast<void>(trust_from_json(text));
    static_cast<void>(claim_from_json(text));
    return 0;
}
