// The backup section: read strictly from user-data and from cluster.yaml, and written to both.
//
// The two differ in secrets: cluster.yaml is kept in git, so there they are unknown keys; they stand in secrets.yaml
// under the repository's name and come together in the user-data.
#include <algorithm>
#include <array>
#include <set>

#include "cloud-init/userdata/rules.hpp"
#include "cloud-init/userdata/sections.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;
using document::Writer;

namespace {

constexpr std::array<std::string_view, 7> kDays = {"Thu", "Fri", "Sat", "Sun",
                                                   "Mon", "Tue", "Wed"}; // from 1970-01-01
constexpr std::chrono::minutes kDay{24 * 60};
constexpr std::chrono::minutes kWeek = 7 * kDay;
constexpr std::chrono::minutes kUsualTime{2 * 60};

/// "02:30"
std::optional<std::chrono::minutes> time_of_day(std::string_view text) {
    constexpr std::size_t kLength = 5;
    constexpr std::size_t kColon = 2;
    if (text.size() != kLength || text[kColon] != ':') { return std::nullopt; }
    const auto hours = text::to_number(text.substr(0, kColon));
    const auto minutes = text::to_number(text.substr(kColon + 1));
    if (!hours || !minutes || *hours < 0 || *hours > 23 || *minutes < 0 || *minutes > 59) { return std::nullopt; }
    return std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
}

/// "6h", "30m"
std::optional<Slot> every(std::string_view text) {
    if (text.size() < 2) { return std::nullopt; }
    const auto number = text::to_number(text.substr(0, text.size() - 1));
    constexpr long long kMost = 1440;
    if (!number || *number < 1 || *number > kMost) { return std::nullopt; }
    if (text.ends_with('m')) { return Slot{.period = std::chrono::minutes(*number)}; }
    if (text.ends_with('h')) { return Slot{.period = std::chrono::hours(*number)}; }
    return std::nullopt;
}

std::optional<Slot> read_slot(Fields& fields, std::string_view key, std::optional<Slot> usual) {
    const auto written = fields.text(key);
    if (!written) { return usual; }
    if (*written == "off") { return std::nullopt; }
    const auto slot = slot_from(*written);
    if (!slot) {
        fault_at(fields, key, text::format("'{}' is no time for backups", *written),
                 "off, daily, 'daily 02:30', weekly, 'Sun 02:30', 'every 6h' or 'every 30m', in UTC");
    }
    return slot;
}

std::string read_host(Fields& item, std::string_view key) {
    auto host = item.required_text(key);
    constexpr std::size_t kLongest = 253;
    if (!host.empty() && !is_host_name(host, kLongest) && !Address::parse(host)) {
        fault_at(item, key, text::format("'{}' is no host name", host), "without https:// and without a port");
    }
    return host;
}

int read_port(Fields& item, int usual) { return static_cast<int>(item.number("port", 1, 65535).value_or(usual)); }

/// What goes into a line of pgBackRest's file: printable, without spaces.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char letter) { return letter > 0x20 && letter < 0x7F; });
}

std::string read_plain(Fields& item, std::string_view key) {
    auto text = item.required_text(key);
    if (!is_plain(text)) { fault_at(item, key, "expected printable ASCII characters without spaces"); }
    return text;
}

crypto::Secret read_secret(Fields& item, std::string_view key) {
    auto text = item.required_text(key);
    if (!is_plain(text)) { fault_at(item, key, "expected printable ASCII characters without spaces"); }
    return crypto::Secret(std::move(text));
}

S3Store read_s3(Fields& item, bool with_secrets) {
    S3Store s3{.endpoint = read_host(item, "endpoint"), .port = read_port(item, 443)};
    s3.bucket = read_plain(item, "bucket");
    s3.region = read_plain(item, "region");
    s3.key = read_plain(item, "key");
    s3.path_style = item.flag("path_style").value_or(false);
    s3.verify = item.flag("verify").value_or(true);
    s3.ca = item.text("ca").value_or("");
    if (!s3.ca.empty() && !crypto::inspect_certificate(s3.ca)) {
        fault_at(item, "ca", "this is no certificate in PEM");
    }
    if (with_secrets) { s3.secret = read_secret(item, "secret"); }
    return s3;
}

