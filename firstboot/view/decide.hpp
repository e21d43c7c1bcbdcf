// What a caller may ask: pure, so that every refusal has a row in a table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firstboot/view/message.hpp"

namespace ingot::firstboot::view {

/// Who asks, by the certificate that he has shown.
struct Caller {
    std::string name;
    std::string key_sha256;
    std::vector<std::string> addresses{}; ///< that the certificate names
};
/// refused, with the reason, for all but a proxy of this cluster. TLS has verified the certificate before.
Result<Caller> caller_from(std::string_view certificate_pem, std::string_view cluster);

/// The question as it may be put to etcd, with each key and value written anew. refused, with the reason, otherwise.
Result<Question> judge(std::string_view cluster, const Caller& caller, const Question& question);

} // namespace ingot::firstboot::view
