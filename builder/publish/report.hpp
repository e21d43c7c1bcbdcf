// What people and machines see of an upload: phases, how much, how fast, how long still.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "builder/progress/progress.hpp"
#include "common/json/json.hpp"

namespace ingot::builder::publish {

/// A moment of a transfer.
struct Amount {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::chrono::milliseconds elapsed{0};
};
/// "312.0 MB of 1.2 GB, 45.2 MB/s, 20 s left". Pure.
std::string describe(const Amount& amount);
/// Seconds left at the rate so far; -1 if that cannot be said yet. Pure.
std::int64_t seconds_left(const Amount& amount);

/// Safe to call from several threads.
class Report {
  public:
    virtual ~Report() = default;
    /// `image` is now in `phase`.
    virtual void phase(std::string_view image, std::string_view phase) = 0;
    /// How far it is in it.
    virtual void amount(std::string_view image, std::string_view phase, const Amount& amount) = 0;
    /// The same where only somebody else knows.
    virtual void percent(std::string_view image, std::string_view phase, int percent) = 0;
    /// Something a person should know ("cx23 in fsn1 is sold out, trying hel1").
    virtual void note(std::string_view image, std::string_view text) = 0;
    /// The end: one text, and the same as members of an object.
    virtual void done(std::string_view image, std::string_view text, const json::Json& fields) = 0;
};

/// Lines on standard error, live on a terminal.
class TextReport final : public Report {
  public:
    explicit TextReport(progress::Progress& progress) : progress_(progress) {}
    void phase(std::string_view image, std::string_view phase) override;
    void amount(std::string_view image, std::string_view phase, const Amount& amount) override;
    void percent(std::string_view image, std::string_view phase, int percent) override;
    void note(std::string_view image, std::string_view text) override;
    void done(std::string_view image, std::string_view text, const json::Json& fields) override;

  private:
    progress::Progress& progress_;
};

/// One JSON object a line on standard output: {"event":"phase"|"amount"|"note"|"done","image":…,…}.
class JsonReport final : public Report {
  public:
    void phase(std::string_view image, std::string_view phase) override;
    void amount(std::string_view image, std::string_view phase, const Amount& amount) override;
    void percent(std::string_view image, std::string_view phase, int percent) override;
    void note(std::string_view image, std::string_view text) override;
    void done(std::string_view image, std::string_view text, const json::Json& fields) override;

  private:
    void print(const json::Json& value);
    std::mutex mutex_;
    std::map<std::string, std::chrono::steady_clock::time_point, std::less<>> last_amount_;
};

} // namespace ingot::builder::publish
