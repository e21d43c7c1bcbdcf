#include "tests/cluster/ledger.hpp"

#include "common/text/text.hpp"

namespace ingot::tests {

bool Ledger::open() {
    // No primary key: a row written twice shall be seen, not refused.
    return lab_.sql("--pool", "CREATE TABLE IF NOT EXISTS ledger (id int, at timestamptz DEFAULT now())").exit_code ==
           0;
}

void Ledger::start() {
    writer_ = std::jthread([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const int id = next_++;
            // A write that failed may be there or not; its number is not used again.
            if (lab_.sql("--pool", text::format("INSERT INTO ledger VALUES ({})", id)).exit_code != 0) {
                ++failed_;
                continue;
            }
            const std::lock_guard guard(mutex_);
            acknowledged_.insert(id);
            times_.insert(Clock::now());
        }
    });
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

std::size_t Ledger::acknowledged() const {
    const std::lock_guard guard(mutex_);
    return acknowledged_.size();
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
