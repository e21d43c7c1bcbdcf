// The temporary server of one upload, and its ssh key: made, watched and removed.
//
// Everything made here carries the run's label from the moment it exists, so removing needs no memory of what was
// made: it asks for the label. That is right after a create whose answer never came, and after a crash.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/publish/hetzner/api.hpp"
#include "builder/publish/hetzner/choose.hpp"
#include "builder/publish/report.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

/// Something temporary of ours.
struct Leftover {
    std::string kind; ///< "servers", "ssh_keys", "images": as in the API's paths
    Id id = 0;
    std::string name;
    clock::WallTime created{};
    Labels labels{};
    [[nodiscard]] std::string to_string() const; ///< "server ingot-upload-… (4711)"
};

/// Servers and keys that have our temporary label: of `run`, or of all runs if that is empty.
Result<std::vector<Leftover>> find_temporary(Api& api, std::string_view run);
/// Removes one and waits for the end of that. Not there is success.
Status remove(Api& api, const Leftover& leftover);

struct ServerWishes {
    std::string architecture; ///< "x86", "arm"
    std::uint64_t image_bytes = 0;
    Wishes wishes{};
    bool ipv6_only = false;
    std::string run;
};

class TemporaryServer {
  public:
    TemporaryServer(Api& api, ServerWishes wishes, std::string image, Report& report)
        : api_(api), wishes_(std::move(wishes)), image_(std::move(image)), report_(report) {}

    /// The key first: a server without one makes the provider send a password by mail.
    Status create_key(const std::string& public_key);
    /// Off, with a disk, nothing started. Tries one candidate after the other when they are sold out.
    Status create_server();
    Status enable_rescue();
    Status power_on();
    /// Waits until it is off by itself; turns it off if it takes too long.
    Status wait_until_off();
    /// A snapshot of the disk, whole. One that fails is removed.
    Result<Snapshot> snapshot(const std::string& description, const Labels& labels);
    /// Removes server and key, and the snapshot unless it is whole and wanted. What could not be removed, each with
    /// how to.
    std::vector<std::string> clean_up(bool keep_snapshot);

    [[nodiscard]] const Server& server() const { return server_; }
    [[nodiscard]] std::string name() const { return "ingot-upload-" + wishes_.run; }

  private:
    [[nodiscard]] Labels labels() const { return {{kTemporary, "upload"}, {kRun, wishes_.run}}; }
    Result<bool> try_candidate(const Candidate& candidate, const Snapshot& base);
    Result<std::optional<json::Json>> find_by_run(std::string_view kind, const std::string& member);
    Status wait_for_status(std::string_view status, std::chrono::milliseconds patience);
    Status act(const std::string& action, const json::Json& body, const std::function<bool(const Server&)>& is_done);
    Status remove_servers();

    Api& api_;
    ServerWishes wishes_;
    std::string image_;
    Report& report_;
    Id key_ = 0;
    Server server_;
};

} // namespace ingot::builder::publish::hetzner
