// The leader's duty about the stanza: makes it, checks it, publishes it.
#pragma once

#include <optional>

#include "common/clock/clock.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// Brings stanza and check about; looks again from time to time when all is there.
class StanzaWatch {
  public:
    Status operator()(const Database& database);

  private:
    Status act(const Database& database, const std::string& system_id);

    std::optional<clock::Monotonic> settled_{};
};

} // namespace ingot::firstboot::db
