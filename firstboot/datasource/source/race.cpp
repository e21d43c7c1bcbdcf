#include "firstboot/datasource/source/race.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

struct Race {
    std::mutex mutex{};
    std::condition_variable changed{};
    std::optional<Answer> answer{};
    std::optional<Error> first_error{};
    std::size_t failed = 0;
};

} // namespace

Result<Answer> first_answer(const Environment& environment, const std::vector<http::Request>& requests,
                            std::chrono::milliseconds patience) {
    Race race;
    std::vector<std::jthread> threads;
    const auto ask = [&](std::size_t index) {
        // Clients are made here, in one thread; each is used in its own.
        threads.emplace_back([&race, &requests, index, http = environment.make_http()] {
            auto response = http->send(requests[index]);
            {
                const std::scoped_lock lock(race.mutex);
                if (response) {
                    if (!race.answer) { race.answer = Answer{.index = index, .response = *std::move(response)}; }
                } else {
                    ++race.failed;
                    if (index == 0) { race.first_error = std::move(response).error(); }
                }
            }
            race.changed.notify_all();
        });
    };
    if (requests.empty()) { return fail(ErrorKind::bug, "there is no address to ask"); }
    ask(0);
    {
        std::unique_lock lock(race.mutex);
        race.changed.wait_for(lock, patience, [&] { return race.answer || race.failed == 1; });
    }
    for (std::size_t index = 1; index < requests.size(); ++index) {
        {
            const std::scoped_lock lock(race.mutex);
            if (race.answer) { break; }
        }
        ask(index);
    }
    {
        std::unique_lock lock(race.mutex);
        race.changed.wait(lock, [&] { return race.answer || race.failed == threads.size(); });
    }
    threads.clear(); // waits for those under way: their timeouts are short
    if (race.answer) { return *std::move(race.answer); }
    auto error = *std::move(race.first_error);
    error.kind = ErrorKind::transient; // also an answer that is far too large: whoever gave it may be gone tomorrow
    if (requests.size() > 1) {
        error.message +=
            text::format(" (and {} other address{})", requests.size() - 1, requests.size() == 2 ? "" : "es");
    }
    return error;
}

std::vector<std::string> ethernet_interfaces(const files::Root& root) {
    constexpr std::string_view kEthernet = "1";
    std::vector<std::string> names;
    for (const auto& name : files::list(root.at("/sys/class/net")).value_or(std::vector<std::string>{})) {
        const auto value = [&](std::string_view key) {
            const auto content = files::read_if_exists(root.at(text::format("/sys/class/net/{}/{}", name, key)));
            return content && *content ? std::string(text::trim(**content)) : std::string();
        };
        if (name != "lo" && value("type") == kEthernet && value("operstate") != "down") { names.push_back(name); }
    }
    return names;
}

Result<http::Response> ask(http::HttpClient& http, const http::Request& request) {
    auto response = http.send(request);
    if (response) { return response; }
    auto error = std::move(response).error();
    error.kind = ErrorKind::transient;
    return error;
}

std::string describe_status(const http::Response& response) {
    const auto place = response.headers.find("location");
    if (place == response.headers.end()) { return text::format("HTTP {}", response.status); }
    return text::format("HTTP {}, which leads to {}; redirects are not followed", response.status, place->second);
}

std::string describe_answer(const std::string& url, const http::Response& response) {
    return text::format("GET {}: {}", url, describe_status(response));
}

} // namespace ingot::firstboot