SftpStore read_sftp(Fields& item, bool with_secrets) {
    SftpStore sftp{.host = read_host(item, "host"), .port = read_port(item, 22)};
    sftp.user = read_plain(item, "user");
    sftp.host_key = item.required_text("host_key");
    constexpr std::string_view kHash = "SHA256:";
    constexpr std::size_t kDigits = 43;
    constexpr std::size_t kBytes = 32;
    const auto digest = std::string_view(sftp.host_key).substr(std::min(kHash.size(), sftp.host_key.size()));
    const auto bytes = crypto::base64_decode(std::string(digest) + "=");
    if (!sftp.host_key.empty() &&
        (!sftp.host_key.starts_with(kHash) || digest.size() != kDigits || !bytes || bytes->size() != kBytes)) {
        fault_at(item, "host_key", "expected the fingerprint of the server's host key",
                 "SHA256:…, as 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' prints it there");
    }
    if (with_secrets) {
        sftp.private_key = crypto::Secret(item.required_text("private_key"));
        const auto& key = sftp.private_key.reveal();
        if (!key.empty() && key.find("PRIVATE KEY-----") == std::string::npos) {
            fault_at(item, "private_key", "expected a private key as ssh-keygen writes it, without a pass phrase");
        }
    }
    return sftp;
}

HostStore read_host_store(Fields& item) {
    HostStore host{.address = item.required_text("address")};
    const auto address = Address::parse(host.address);
    if (!host.address.empty() && !address) {
        fault_at(item, "address", text::format("'{}' is no IP address", host.address));
    }
    if (address) { host.address = address->to_string(); }
    return host;
}

/// What tells two repositories apart: the same place twice would be two repositories in each other's way.
std::string place_of(const Repository& repository) {
    const auto path = repository.path;
    if (const auto* const s3 = std::get_if<S3Store>(&repository.store)) {
        return text::format("s3 {} {} {}", s3->endpoint, s3->bucket, path);
    }
    if (const auto* const sftp = std::get_if<SftpStore>(&repository.store)) {
        return text::format("sftp {} {}", sftp->host, path);
    }
    if (const auto* const host = std::get_if<HostStore>(&repository.store)) {
        return text::format("host {}", host->address);
    }
    return path;
}

struct Seen {
    std::set<std::string> places{};
    std::set<std::string> names{};
};

void check_repository(Fields& item, Repository& repository, std::string_view type, Seen& seen) {
    const bool host = std::holds_alternative<HostStore>(repository.store);
    auto path = host ? item.text("path") : std::optional(item.required_text("path"));
    repository.path = path.value_or("/var/lib/pgbackrest");
    if (!repository.path.empty() && (!is_absolute_path(repository.path) || !is_plain(repository.path))) {
        fault_at(item, "path", text::format("'{}' is no absolute path", repository.path));
    } else if (!repository.path.empty() && !seen.places.insert(place_of(repository)).second) {
        fault_at(item, host ? "address" : "path",
                 text::format("'{}' is given twice",
                              host ? std::get<HostStore>(repository.store).address : repository.path));
    }
    repository.name = item.text("name").value_or(std::string(type));
    if (!is_host_label(repository.name)) {
        fault_at(item, "name", text::format("'{}' cannot name a repository", repository.name),
                 "lower-case letters, digits and '-' inside");
    }
    const bool needs_name = type == "s3" || type == "sftp";
    if (needs_name && !seen.names.insert(repository.name).second) {
        fault_at(item, "name", text::format("another repository is called '{}'; give each a name", repository.name));
    }
}

std::optional<Repository> read_repository(Fields& item, bool with_secrets, Seen& seen) {
    const auto type = item.required_text("type");
    constexpr std::array<std::string_view, 3> kLater = {"gcs", "azure", "cifs"};
    if (std::ranges::find(kLater, type) != kLater.end()) {
        fault_at(item, "type", text::format("'{}' is not supported by this version", type),
                 "posix, s3, sftp or host");
        return std::nullopt; // its other keys are of a kind not known here
    }
    Repository repository;
    if (type == "s3") {
        repository.store = read_s3(item, with_secrets);
    } else if (type == "sftp") {
        repository.store = read_sftp(item, with_secrets);
    } else if (type == "host") {
        repository.store = read_host_store(item);
    } else if (!type.empty() && type != "posix") {
        fault_at(item, "type", text::format("'{}' is not posix, s3, sftp or host", type));
        return std::nullopt;
    }
    check_repository(item, repository, type, seen);
    item.finish();
    return repository;
}

