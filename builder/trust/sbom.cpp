#include "builder/trust/sbom.hpp"

#include <algorithm>
#include <array>

#include "builder/packages/locations.hpp"
#include "common/clock/clock.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::trust {

namespace {

using json::Json;

constexpr auto kUnknown = "NOASSERTION";
constexpr auto kImage = "SPDXRef-Image";
constexpr auto kDocument = "SPDXRef-DOCUMENT";

/// Letters, digits, "." and "-" are all that an SPDX identifier may hold.
std::string identifier(std::string_view name) {
    std::string id = "SPDXRef-Package-";
    for (const char character : name) {
        const bool plain = (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
                           character == '-' || character == '.';
        id += plain ? std::string(1, character) : text::format(".{:02x}.", static_cast<unsigned char>(character));
    }
    return id;
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~";
    std::string encoded;
    for (const char character : text) {
        if (kPlain.find(character) != std::string_view::npos) {
            encoded += character;
        } else {
            encoded += text::format("%{:02X}", static_cast<unsigned char>(character));
        }
    }
    return encoded;
}

bool is_debian(std::string_view repository) { return repository == "debian" || repository == "debian-security"; }

/// "Debian GCC Maintainers <a@b>" → "Organization: Debian GCC Maintainers (a@b)"
std::string actor(std::string_view maintainer) {
    const auto open = maintainer.find('<');
    const auto name = text::trim(maintainer.substr(0, open));
    if (name.empty()) { return kUnknown; }
    const auto lowered = text::lower(name);
    constexpr std::array<std::string_view, 7> kMany = {"team",   "maintainers", "group", "developers",
                                                       "packag", "project",     "debian"};
    const bool several =
        std::ranges::any_of(kMany, [&](auto word) { return lowered.find(word) != std::string::npos; });
    auto text = text::format("{}: {}", several ? "Organization" : "Person", name);
    if (open != std::string_view::npos) {
        auto address = maintainer.substr(open + 1);
        address = address.substr(0, address.find('>'));
        text += text::format(" ({})", address);
    }
    return text;
}

struct Naming {
    std::string suite;
    std::string repository; ///< empty: in no archive
    std::string address{};  ///< of a repository that is not Debian's
};

std::string purl(const packages::Package& package, const Naming& naming) {
    // Without a repository it is ours: a "generic" package, which no vulnerability list of Debian speaks about.
    if (naming.repository.empty()) {
        return text::format("pkg:generic/{}@{}", percent_encoded(package.name), percent_encoded(package.version));
    }
    auto text = text::format("pkg:deb/debian/{}@{}?arch={}&distro={}", percent_encoded(package.name),
                             percent_encoded(package.version), package.architecture, percent_encoded(naming.suite));
    if (!is_debian(naming.repository)) { text += "&repository_url=" + percent_encoded(naming.address); }
    return text;
}

Json describe(const packages::Package& package, const Naming& naming, const Installed& installed) {
    const auto& licence = installed.licence;
    Json value = {{"SPDXID", identifier(package.name)},
                  {"name", package.name},
                  {"versionInfo", package.version},
                  {"supplier", is_debian(naming.repository) ? "Organization: Debian" : kUnknown},
                  {"originator", actor(installed.maintainer)},
                  {"downloadLocation",
                   naming.repository.empty() || is_debian(naming.repository) ? std::string(kUnknown) : package.uri},
                  {"filesAnalyzed", false}};
    value["checksums"] = Json::array({{{"algorithm", "SHA256"}, {"checksumValue", package.sha256}}});
    if (!installed.homepage.empty()) { value["homepage"] = installed.homepage; }
    if (!installed.source.empty()) {
        value["sourceInfo"] =
            text::format("built from the source package {} {}", installed.source, installed.source_version);
    }
    value["licenseConcluded"] = kUnknown;
    value["licenseDeclared"] = licence.expression.empty() ? std::string(kUnknown) : licence.expression;
    if (licence.expression.empty() && !licence.named.empty()) {
        value["licenseComments"] = "Debian's copyright file names: " + text::join(licence.named, "; ");
    }
    value["copyrightText"] = kUnknown;
    value["externalRefs"] = Json::array({{{"referenceCategory", "PACKAGE-MANAGER"},
                                          {"referenceType", "purl"},
                                          {"referenceLocator", purl(package, naming)}}});
    return value;
}

Json describe_image(const artefacts::Manifest& manifest) {
    return {
        {"SPDXID", kImage},
        {"name", text::format("ingot-{}", manifest.role)},
        {"versionInfo", clock::to_rfc3339(clock::WallTime{std::chrono::seconds(manifest.date)})},
        {"supplier", kUnknown},
        {"downloadLocation", kUnknown},
        {"filesAnalyzed", false},
        {"primaryPackagePurpose", "OPERATING-SYSTEM"},
        {"licenseConcluded", kUnknown},
        {"licenseDeclared", kUnknown},
        {"copyrightText", kUnknown},
        {"comment", text::format("Debian {} for {}, role {}", manifest.suite, manifest.architecture, manifest.role)}};
}

Json relation(std::string_view from, std::string_view type, std::string_view to) {
    return {{"spdxElementId", from}, {"relationshipType", type}, {"relatedSpdxElement", to}};
}

} // namespace

std::map<std::string, Installed> parse_status(std::string_view text) {
    std::map<std::string, Installed> installed;
    std::string name;
    for (const auto& line : text::lines(text)) {
        const auto colon = line.find(": ");
        if (line.empty()) { name.clear(); }
        if (line.empty() || line.front() == ' ' || colon == std::string::npos) { continue; }
        const auto field = std::string_view(line).substr(0, colon);
        auto value = std::string(text::trim(std::string_view(line).substr(colon + 2)));
        if (field == "Package") {
            name = value;
            installed[name].source = value;
            continue;
        }
        if (name.empty()) { continue; }
        auto& package = installed[name];
        if (field == "Version") {
            package.version = value;
            if (package.source_version.empty()) { package.source_version = value; }
        } else if (field == "Architecture") {
            package.architecture = value;
        } else if (field == "Maintainer") {
            package.maintainer = value;
        } else if (field == "Homepage") {
            package.homepage = value;
        } else if (field == "Source") {
            const auto open = value.find(" (");
            package.source = value.substr(0, open);
            if (open != std::string::npos) {
                package.source_version = value.substr(open + 2, value.size() - open - 3);
            }
        }
    }
    return installed;
}

Result<std::map<std::string, Installed>> read_installed(const std::filesystem::path& root) {
    INGOT_ASSIGN(const auto status, files::read(root / "var/lib/dpkg/status"), "reading the list of packages");
    auto installed = parse_status(status);
    for (auto& [name, package] : installed) { package.licence = licence_of(copyright_of(root, name)); }
    return installed;
}

std::string render_sbom(const artefacts::Manifest& manifest, const std::map<std::string, Installed>& installed,
                        std::string_view own) {
    const clock::WallTime date{std::chrono::seconds(manifest.date)};
    auto packages = Json::array({describe_image(manifest)});
    auto relations = Json::array({relation(kDocument, "DESCRIBES", kImage)});
    const auto add = [&](const packages::Package& package, const Naming& naming) {
        const auto found = installed.find(package.name);
        packages.push_back(describe(package, naming, found == installed.end() ? Installed{} : found->second));
        relations.push_back(relation(kImage, "CONTAINS", identifier(package.name)));
    };
    for (const auto& package : manifest.packages) {
        Naming naming{.suite = manifest.suite,
                      .repository = packages::location_of(package.uri, manifest.sources).repository};
        const auto source = std::ranges::find(manifest.sources, naming.repository, &packages::SourceEntry::name);
        if (source != manifest.sources.end() && !source->uris.empty()) { naming.address = source->uris.front(); }
        add(package, naming);
    }
    if (const auto found = installed.find(std::string(own)); !own.empty() && found != installed.end()) {
        add({.name = std::string(own),
             .version = found->second.version,
             .architecture = found->second.architecture,
             .sha256 = manifest.agent_sha256},
            {.suite = manifest.suite, .repository = {}});
    }
    Json document = {{"spdxVersion", "SPDX-2.3"},
                     {"dataLicense", "CC0-1.0"},
                     {"SPDXID", kDocument},
                     {"name", text::format("ingot-{}-{}-{}", manifest.role, manifest.suite, manifest.architecture)}};
    const auto content = crypto::sha256_hex(json::to_line(packages) + clock::to_rfc3339(date));
    document["documentNamespace"] = text::format("https://spdx.org/spdxdocs/ingot-{}-{}", manifest.role, content);
    document["creationInfo"] = {{"created", clock::to_rfc3339(date)}, {"creators", Json::array({"Tool: ingot"})}};
    document["packages"] = std::move(packages);
    document["relationships"] = std::move(relations);
    return json::to_text(document);
}

} // namespace ingot::builder::trust
