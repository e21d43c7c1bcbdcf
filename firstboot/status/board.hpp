// The board on which the agent's threads write what they do; each change is written to the status file.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/clock.hpp"
#include "firstboot/status/status.hpp"

namespace ingot::firstboot {

class StatusBoard {
  public:
    /// Begins with "starting". `on_change` is told the state in one line ("waiting: for etcd-2"), when it changes
    /// (systemd's STATUS=).
    StatusBoard(std::filesystem::path file, const clock::Clock& clock,
                std::function<void(const std::string&)> on_change = {});

    void set_identity(std::string_view node, std::string_view role, std::string_view cluster);
    void set_datasource(std::string_view name);
    /// Announces steps or duties, in their order. A step of that name that is there already begins anew.
    void plan_step(std::string_view name, std::string_view description);
    void plan_duty(std::string_view name);

    void step(std::string_view name, std::string_view state, std::string_view message = {});
    void duty(std::string_view name, std::string_view state, std::string_view message = {});
    void state(NodeState state, std::vector<std::string> messages = {});

    /// Shows what another program does for this node: its steps beside the own ones, who the node is, and its state.
    /// That it is ready does not mean that the node is.
    void adopt(const NodeStatus& other);

    [[nodiscard]] NodeStatus snapshot() const;

  private:
    void update(std::vector<StatusItem>& items, std::string_view name, std::string_view state,
                std::string_view message);
    void put(StatusItem step);
    void publish();

    mutable std::mutex mutex_;
    std::filesystem::path file_;
    const clock::Clock& clock_;
    std::function<void(const std::string&)> on_change_;
    NodeStatus status_;
    std::string line_; ///< what on_change was told last
};

} // namespace ingot::firstboot