void read_repositories(Fields& fields, bool with_secrets, BackupConfig& backup) {
    const Value* list = fields.required("repositories");
    if (list == nullptr) { return; }
    constexpr std::size_t kMost = 4; // of pgBackRest's 256: more would be a mistake
    if (list->sequence() == nullptr) {
        fault_at(fields, "repositories", "expected a list", "as in - {type: posix, path: /var/lib/pgbackrest}");
        return;
    }
    if (list->sequence()->empty() || list->sequence()->size() > kMost) {
        fault_at(fields, "repositories", text::format("expected 1 to {} repositories", kMost));
        return;
    }
    Seen seen;
    for (std::size_t index = 0; index < list->sequence()->size(); ++index) {
        Fields item((*list->sequence())[index], text::format("{}[{}]", fields.path("repositories"), index),
                    fields.faults());
        if (auto repository = read_repository(item, with_secrets, seen)) {
            backup.repositories.push_back(*std::move(repository));
        }
    }
    // Numbers of repositories on backup hosts have to be the same there, where the others are not known.
    std::ranges::stable_partition(backup.repositories, [](const Repository& repository) {
        return std::holds_alternative<HostStore>(repository.store);
    });
}

void read_cipher(Fields& fields, BackupConfig& backup) {
    auto cipher = fields.text("cipher_pass");
    if (!cipher) { return; }
    constexpr std::size_t kShortest = 16;
    if (cipher->size() < kShortest || !is_plain(*cipher)) {
        fault_at(fields, "cipher_pass", "expected at least 16 printable ASCII characters without spaces");
    }
    backup.cipher_pass = crypto::Secret(*std::move(cipher));
}

void read_retention(Fields& fields, Retention& retention) {
    const Value* section = fields.optional("retention");
    if (section == nullptr) { return; }
    constexpr int kMost = 9999;
    Fields inner(*section, fields.path("retention"), fields.faults());
    const auto count = [&inner](std::string_view key) -> std::optional<int> {
        const auto number = inner.number(key, 1, kMost);
        return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
    };
    const auto full = count("full");
    retention.full = full.value_or(retention.full);
    retention.days = count("days");
    retention.diff = count("diff");
    retention.archive = count("archive");
    if (full && retention.days) { fault_at(inner, "days", "give either full, a number of backups, or days"); }
    inner.finish();
}

void read_schedule(Fields& fields, BackupSchedule& schedule) {
    const Value* section = fields.optional("schedule");
    if (section == nullptr) { return; }
    Fields inner(*section, fields.path("schedule"), fields.faults());
    schedule.full = read_slot(inner, "full", schedule.full);
    schedule.diff = read_slot(inner, "diff", schedule.diff);
    schedule.incr = read_slot(inner, "incr", schedule.incr);
    if (!schedule.full && inner.text("full") == "off") {
        fault_at(inner, "full", "there have to be full backups", "differential ones hang on them");
    }
    inner.finish();
}

void write_store(Writer& writer, const Repository& repository, bool with_secrets) {
    if (const auto* const s3 = std::get_if<S3Store>(&repository.store)) {
        writer.entry("endpoint", s3->endpoint).entry("port", s3->port).entry("bucket", s3->bucket);
        writer.entry("region", s3->region).entry("key", s3->key).entry("path_style", s3->path_style);
        writer.entry("verify", s3->verify);
        if (!s3->ca.empty()) { writer.entry("ca", s3->ca); }
        if (with_secrets) { writer.entry("secret", s3->secret.reveal()); }
    } else if (const auto* const sftp = std::get_if<SftpStore>(&repository.store)) {
        writer.entry("host", sftp->host).entry("port", sftp->port).entry("user", sftp->user);
        writer.entry("host_key", sftp->host_key);
        if (with_secrets) { writer.entry("private_key", sftp->private_key.reveal()); }
    } else if (const auto* const host = std::get_if<HostStore>(&repository.store)) {
        writer.entry("address", host->address);
    }
}

