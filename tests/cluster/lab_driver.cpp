#include "tests/cluster/lab_driver.hpp"

#include <algorithm>
#include <thread>

namespace ingot::tests {

namespace {

constexpr auto kUpTime = std::chrono::seconds(400);

} // namespace

process::Output LabDriver::lab(std::vector<std::string> words, std::chrono::seconds timeout) {
    std::vector<std::string> argv = {INGOT_PROGRAM, "lab", words.front(), "--name", name_};
    argv.insert(argv.end(), words.begin() + 1, words.end());
    auto output = processes_.run({.argv = std::move(argv), .timeout = timeout});
    if (!output) { return {.exit_code = -1, .out = {}, .err = output.error().to_string()}; }
    return *std::move(output);
}

process::Output LabDriver::up() { return lab({"up", "--images", images_, "--timeout", "300"}, kUpTime); }

process::Output LabDriver::down() { return lab({"down"}); }

process::Output LabDriver::sql(const std::string& door, const std::string& statement) {
    constexpr auto kTime = std::chrono::seconds(15);
    return lab({"psql", door, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement}, kTime);
}

process::Output LabDriver::exec(const std::string& machine, std::vector<std::string> command) {
    std::vector<std::string> words = {"exec", machine, "--"};
    words.insert(words.end(), command.begin(), command.end());
    return lab(std::move(words));
}

std::vector<MachineView> LabDriver::status() {
    std::vector<MachineView> machines;
    const auto report = json::parse(lab({"status", "--json"}).out);
    if (!report) { return machines; }
    for (const auto& entry : json::member(*report, "members")) {
        machines.push_back({.name = json::string_at(entry, "name").value_or(""),
                            .role = json::string_at(entry, "role").value_or(""),
                            .address = json::string_at(entry, "address").value_or(""),
                            .running = json::string_at(entry, "machine") == "running",
                            .healthy = json::flag_at(entry, "healthy"),
                            .leader = json::flag_at(entry, "leader"),
                            .patroni_state = json::string_at(json::member(entry, "patroni"), "state").value_or(""),
                            .agent = json::string_at(entry, "agent").value_or(""),
                            .detail = json::string_at(entry, "detail").value_or("")});
    }
    return machines;
}

std::vector<MachineView> LabDriver::of_role(const std::string& role) {
    auto machines = status();
    std::erase_if(machines, [&](const MachineView& machine) { return machine.role != role; });
    return machines;
}

std::string LabDriver::primary() {
    for (const auto& machine : of_role("db")) {
        if (machine.leader && machine.running) { return machine.name; }
    }
    return {};
}

std::optional<double> LabDriver::wait(std::chrono::seconds patience, const std::function<bool()>& done) {
    using Clock = std::chrono::steady_clock;
    constexpr auto kPause = std::chrono::milliseconds(200);
    const auto start = Clock::now();
    while (Clock::now() < start + patience) {
        if (done()) { return std::chrono::duration<double>(Clock::now() - start).count(); }
        std::this_thread::sleep_for(kPause);
    }
    return std::nullopt;
}

std::optional<double> LabDriver::wait_healthy(std::chrono::seconds patience) {
    return wait(patience, [this] {
        const auto machines = status();
        return !machines.empty() && std::ranges::all_of(machines, &MachineView::healthy);
    });
}

} // namespace ingot::tests
