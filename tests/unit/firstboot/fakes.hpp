// Effects that only remember what they were asked, for tests of code that takes an Environment.
#pragma once

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/text/text.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::test {

/// Answers each command by what `answer` says; exit code 0 and no output without it.
class FakeProcesses final : public process::Processes {
  public:
    std::function<Result<process::Output>(const process::Command&)> answer{};
    std::vector<std::string> ran{};   ///< argv, joined by blanks
    std::vector<std::string> given{}; ///< standard input of each

    Result<process::Output> run(const process::Command& command) override {
        ran.push_back(text::join(command.argv, " "));
        given.push_back(command.input);
        if (!answer) { return process::Output{}; }
        return answer(command);
    }
};

/// Every unit is what `states` says, else inactive; starting makes it active.
class FakeServices final : public Services {
  public:
    std::map<std::string, std::string, std::less<>> states{};
    std::vector<std::string> calls{};

    Status start(std::string_view unit) override { return call("start", unit, "active"); }
    Status restart(std::string_view unit) override { return call("restart", unit, "active"); }
    Status reload(std::string_view unit) override { return call("reload", unit, "active"); }
    Status stop(std::string_view unit) override { return call("stop", unit, "inactive"); }
    Result<std::string> state(std::string_view unit) override {
        const auto found = states.find(unit);
        return found == states.end() ? std::string("inactive") : found->second;
    }
    Status reload_manager() override {
        calls.emplace_back("daemon-reload");
        return {};
    }

  private:
    Status call(std::string_view verb, std::string_view unit, std::string_view then) {
        calls.push_back(text::format("{} {}", verb, unit));
        states.insert_or_assign(std::string(unit), std::string(then));
        return {};
    }
};

/// Answers by URL; anything else is no answer.
class FakeHttp final : public http::HttpClient {
  public:
    explicit FakeHttp(std::map<std::string, http::Response> answers) : answers_(std::move(answers)) {}
    Result<http::Response> send(const http::Request& request) override {
        const auto found = answers_.find(request.url);
        if (found == answers_.end()) { return fail(ErrorKind::transient, request.url + ": nobody there"); }
        return found->second;
    }
    Status stream(const http::Request& request, const std::function<bool(std::string_view)>& /*take*/) override {
        return fail(ErrorKind::transient, request.url + ": nobody there");
    }

  private:
    std::map<std::string, http::Response> answers_;
};

/// An Environment below a folder of its own.
struct World {
    files::TempDir folder = files::TempDir::create("ingot-test-").value();
    FakeProcesses processes{};
    FakeServices services{};
    clock::FakeClock clock{clock::WallTime(std::chrono::hours(500'000))}; // 2027
    std::map<std::string, http::Response> answers{};
    Environment environment{
        .root = files::Root(folder.path()),
        .processes = processes,
        .services = services,
        .clock = clock,
        .make_http = [this]() -> std::unique_ptr<http::HttpClient> { return std::make_unique<FakeHttp>(answers); }};

    void write(std::string_view path, std::string_view content) const {
        must(files::write(environment.root.at(path), content));
    }
    [[nodiscard]] std::string read(std::string_view path) const {
        return files::read(environment.root.at(path)).value_or("<missing>");
    }

  private:
    static void must(const Status& status) {
        if (!status) { throw std::runtime_error(status.error().to_string()); }
    }
};

} // namespace ingot::firstboot::test
