// Where images go. A provider is a folder beside this file with one class of this interface; what is said, in what
// order and how many at once is the same for all.
#pragma once

#include <string>
#include <vector>

#include "builder/publish/image.hpp"
#include "builder/publish/report.hpp"
#include "builder/publish/stop.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish {

/// An image at its provider.
struct Published {
    std::string text;                         ///< "snapshot 4711 in fsn1"
    json::Json fields = json::Json::object(); ///< the same for machines: {"snapshot": 4711}
    bool was_there = false;                   ///< this very image had been published before
    std::vector<std::string> left_behind{};   ///< what could not be removed, each with how to
};

class Provider {
  public:
    virtual ~Provider() = default;
    /// Publishes one image and proves that it arrived as it is, or leaves nothing behind and says why. Called from
    /// several threads at once. An end that `stop` asks for is an error after the clean-up.
    virtual Result<Published> publish(const Image& image, Report& report, const Stop& stop) = 0;
};

struct Outcome {
    std::string image;
    Result<Published> result;
};

/// All images, `parallel` at once; one that fails does not keep the others. Says how each ended.
std::vector<Outcome> publish_all(Provider& provider, const std::vector<Image>& images, std::size_t parallel,
                                 Report& report, const Stop& stop);

/// 0 if everything is published and nothing left behind; else the exit code of the first trouble.
int exit_code_of(const std::vector<Outcome>& outcomes);

} // namespace ingot::builder::publish
