#include "firstboot/datasource/media/media.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using ingot::firstboot::media::Blocks;

/// A device that is the input, behind zeros: the interesting part of an iso9660 begins at 32 KiB.
class Memory final : public Blocks {
  public:
    Memory(std::string_view bytes, std::uint64_t before) : bytes_(bytes), before_(before) {}
    [[nodiscard]] ingot::Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
        if (offset + length > before_ + bytes_.size()) {
            return ingot::fail(ingot::ErrorKind::invalid_input, "the end");
        }
        std::string result(length, '\0');
        for (std::size_t index = 0; index < length; ++index) {
            if (offset + index >= before_) { result[index] = bytes_[offset + index - before_]; }
        }
        return result;
    }

  private:
    std::string_view bytes_;
    std::uint64_t before_;
};

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot::firstboot::media;
    constexpr std::uint64_t kBefore = 32768;
    for (const std::uint64_t before : {std::uint64_t{0}, kBefore}) {
        const auto blocks = std::make_shared<Memory>(ingot::fuzz::text_of(data, size), before);
        for (const auto open : {&open_iso9660, &open_fat}) {
            const auto filesystem = open(blocks);
            if (!filesystem || !*filesystem) { continue; }
            for (const auto* const path : {"meta-data", "openstack/latest/meta_data.json", ""}) {
                static_cast<void>((*filesystem)->read(path).has_value());
            }
        }
    }
    return 0;
}
