// The journal: which steps were begun and which are done, for one instance-id.
//
// The whole file is replaced atomically and durably at each record, so a power cut leaves either the
// old or the new one. A step that is begun and not done was under way: it is run again (its check says
// whether there is anything left to do). Another instance-id means another machine, perhaps a snapshot
// of a booted node: it starts with an empty journal.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock/clock.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot {

class Journal {
  public:
    struct Record {
        bool done = false;
        int attempts = 0;     ///< of the run that is under way or that succeeded
        std::string since;    ///< RFC 3339: when it was first begun
        std::string finished; ///< RFC 3339, empty until done
    };

    /// Reads the journal at `path`. One that cannot be read as JSON is put aside (the disk was damaged) and
    /// begun anew; one of another instance is begun anew, too.
    static Result<Journal> open(std::filesystem::path path, std::string instance_id, const clock::Clock& clock);

    [[nodiscard]] bool is_done(std::string_view step) const;
    /// Records that the step is being tried, before it is.
    Status begin(std::string_view step);
    /// Records that it is done.
    Status finish(std::string_view step);

    [[nodiscard]] const std::map<std::string, Record, std::less<>>& records() const { return records_; }
    /// The instance this disk belonged to before, if it was another one.
    [[nodiscard]] const std::optional<std::string>& previous_instance() const { return previous_instance_; }
    /// The instance as which this disk's data was written: what the roles' records name. This instance, but for a
    /// disk that came from another one and whose data stays (or is not decided about yet).
    [[nodiscard]] const std::string& data_instance() const { return data_instance_; }
    /// Records that there is no data of another instance any more.
    Status own_data();

  private:
    Journal(std::filesystem::path path, std::string instance_id, const clock::Clock& clock);
    Status load(std::string_view content);
    [[nodiscard]] Status save() const;

    std::filesystem::path path_;
    std::string instance_id_;
    const clock::Clock* clock_;
    std::optional<std::string> previous_instance_{};
    std::string data_instance_;
    std::map<std::string, Record, std::less<>> records_{};
};

} // namespace ingot::firstboot
