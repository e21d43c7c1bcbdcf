// Tells people and servers how far it is: lines on the console, JSON to a web address.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "installer/fetch/client.hpp"
#include "installer/write/write.hpp"

namespace ingot::installer {

/// What is posted: {"machine":…,"state":"installing|installed|present|failed","done":…,"total":…,"detail":…}
struct News {
    std::string state{};
    std::string detail{};
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};

class Reporter {
  public:
    /// `address` may be empty: then only the console hears of it.
    Reporter(std::string machine, const std::string& address);
    /// Says a line on the console.
    static void say(const std::string& line);
    /// Posts news. Nobody listening is no reason to stop; it is said once.
    void post(const News& news);

  private:
    std::string machine_;
    std::optional<Url> address_{};
    Client client_{};
    bool complained_ = false;
};

/// Shows the progress every two seconds until it dies.
class Display {
  public:
    Display(const Progress& progress, std::uint64_t total, std::uint64_t compressed, Reporter& reporter);
    ~Display();
    Display(const Display&) = delete;
    Display& operator=(const Display&) = delete;
    Display(Display&&) = delete;
    Display& operator=(Display&&) = delete;

  private:
    void run(const std::stop_token& stop);
    const Progress& progress_;
    std::uint64_t total_;
    std::uint64_t compressed_;
    Reporter& reporter_;
    std::jthread thread_;
};

} // namespace ingot::installer
