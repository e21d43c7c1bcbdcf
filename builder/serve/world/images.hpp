// The images in a folder, as far as anybody may have them: just the files that a manifest names.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "builder/serve/model/request.hpp"
#include "builder/serve/world/http_server.hpp"

namespace ingot::builder::serve {

class Images {
  public:
    explicit Images(std::filesystem::path folder) : folder_(std::move(folder)) {}
    /// A file of an image, or the part of it that is asked for; 404 for everything else.
    HttpAnswer answer(const std::string& role, const std::string& name, const std::string& range);
    /// Roles that have an image here which can be booted from the network.
    [[nodiscard]] std::set<std::string> roles() const;

  private:
    bool is_listed(const std::string& role, const std::string& name);
    struct Known {
        std::filesystem::file_time_type time;
        std::set<std::string> names;
    };
    std::filesystem::path folder_;
    std::mutex mutex_;
    std::map<std::string, Known> known_{};
};

/// A regular file, not by way of a link, or the part that is asked for.
HttpAnswer file_answer(const std::filesystem::path& file, const std::string& range);

} // namespace ingot::builder::serve
