// Commands on the rescue system, by the ssh client of this machine.
//
// Who is at the other end? The rescue system makes its host key when it boots and the platform tells nobody which, so
// the first connection takes the key it is shown, and every other of this run has to be shown the same. What stays
// possible is somebody on the way who shows a key of their own. They cannot log in to the real server (the login
// proves possession of a key that was made for this run, and that proof holds for one connection only), so the disk
// that becomes the snapshot is never one that they wrote: the worst is a snapshot of the system that the server was
// created with. Images hold no secrets. Whoever boots an image can check the signature of its manifest besides.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/publish/stop.hpp"
#include "common/process/streamed.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

struct Job {
    std::string script; ///< for bash
    std::string input{};
    std::function<std::optional<std::string>()> feed{}; ///< what follows the input
    std::function<void(std::string_view)> on_line{};
    std::chrono::milliseconds timeout = std::chrono::minutes(2);
};

/// Safe to use from several threads once `connect` has succeeded.
class Shell {
  public:
    /// `keys` holds "key" (private) and gets "known_hosts".
    Shell(const process::StreamedRunner& runner, std::filesystem::path keys, std::vector<std::string> addresses,
          int port, const Stop& stop)
        : runner_(runner), keys_(std::move(keys)), addresses_(std::move(addresses)), port_(port), stop_(stop) {}

    /// Tries all addresses, again and again, until one lets us in.
    Status connect(std::chrono::milliseconds patience, std::chrono::milliseconds interval);

    /// Runs to the end. transient if the connection failed or broke; tool_failed, with what was said, if the script
    /// did.
    Result<std::string> run(const Job& job);
    /// The same, but a connection that broke is success: for a script that turns the machine off.
    Status run_last(const Job& job);

    [[nodiscard]] const std::string& address() const { return address_; }

  private:
    Result<process::Output> call(const std::string& address, const Job& job, bool first);

    const process::StreamedRunner& runner_;
    std::filesystem::path keys_;
    std::vector<std::string> addresses_;
    int port_;
    const Stop& stop_;
    std::string address_;
};

/// Makes the key pair of a run in `folder` ("key", "key.pub") and returns the public one.
Result<std::string> make_login_key(const process::StreamedRunner& runner, const std::filesystem::path& folder,
                                   const std::string& comment);

} // namespace ingot::builder::publish::hetzner
