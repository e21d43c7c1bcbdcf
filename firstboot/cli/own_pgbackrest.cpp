#include "firstboot/cli/own_pgbackrest.hpp"

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::cli {

namespace {

constexpr std::string_view kFile = "/etc/pgbackrest/pgbackrest.conf";

} // namespace

OwnPgbackrest pgbackrest_from(std::string_view config) {
    OwnPgbackrest own;
    for (const auto& line : text::lines(config)) {
        if (line.starts_with('[') && line.ends_with(']') && !line.starts_with("[global")) {
            own.stanza = line.substr(1, line.size() - 2);
        }
        const auto dash = line.find('-');
        const auto equals = line.find('=');
        if (!line.starts_with("repo") || dash == std::string::npos || equals == std::string::npos) { continue; }
        const auto number = text::to_number(std::string_view(line).substr(4, dash - 4));
        if (!number) { continue; }
        auto& pass = own.repositories[static_cast<int>(*number)];
        if (line.substr(dash + 1, equals - dash - 1) == "cipher-pass") {
            pass = crypto::Secret(line.substr(equals + 1));
        }
    }
    return own;
}

Result<OwnPgbackrest> own_pgbackrest() {
    const auto config = files::read(kFile);
    if (!config) {
        return fail(ErrorKind::not_found,
                    text::format("this node makes no backups: {} is not there or may not be read", kFile));
    }
    auto own = pgbackrest_from(*config);
    if (own.stanza.empty()) { return fail(ErrorKind::not_found, text::format("{} names no stanza", kFile)); }
    return own;
}

} // namespace ingot::firstboot::cli
