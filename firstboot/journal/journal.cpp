#include "firstboot/journal/journal.hpp"

#include <algorithm>
#include <utility>

#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

using json::Json;

Journal::Journal(std::filesystem::path path, std::string instance_id, const clock::Clock& clock)
    : path_(std::move(path)), instance_id_(std::move(instance_id)), clock_(&clock), data_instance_(instance_id_) {}

Result<Journal> Journal::open(std::filesystem::path path, std::string instance_id, const clock::Clock& clock) {
    Journal journal(std::move(path), std::move(instance_id), clock);
    INGOT_ASSIGN(const auto content, files::read_if_exists(journal.path_), "reading the journal");
    if (!content) { return journal; }
    if (const auto loaded = journal.load(*content); !loaded) {
        journal.records_.clear();
        journal.data_instance_ = journal.instance_id_;
        const auto aside = journal.path_.string() + ".damaged";
        INGOT_TRY(files::write(aside, *content, {.mode = 0600}),
                  text::format("putting aside {}, which {}", journal.path_.string(), loaded.error().message));
    }
    return journal;
}

Status Journal::load(std::string_view content) {
    INGOT_ASSIGN(const auto document, json::parse(content), "");
    const auto owner = json::string_at(document, "instance_id");
    if (!owner) { return fail(ErrorKind::invalid_input, "names no instance"); }
    previous_instance_ = json::string_at(document, "previous_instance");
    data_instance_ = json::string_at(document, "data_instance").value_or(*owner);
    if (*owner != instance_id_) {
        previous_instance_ = owner;
        return {};
    }
    const auto& steps = json::member(document, "steps");
    if (!steps.is_object()) { return fail(ErrorKind::invalid_input, "has no steps"); }
    for (const auto& [name, step] : steps.items()) {
        records_[name] = {.done = json::flag_at(step, "done"),
                          .attempts = static_cast<int>(json::number_at(step, "attempts").value_or(0)),
                          .since = json::string_at(step, "since").value_or(""),
                          .finished = json::string_at(step, "finished").value_or("")};
    }
    return {};
}

bool Journal::is_done(std::string_view step) const {
    const auto found = records_.find(step);
    return found != records_.end() && found->second.done;
}

Status Journal::begin(std::string_view step) {
    auto& record = records_[std::string(step)];
    if (record.done) { record = {}; }
    const bool known = record.attempts > 0;
    if (!known) { record.since = clock::to_rfc3339(clock_->now()); }
    ++record.attempts;
    // Later tries of the same boot change only a count: not worth a flush each.
    if (known) { return {}; }
    return save();
}

Status Journal::finish(std::string_view step) {
    auto& record = records_[std::string(step)];
    if (record.done) { return {}; }
    record.done = true;
    record.finished = clock::to_rfc3339(clock_->now());
    if (record.since.empty()) { record.since = record.finished; }
    record.attempts = std::max(record.attempts, 1);
    if (auto saved = save(); !saved) {
        record.done = false; // it is not, as long as the disk does not say so
        return saved;
    }
    return {};
}

Status Journal::own_data() {
    if (data_instance_ == instance_id_) { return {}; }
    const auto before = std::exchange(data_instance_, instance_id_);
    auto saved = save();
    if (!saved) { data_instance_ = before; }
    return saved;
}

Status Journal::save() const {
    Json steps = Json::object();
    for (const auto& [name, record] : records_) {
        Json entry{{"done", record.done}, {"attempts", record.attempts}, {"since", record.since}};
        if (record.done) { entry["finished"] = record.finished; }
        steps[name] = std::move(entry);
    }
    Json document{{"version", 1}, {"instance_id", instance_id_}, {"steps", std::move(steps)}};
    if (data_instance_ != instance_id_) { document["data_instance"] = data_instance_; }
    if (previous_instance_) { document["previous_instance"] = *previous_instance_; }
    INGOT_TRY(files::write(path_, json::to_text(document), {.mode = 0600}), "writing the journal");
    return {};
}

} // namespace ingot::firstboot
