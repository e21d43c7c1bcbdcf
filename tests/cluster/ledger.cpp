#include "tests/cluster/ledger.hpp"

#include <algorithm>

#include "common/text/text.hpp"
#include "tests/cluster/lab_network.hpp"

namespace ingot::tests {

namespace {

using namespace std::chrono_literals;

constexpr int kPoolPort = 6432;
constexpr auto kPace = 10ms;
constexpr auto kConnect = 3s;
constexpr auto kStatement = 60s; ///< PgBouncer lets clients wait while there is no leader

} // namespace

bool Ledger::open() {
    // No primary key: a row written twice shall be seen, not refused.
    const auto made = lab_.sql("--pool", "CREATE TABLE IF NOT EXISTS ledger (id int, at timestamptz DEFAULT now())");
    if (made.exit_code != 0) { note_failure(made.err); }
    return made.exit_code == 0;
}

void Ledger::note_failure(const std::string& problem) {
    const std::lock_guard guard(mutex_);
    failures_.emplace(Clock::now(), problem);
}

void Ledger::write(const std::stop_token& stop) {
    if (const auto entered = enter_network_of(lab_.name()); !entered) {
        note_failure(entered.error().to_string());
        return;
    }
    std::vector<std::string> proxies;
    for (const auto& machine : lab_.of_role("proxy")) { proxies.push_back(machine.address); }
    std::optional<Postgres> session;
    for (std::size_t turn = 0; !stop.stop_requested() && !proxies.empty();) {
        if (!session) {
            auto opened = Postgres::connect(
                connection_string(lab_.name(), proxies.at(turn % proxies.size()), kPoolPort), kConnect);
            if (!opened) {
                ++turn;
                note_failure(opened.error().to_string());
                std::this_thread::sleep_for(kPace);
                continue;
            }
            session = *std::move(opened);
        }
        // A write that failed may be there or not; its number is not used again.
        const int id = next_++;
        const auto written = session->run(text::format("INSERT INTO ledger VALUES ({})", id), kStatement);
        if (!written) {
            note_failure(written.error().to_string());
            session.reset();
            continue;
        }
        {
            const std::lock_guard guard(mutex_);
            acknowledged_.insert(id);
            times_.insert(Clock::now());
        }
        std::this_thread::sleep_for(kPace);
    }
}

void Ledger::start() {
    writer_ = std::jthread([this](const std::stop_token& stop) { write(stop); });
}

void Ledger::stop() {
    writer_.request_stop();
    if (writer_.joinable()) { writer_.join(); }
}

std::optional<double> Ledger::resumed_after(Clock::time_point moment) const {
    const std::lock_guard guard(mutex_);
    const auto first = times_.upper_bound(moment);
    if (first == times_.end()) { return std::nullopt; }
    return std::chrono::duration<double>(*first - moment).count();
}

double Ledger::longest_pause_since(Clock::time_point begin) const {
    const std::lock_guard guard(mutex_);
    auto last = begin;
    Clock::duration longest{};
    for (auto next = times_.upper_bound(begin); next != times_.end(); ++next) {
        longest = std::max(longest, *next - last);
        last = *next;
    }
    return std::chrono::duration<double>(std::max(longest, Clock::now() - last)).count();
}

std::size_t Ledger::acknowledged() const {
    const std::lock_guard guard(mutex_);
    return acknowledged_.size();
}

std::vector<std::string> Ledger::failures_since(Clock::time_point begin) const {
    const std::lock_guard guard(mutex_);
    std::vector<std::string> found;
    for (auto each = failures_.lower_bound(begin); each != failures_.end(); ++each) { found.push_back(each->second); }
    return found;
}

std::optional<Ledger::Audit> Ledger::audit() {
    const auto rows = lab_.sql("--pool", "SELECT id, count(*) FROM ledger GROUP BY id");
    if (rows.exit_code != 0) { return std::nullopt; }
    Audit audit;
    const std::lock_guard guard(mutex_);
    audit.lost = acknowledged_;
    for (const auto& line : text::lines(rows.out)) {
        const auto fields = text::split(line, '|');
        if (fields.size() != 2) { continue; }
        ++audit.present;
        audit.lost.erase(static_cast<int>(text::to_number(fields[0]).value_or(0)));
        if (fields[1] != "1") { ++audit.doubled; }
    }
    return audit;
}

} // namespace ingot::tests
