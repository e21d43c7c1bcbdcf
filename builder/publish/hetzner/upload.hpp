// ingot upload hetzner: one image, one temporary server, one snapshot.
//
// Order: key → smallest server that is to be had, not started → rescue → power on → ssh → empty the disk → stream it
// → read it back and compare → off, and seen to be off → snapshot → server and key removed. Whatever ends that early,
// what was made is removed, and a snapshot exists only of a disk that was read back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/publish/disk_image.hpp"
#include "builder/publish/hetzner/api.hpp"
#include "builder/publish/hetzner/choose.hpp"
#include "builder/publish/publish.hpp"
#include "common/clock/clock.hpp"
#include "common/process/streamed.hpp"

namespace ingot::builder::publish::hetzner {

struct UploadOptions {
    Wishes wishes{};
    Labels labels{};                   ///< besides ours
    std::string description{};         ///< empty: one that says role, suite, version and date
    std::optional<std::size_t> keep{}; ///< older snapshots of the same role and architecture beyond these are deleted
    bool force = false;                ///< upload again what is there already
    bool ipv6_only = false;
    int streams = 4;
    std::string device = "/dev/sda";
    int ssh_port = 22;
};

class Hetzner final : public Provider {
  public:
    Hetzner(const Account& account, UploadOptions options, const Pace& pace, process::StreamedRunner runner,
            clock::Clock& clock)
        : account_(account), options_(std::move(options)), pace_(pace), runner_(std::move(runner)), clock_(clock) {}

    Result<Published> publish(const Image& image, Report& report, const Stop& stop) override;

  private:
    Result<Snapshot> upload(Api& api, const Image& image, const std::string& architecture, Report& report,
                            const Stop& stop, std::vector<std::string>& left_behind);
    Status write_disk(const Server& server, const DiskImage& disk, const std::filesystem::path& keys,
                      const std::string& name, Report& report, const Stop& stop);
    [[nodiscard]] std::string description_of(const Image& image) const;

    const Account& account_;
    UploadOptions options_;
    const Pace& pace_;
    process::StreamedRunner runner_;
    clock::Clock& clock_;
    RateLimit limit_;
    std::mutex creating_; ///< servers are made one after the other: the provider does not like bursts
};

} // namespace ingot::builder::publish::hetzner
