// A small HTTP server for files on loopback, which can also behave badly: cut answers off, or fall silent.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/files/files.hpp"

namespace ingot::tests {

class FileServer {
  public:
    explicit FileServer(std::filesystem::path folder);
    ~FileServer();
    FileServer(const FileServer&) = delete;
    FileServer& operator=(const FileServer&) = delete;
    FileServer(FileServer&&) = delete;
    FileServer& operator=(FileServer&&) = delete;

    /// "http://127.0.0.1:40123"; a machine in QEMU's user network knows this one by another address.
    [[nodiscard]] std::string address(const std::string& host = "127.0.0.1") const;
    /// From now on, files whose name ends so are cut off after so many bytes, and the connection with them.
    void cut(const std::string& ending, std::size_t bytes);
    /// Answers requests for a part of a file with that part; without it, like many simple servers, with all of it.
    void give_ranges() { ranges_ = true; }
    /// No more bad behaviour.
    void behave();
    /// Closes the port: nobody answers any more.
    void stop();
    /// The paths that were asked for.
    [[nodiscard]] std::vector<std::string> asked() const;
    /// True if that path was given, to its last byte.
    [[nodiscard]] bool gave(const std::string& path) const;

  private:
    void serve();
    void answer(int connection);
    void send_file(int connection, const std::string& path, const std::string& range, std::size_t cut, bool body);

    std::filesystem::path folder_;
    files::Fd listener_;
    int port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::atomic<bool> ranges_ = false;
    mutable std::mutex mutex_;
    std::map<std::string, std::size_t> cuts_;
    std::vector<std::string> asked_;
    std::set<std::string> given_;
    std::thread thread_;
};

} // namespace ingot::tests
