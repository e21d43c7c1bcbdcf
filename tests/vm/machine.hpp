// One virtual machine: QEMU with software emulation only, its serial console in a file.
//
// Never KVM, also where /dev/kvm can be opened: on nested hosts it starts and then hangs.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace ingot::tests {

class Machine {
  public:
    /// Starts it; `serial` receives what it says. It dies with this object, and with the test however that ends.
    /// With `prefix`, QEMU is the command that this runs ("ip netns exec …").
    Machine(std::vector<std::string> arguments, std::filesystem::path serial, std::vector<std::string> prefix = {});
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    Machine(Machine&&) = delete;
    Machine& operator=(Machine&&) = delete;

    /// Waits until a line on the console matches the regular expression; that line, or nothing if it does not
    /// come in time or the machine ends.
    std::optional<std::string> wait_for(const std::string& pattern, std::chrono::seconds patience);
    /// Waits until it turns itself off or restarts (which ends it, too).
    bool wait_for_end(std::chrono::seconds patience);
    /// Everything so far, without the escapes that colour and redraw.
    [[nodiscard]] std::string said() const;
    /// Turns it off, as a power cut does.
    void kill();

  private:
    [[nodiscard]] bool running();
    std::filesystem::path serial_;
    pid_t pid_ = -1;
};

} // namespace ingot::tests
