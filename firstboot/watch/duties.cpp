#include "firstboot/watch/duties.hpp"

#include <string>

#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

Duties::Duties(std::vector<Duty> duties, StatusBoard& board, Stop& stop) : duties_(std::move(duties)) {
    for (const auto& duty : duties_) { board.plan_duty(duty.name); }
    threads_.reserve(duties_.size());
    for (const auto& duty : duties_) {
        threads_.emplace_back([&duty, &board, &stop] { keep(duty, board, stop); });
    }
}

Duties::~Duties() {
    for (auto& thread : threads_) { thread.join(); }
}

void Duties::keep(const Duty& duty, StatusBoard& board, Stop& stop) {
    std::string last;
    do {
        const auto result = duty.run();
        const auto problem = result ? std::string() : result.error().to_string();
        board.duty(duty.name, result ? "ok" : "failing", result && duty.words ? duty.words() : problem);
        if (problem != last) {
            // Once per change: a duty that fails every second must not fill the journal.
            if (problem.empty()) {
                log::info(text::format("{}: works again", duty.name));
            } else {
                log::warning(text::format("{}: {}", duty.name, problem));
            }
            last = problem;
        }
    } while (stop.pause(duty.interval));
}

} // namespace ingot::firstboot
