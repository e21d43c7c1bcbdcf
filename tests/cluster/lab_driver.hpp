// Drives a lab by the program ingot, as a person does at a terminal.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/json/json.hpp"
#include "common/process/process.hpp"

namespace ingot::tests {

/// One machine in `ingot lab status --json`.
struct MachineView {
    std::string name;
    std::string role;
    std::string address;
    bool running = false;
    bool healthy = false;
    bool leader = false;
    std::string patroni_state;
    std::string agent;  ///< ready, waiting, failed, …
    std::string detail; ///< why
};

class LabDriver {
  public:
    LabDriver(std::string name, std::string images) : name_(std::move(name)), images_(std::move(images)) {}

    /// Runs `ingot lab WORDS --name …`. Output goes to the caller; nothing is asserted here.
    process::Output lab(std::vector<std::string> words, std::chrono::seconds timeout = std::chrono::seconds(120));
    process::Output up();
    process::Output down();
    /// Runs SQL; door is --pool, --primary or --replica. Unaligned tuples only.
    process::Output sql(const std::string& door, const std::string& statement);
    /// Runs a command on a machine.
    process::Output exec(const std::string& machine, std::vector<std::string> command);

    std::vector<MachineView> status();
    /// Name of the machine that is the primary now; empty if none.
    std::string primary();
    std::vector<MachineView> of_role(const std::string& role);

    /// Asks until `done` says so. Returns how long it took, or nothing if `patience` was not enough.
    static std::optional<double> wait(std::chrono::seconds patience, const std::function<bool()>& done);
    /// Waits until all machines that the lab has are healthy.
    std::optional<double> wait_healthy(std::chrono::seconds patience);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& images() const { return images_; }

  private:
    std::string name_;
    std::string images_;
    process::PosixProcesses processes_;
};

} // namespace ingot::tests
