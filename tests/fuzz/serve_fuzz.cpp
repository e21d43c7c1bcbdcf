// What anybody can send to ingot serve, and the files it reads.
#include <algorithm>

#include "builder/serve/model/assign.hpp"
#include "builder/serve/model/config.hpp"
#include "builder/serve/model/request.hpp"
#include "builder/serve/model/script.hpp"
#include "builder/serve/model/state.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot::builder::serve;
    const std::string text(ingot::fuzz::text_of(data, size));
    const auto asked = route_of(text);
    // No answer leads out of a folder.
    if (asked.first.find('/') != std::string::npos || asked.second.find('/') != std::string::npos ||
        asked.second.starts_with('.')) {
        __builtin_trap();
    }
    constexpr std::uint64_t kSize = 1000;
    const auto range = range_of(text, kSize);
    if (range.part.offset + range.part.length > kSize) { __builtin_trap(); }
    static_cast<void>(is_host(text));
    static_cast<void>(printable(text));
    const auto identity = identity_of(text, text, text);
    static_cast<void>(assign({}, {}, identity, true).has_value());
    const auto script = render_refusal(text);
    if (std::ranges::count(script, '\n') != 4) { __builtin_trap(); }
    static_cast<void>(parse_state(text).has_value());
    static_cast<void>(parse_config(text, "serve.yaml", "/").has_value());
    return 0;
}
