#include "firstboot/node/signed.hpp"

#include "cloud-init/signature/signature.hpp"
#include "common/gzip/gzip.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kKeys = "/usr/lib/ingot/user-data.pub";
constexpr std::size_t kLargest = std::size_t{16} << 20U;

} // namespace

Result<std::optional<PublicKeys>> user_data_keys(const files::Root& root) {
    if (!files::exists(root.at(kKeys))) { return std::optional<PublicKeys>{}; }
    auto content = files::read(root.at(kKeys));
    auto keys = content ? cloud_init::read_public_keys(*content) : std::move(content).error();
    if (keys) { return std::optional(*std::move(keys)); }
    return fail(ErrorKind::refused,
                text::format("{}, by which user-data is checked: {}", kKeys, std::move(keys).error().to_string()));
}

std::vector<std::string> leave_out_unsigned(Metadata& metadata) {
    std::vector<std::string> said;
    if (!metadata.public_keys.empty()) {
        said.emplace_back("the ssh keys of the metadata are left out: nobody signed them");
        metadata.public_keys.clear();
    }
    if (!text::trim(metadata.vendor_data).empty()) {
        said.emplace_back("the vendor-data is left out: nobody signed it");
        metadata.vendor_data.clear();
    }
    return said;
}

Result<std::string> signed_text(std::string_view text, const PublicKeys& keys, std::string_view beside) {
    // Beside a file: over its bytes as they are. In the text: the line is inside what was compressed.
    if (!beside.empty() && cloud_init::verify_user_data(text, keys, beside)) { return std::string(text); }
    if (!gzip::is_gzip(text)) {
        INGOT_TRY(cloud_init::verify_user_data(text, keys, beside), "");
        return std::string(text);
    }
    INGOT_ASSIGN(auto inside, gzip::decompress(text, kLargest), "the user-data");
    INGOT_TRY(cloud_init::verify_user_data(inside, keys), "");
    return inside;
}

} // namespace ingot::firstboot
