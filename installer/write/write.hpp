// Streams an image to a disk.
//
//   1. First and last MiB become zeros, the mark is written: from here on the disk boots nothing, and says whose it
//   is.
//   2. Ranges that have to be zeros are made so. Nothing relies on what a device reads as after a discard.
//   3. Pieces come over a few connections. Each connection has a thread that checks the hash of a piece, takes it
//   apart,
//      and writes it past the page cache; so network, processors and disk work at the same time, and memory is
//      bounded. A connection that breaks is made again, and goes on with the piece it was at.
//   4. Everything is on the disk (fsync). What the caller has to do before the disk may boot is done (the seed).
//   5. The rest of the first MiB, fsync. The first sector, fsync. A sector is written whole or not at all, and
//   without
//      it neither a BIOS nor a UEFI boots: so, whenever power fails, the disk boots what was verified, or nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "common/diskmap/diskmap.hpp"
#include "common/result/result.hpp"
#include "installer/fetch/url.hpp"
#include "installer/write/target.hpp"

namespace ingot::installer {

/// How far it is; read by whoever shows it.
struct Progress {
    std::atomic<std::uint64_t> fetched = 0; ///< compressed bytes that were good
    std::atomic<std::uint64_t> written = 0;
    std::atomic<std::uint64_t> broken_connections = 0;
};

struct WriteOptions {
    unsigned connections = 0; ///< 0: by the number of processors
    bool discard = true;
    bool read_back = false; ///< compare what the disk holds with the map, at the end
    std::chrono::seconds patience = std::chrono::minutes(10);  ///< how long nothing may come
    std::chrono::milliseconds pause = std::chrono::seconds(1); ///< after a broken connection; doubles up to 30 s
};

/// Writes it. `mark` is the rendered marker. `before_boot` runs when everything but the first MiB is there.
Status write_image(const diskmap::DiskMap& map, const Url& image, const Target& target, const std::string& mark,
                   const WriteOptions& options, Progress& progress, const std::function<Status()>& before_boot);

} // namespace ingot::installer
