#include "common/compress/compress.hpp"

#include <zstd.h>

namespace ingot::compress {

namespace {

ZSTD_CCtx* context_of(void* pointer) { return static_cast<ZSTD_CCtx*>(pointer); }

Result<std::string> compress_with(ZSTD_CCtx* context, std::string_view bytes) {
    std::string frame(ZSTD_compressBound(bytes.size()), '\0');
    const auto size = ZSTD_compress2(context, frame.data(), frame.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size) != 0) {
        return fail(ErrorKind::bug, std::string("zstd cannot compress: ") + ZSTD_getErrorName(size));
    }
    frame.resize(size);
    return frame;
}

} // namespace

Result<std::string> zstd_frame(std::string_view bytes, int level) {
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    auto frame = compress_with(context, bytes);
    ZSTD_freeCCtx(context);
    return frame;
}

Result<std::string> unzstd_frame(std::string_view frame, std::size_t limit) {
    const auto size = ZSTD_getFrameContentSize(frame.data(), frame.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > limit) {
        return fail(ErrorKind::invalid_input, "this is not a zstd frame of a known and bearable size");
    }
    std::string bytes(size, '\0');
    const auto got = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
    if (ZSTD_isError(got) != 0 || got != size) {
        return fail(ErrorKind::invalid_input, std::string("a damaged zstd frame: ") + ZSTD_getErrorName(got));
    }
    return bytes;
}

Result<FrameSize> first_frame(std::string_view bytes) {
    const auto compressed = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
    const auto content = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (ZSTD_isError(compressed) != 0 || content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN) {
        return fail(ErrorKind::invalid_input, "this is not a whole zstd frame of a known size");
    }
    return FrameSize{.compressed = compressed, .content = content};
}

Status unzstd_into(std::string_view frame, std::span<char> into) {
    const auto got = ZSTD_decompress(into.data(), into.size(), frame.data(), frame.size());
    if (ZSTD_isError(got) != 0) {
        return fail(ErrorKind::invalid_input, std::string("a damaged zstd frame: ") + ZSTD_getErrorName(got));
    }
    if (got != into.size()) { return fail(ErrorKind::invalid_input, "a zstd frame of another size"); }
    return {};
}

ZstdCompressor::ZstdCompressor(int level) : context_(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(context_of(context_), ZSTD_c_compressionLevel, level);
}

ZstdCompressor::~ZstdCompressor() { ZSTD_freeCCtx(context_of(context_)); }

Result<std::string> ZstdCompressor::compress(std::string_view bytes) {
    return compress_with(context_of(context_), bytes);
}

} // namespace ingot::compress
