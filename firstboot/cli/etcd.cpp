// Orders that a person gives an etcd node.
#include <cstdio>
#include <iostream>
#include <string>

#include "common/clock/clock.hpp"
#include "common/http/http.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/etcd_orders.hpp"
#include "firstboot/etcd/commands.hpp"
#include "firstboot/system/services.hpp"

namespace ingot::firstboot::cli {

namespace {

void say(const std::string& line) { std::printf("%s\n", line.c_str()); }

std::string ask(const std::string& question) {
    std::printf("%s", question.c_str());
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    return std::string(text::trim(answer));
}

/// Runs an order with the effects of this machine.
template <typename Order>
Result<int> carry_out(Order&& order) {
    process::PosixProcesses processes;
    SystemctlServices services(processes); // NOLINT(misc-const-correctness): in a template clang-tidy does not see
    clock::SystemClock clock;              // NOLINT(misc-const-correctness): that both are used as what they are
    Environment environment{
        .root = files::Root(), .processes = processes, .services = services, .clock = clock, .make_http = [] {
            return std::make_unique<http::CurlClient>();
        }};
    INGOT_TRY(order(environment), "");
    return 0;
}

} // namespace

Result<int> etcd_leave(bool anyway) {
    return carry_out([anyway](Environment& environment) { return etcd::leave(environment, anyway, say); });
}

Result<int> etcd_snapshot(const std::string& file) {
    return carry_out([&file](Environment& environment) { return etcd::snapshot(environment, file, say); });
}

Result<int> etcd_recover(const std::string& snapshot, bool own_data) {
    if (snapshot.empty() && !own_data) {
        return fail(ErrorKind::invalid_input, "say from what: --from-snapshot FILE or --from-own-data");
    }
    return carry_out([&snapshot](Environment& environment) {
        return etcd::recover(environment, {.snapshot = snapshot, .ask = ask}, say);
    });
}

} // namespace ingot::firstboot::cli
