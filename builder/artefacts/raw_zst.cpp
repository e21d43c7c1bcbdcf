#include "builder/artefacts/compressed.hpp"
#include "builder/artefacts/pieces.hpp"
#include "common/compress/compress.hpp"

namespace ingot::builder::artefacts {

namespace {

constexpr std::uint64_t kFrame = 4ULL << 20U;
/// 9 takes twice as long for 3 % less.
constexpr int kLevel = 6;

} // namespace

Status write_raw_zst(const std::filesystem::path& raw, const std::filesystem::path& file) {
    INGOT_ASSIGN(const auto image, PieceReader::open(raw, kFrame), "");
    INGOT_ASSIGN(auto out, OutputFile::create(file), "");
    return in_order(
        image.count(),
        [&](std::uint64_t index) -> Result<std::string> {
            INGOT_ASSIGN(const auto bytes, image.read(index), "");
            return compress::zstd_frame(bytes, kLevel);
        },
        [&](const std::string& frame) { return out.append(frame); });
}

} // namespace ingot::builder::artefacts
