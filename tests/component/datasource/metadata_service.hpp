// A metadata service on port 80 that is strict about what it is asked and behaves as badly as it is told to.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ingot::firstboot::test {

struct Asked {
    std::string method;
    std::string path;
    std::map<std::string, std::string> headers{}; ///< names in lower case
};

struct Reply {
    int status = 200;
    std::string body{};
    std::vector<std::string> headers{};
    std::chrono::milliseconds delay{0};
    bool silent = false; ///< never answers
    std::size_t cut = 0; ///< sends this many bytes less than it announces
};

class MetadataService {
  public:
    using Answer = std::function<Reply(const Asked&)>;
    explicit MetadataService(Answer answer);
    ~MetadataService();
    MetadataService(const MetadataService&) = delete;
    MetadataService& operator=(const MetadataService&) = delete;
    MetadataService(MetadataService&&) = delete;
    MetadataService& operator=(MetadataService&&) = delete;

    [[nodiscard]] std::vector<Asked> asked() const;

  private:
    void serve();
    void talk(int connection);

    Answer answer_;
    int listener_ = -1;
    int stop_[2] = {-1, -1};
    mutable std::mutex mutex_;
    std::vector<Asked> asked_;
    std::vector<std::thread> talks_;
    std::thread server_;
};

/// Puts this process into a network of its own, with the metadata addresses on it; false if that is not allowed.
bool enter_metadata_network();

} // namespace ingot::firstboot::test
