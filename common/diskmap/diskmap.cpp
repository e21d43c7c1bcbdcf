#include "common/diskmap/diskmap.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::diskmap {

namespace {

constexpr int kVersion = 1;
constexpr std::size_t kDigest = 64;
/// Of a frame: zstd makes 4 MiB that cannot be compressed a little longer.
constexpr std::uint64_t kLongestFrame = kPiece + (64U << 10U);
constexpr std::uint64_t kLargestDisk = 1ULL << 44U;

Error wrong(const std::string& what) { return fail(ErrorKind::invalid_input, "this is no map of a disk: " + what); }

bool is_digest(std::string_view text) {
    return text.size() == kDigest && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<Piece> parse_piece(const json::Json& value) {
    if (!value.is_string()) { return wrong("a piece that is no text"); }
    const auto words = text::split(value.get<std::string>(), ' ');
    if (words.size() != 5) { return wrong("a piece that has not five words"); }
    const auto at = text::to_number(words[0]);
    const auto length = text::to_number(words[1]);
    if (!at || !length || *at < 0 || *length <= 0 || static_cast<std::uint64_t>(*length) > kLongestFrame) {
        return wrong("a piece that is nowhere");
    }
    if (words[2] != "data" && words[2] != "zero") { return wrong("a piece that is neither data nor zero"); }
    if (!is_digest(words[3]) || !is_digest(words[4])) { return wrong("a piece without SHA-256"); }
    return Piece{.at = static_cast<std::uint64_t>(*at),
                 .length = static_cast<std::uint64_t>(*length),
                 .zero = words[2] == "zero",
                 .frame_sha256 = words[3],
                 .content_sha256 = words[4]};
}

bool is_path_on_root(const std::string& path) {
    return !path.empty() && !path.starts_with('/') && path.find("..") == std::string::npos;
}

Status check_boot(const DiskMap& map) {
    const auto& boot = map.boot;
    const bool aligned = boot.root_at % kSector == 0 && boot.root_size % kSector == 0;
    if (!aligned || boot.root_size == 0 || boot.root_at > map.size || boot.root_size > map.size - boot.root_at) {
        return wrong("its root filesystem is not within the disk");
    }
    if (!is_path_on_root(boot.kernel) || !is_path_on_root(boot.initrd)) { return wrong("it names no kernel"); }
    return {};
}

} // namespace

std::uint64_t offset_of(std::size_t piece) { return piece * kPiece; }

std::uint64_t length_of(const DiskMap& map, std::size_t piece) {
    return std::min(kPiece, map.size - offset_of(piece));
}

std::uint64_t data_bytes(const DiskMap& map) {
    std::uint64_t sum = 0;
    for (std::size_t index = 0; index < map.pieces.size(); ++index) {
        if (!map.pieces[index].zero) { sum += length_of(map, index); }
    }
    return sum;
}

std::uint64_t data_compressed(const DiskMap& map) {
    std::uint64_t sum = 0;
    for (const auto& piece : map.pieces) { sum += piece.zero ? 0 : piece.length; }
    return sum;
}

std::string render(const DiskMap& map) {
    json::Json value = {{"version", kVersion},
                        {"image", kImageName},
                        {"size", map.size},
                        {"sector_size", kSector},
                        {"piece_size", kPiece},
                        {"boot",
                         {{"root_at", map.boot.root_at},
                          {"root_size", map.boot.root_size},
                          {"kernel", map.boot.kernel},
                          {"initrd", map.boot.initrd},
                          {"command_line", map.boot.command_line}}},
                        {"pieces_are", "at length data|zero sha256-of-frame sha256-of-content"}};
    auto pieces = json::Json::array();
    for (const auto& piece : map.pieces) {
        pieces.push_back(text::format("{} {} {} {} {}", piece.at, piece.length, piece.zero ? "zero" : "data",
                                      piece.frame_sha256, piece.content_sha256));
    }
    value["pieces"] = std::move(pieces);
    return json::to_text(value);
}

Result<DiskMap> parse(std::string_view given) {
    INGOT_ASSIGN(const auto value, json::parse(given), "reading the map of a disk");
    if (json::number_at(value, "version") != kVersion) {
        return wrong(text::format("it is not of version {}, which this program knows", kVersion));
    }
    if (json::unsigned_at(value, "sector_size") != kSector || json::unsigned_at(value, "piece_size") != kPiece ||
        json::string_at(value, "image") != kImageName) {
        return wrong("its sectors, pieces or image are not as this program knows them");
    }
    const auto& boot = json::member(value, "boot");
    DiskMap map{.size = json::unsigned_at(value, "size").value_or(0),
                .boot = {.root_at = json::unsigned_at(boot, "root_at").value_or(0),
                         .root_size = json::unsigned_at(boot, "root_size").value_or(0),
                         .kernel = json::string_at(boot, "kernel").value_or(""),
                         .initrd = json::string_at(boot, "initrd").value_or(""),
                         .command_line = json::string_at(boot, "command_line").value_or("")}};
    if (map.size == 0 || map.size > kLargestDisk || map.size % kSector != 0) {
        return wrong("its size makes no sense");
    }
    INGOT_TRY(check_boot(map), "");
    for (const auto& item : json::member(value, "pieces")) {
        INGOT_ASSIGN(auto piece, parse_piece(item), "");
        const auto expected = map.pieces.empty() ? 0 : map.pieces.back().at + map.pieces.back().length;
        if (piece.at != expected) { return wrong("its pieces are not one behind the other"); }
        map.pieces.push_back(std::move(piece));
    }
    if (map.pieces.size() != (map.size + kPiece - 1) / kPiece) { return wrong("its pieces are not the whole disk"); }
    return map;
}

} // namespace ingot::diskmap