std::string slot_text(const std::optional<Slot>& slot) { return slot ? to_string(*slot) : "off"; }

} // namespace

std::string_view type_of(const Repository& repository) {
    constexpr std::array<std::string_view, 4> kTypes = {"posix", "s3", "sftp", "host"};
    return kTypes.at(repository.store.index());
}

std::optional<Slot> slot_from(std::string_view text) {
    const auto words = text::split(text, ' ');
    if (words.size() == 2 && words[0] == "every") { return every(words[1]); }
    if (words.empty() || words.size() > 2) { return std::nullopt; }
    const auto time = words.size() == 2 ? time_of_day(words[1]) : std::optional(kUsualTime);
    if (!time) { return std::nullopt; }
    if (words[0] == "daily") { return Slot{.period = kDay, .offset = *time}; }
    const auto* const day = std::ranges::find(kDays, words[0] == "weekly" ? std::string_view("Sun") : words[0]);
    if (day == kDays.end()) { return std::nullopt; }
    return Slot{.period = kWeek, .offset = std::distance(kDays.begin(), day) * kDay + *time};
}

std::string to_string(const Slot& slot) {
    const auto time = [&](std::chrono::minutes in_day) {
        return text::format("{:02}:{:02}", in_day.count() / 60, in_day.count() % 60);
    };
    const auto day = static_cast<std::size_t>(slot.offset / kDay);
    if (slot.period == kWeek) { return text::format("{} {}", kDays.at(day), time(slot.offset % kDay)); }
    if (slot.period == kDay && slot.offset.count() != 0) { return "daily " + time(slot.offset); }
    return text::format("every {}m", slot.period.count());
}

BackupSchedule default_schedule() { return {.full = slot_from("weekly"), .diff = slot_from("daily")}; }

BackupConfig read_backup(const Value* section, std::string where, bool with_secrets, Faults& faults) {
    BackupConfig backup;
    if (section == nullptr) { return backup; }
    Fields fields(*section, std::move(where), faults);
    read_repositories(fields, with_secrets, backup);
    if (with_secrets) { read_cipher(fields, backup); }
    read_retention(fields, backup.retention);
    read_schedule(fields, backup.schedule);
    backup.restore_test = read_slot(fields, "restore_test", backup.restore_test);
    fields.finish();
    return backup;
}

void check_backup_hosts(Fields& fields, const BackupConfig& backup, const std::optional<Network>& network) {
    for (const auto& repository : backup.repositories) {
        const auto* const host = std::get_if<HostStore>(&repository.store);
        const auto address = host == nullptr ? std::nullopt : Address::parse(host->address);
        if (!network || !address || network->contains(*address)) { continue; }
        fault_at(fields, "backup",
                 text::format("the backup host {} is not in {}", host->address, network->to_string()));
    }
}

void write_backup(Writer& writer, const BackupConfig& backup, bool with_secrets) {
    if (backup.repositories.empty()) { return; }
    writer.key("backup").begin_mapping().key("repositories").begin_sequence();
    for (const auto& repository : backup.repositories) {
        writer.begin_mapping().entry("type", type_of(repository));
        if (repository.name != type_of(repository) && !repository.name.empty()) {
            writer.entry("name", repository.name);
        }
        write_store(writer, repository, with_secrets);
        writer.entry("path", repository.path).end_mapping();
    }
    writer.end_sequence();
    if (with_secrets && backup.cipher_pass) { writer.entry("cipher_pass", backup.cipher_pass->reveal()); }
    writer.key("retention").begin_mapping();
    if (backup.retention.days) {
        writer.entry("days", *backup.retention.days);
    } else {
        writer.entry("full", backup.retention.full);
    }
    if (backup.retention.diff) { writer.entry("diff", *backup.retention.diff); }
    if (backup.retention.archive) { writer.entry("archive", *backup.retention.archive); }
    writer.end_mapping().key("schedule").begin_mapping().entry("full", slot_text(backup.schedule.full));
    writer.entry("diff", slot_text(backup.schedule.diff)).entry("incr", slot_text(backup.schedule.incr));
    writer.end_mapping().entry("restore_test", slot_text(backup.restore_test)).end_mapping();
}

} // namespace ingot::cloud_init
