// A small HTTP server for files on loopback, which can also behave badly: cut answers off, or fall silent.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
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

    /// "http://127.0.0.1:40123"
    [[nodiscard]] std::string address() const;
    /// From now on, files whose name ends so are cut off after so many bytes, and the connection with them.
    void cut(const std::string& ending, std::size_t bytes);
    /// No more bad behaviour.
    void behave();
    /// Closes the port: nobody answers any more.
    void stop();
    /// The paths that were asked for.
    [[nodiscard]] std::vector<std::string> asked();

  private:
    void serve();
    void answer(int connection);

    std::filesystem::path folder_;
    files::Fd listener_;
    int port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::map<std::string, std::size_t> cuts_;
    std::vector<std::string> asked_;
    std::thread thread_;
};

} // namespace ingot::tests
