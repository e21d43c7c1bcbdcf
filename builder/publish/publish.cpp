#include "builder/publish/publish.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "common/text/text.hpp"

namespace ingot::builder::publish {

namespace {

void tell(Report& report, const std::string& image, const Result<Published>& result) {
    if (!result) {
        report.done(
            image, "failed: " + result.error().to_string(),
            {{"result", "failed"}, {"kind", to_string(result.error().kind)}, {"error", result.error().to_string()}});
        return;
    }
    auto fields = result->fields;
    fields["result"] = result->was_there ? "was there" : "published";
    if (!result->left_behind.empty()) { fields["left_behind"] = result->left_behind; }
    report.done(image, text::format("{}{}", result->text, result->was_there ? " (was there already)" : ""), fields);
    for (const auto& left : result->left_behind) { report.note(image, left); }
}

} // namespace

std::vector<Outcome> publish_all(Provider& provider, const std::vector<Image>& images, std::size_t parallel,
                                 Report& report, const Stop& stop) {
    std::vector<std::optional<Result<Published>>> results(images.size());
    std::atomic<std::size_t> next = 0;
    {
        std::vector<std::jthread> workers;
        for (std::size_t count = 0; count < std::clamp<std::size_t>(parallel, 1, images.size()); ++count) {
            workers.emplace_back([&] {
                for (auto index = next++; index < images.size(); index = next++) {
                    const auto& image = images.at(index);
                    auto allowed = stop.check();
                    results.at(index) = allowed ? provider.publish(image, report, stop)
                                                : Result<Published>(std::move(allowed).error());
                    tell(report, image.name, *results.at(index));
                }
            });
        }
    }
    std::vector<Outcome> outcomes;
    for (std::size_t index = 0; index < images.size(); ++index) {
        outcomes.push_back({.image = images.at(index).name, .result = *std::move(results.at(index))});
    }
    return outcomes;
}

int exit_code_of(const std::vector<Outcome>& outcomes) {
    for (const auto& outcome : outcomes) {
        if (!outcome.result) { return exit_code(outcome.result.error().kind); }
    }
    const bool left =
        std::ranges::any_of(outcomes, [](const auto& outcome) { return !outcome.result->left_behind.empty(); });
    return left ? exit_code(ErrorKind::transient) : 0;
}

} // namespace ingot::builder::publish
