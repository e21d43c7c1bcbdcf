#include "builder/trust/sbom.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::trust {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kStatus = R"(Package: libstdc++6
Status: install ok installed
Maintainer: Debian GCC Maintainers <debian-gcc@lists.example>
Architecture: amd64
Source: gcc-14 (14.2.0-19)
Version: 14.2.0-19+b1
Description: library
 Package: this is only text
Homepage: http://gcc.gnu.org/

Package: ingot-agent
Maintainer: Jane Doe <jane@example.org>
Architecture: amd64
Version: 0.1.0
)";

artefacts::Manifest manifest(std::string mirror) {
    artefacts::Manifest made{.role = "db", .suite = "trixie", .architecture = "amd64", .date = 1700000000};
    made.agent_sha256 = std::string(64, 'e');
    made.inputs = "abc";
    made.sources = {{.uris = {mirror}, .name = "debian"}, {.uris = {"https://pg.example/apt"}, .name = "pgdg"}};
    made.packages = {{.name = "libstdc++6",
                      .version = "14.2.0-19+b1",
                      .architecture = "amd64",
                      .sha256 = std::string(64, 'a'),
                      .uri = mirror + "/pool/libstdc.deb"},
                     {.name = "postgresql-17",
                      .version = "17.6-1.pgdg13+1",
                      .architecture = "amd64",
                      .sha256 = std::string(64, 'b'),
                      .uri = "https://pg.example/apt/pool/pg.deb"}};
    return made;
}

TEST(BillOfMaterials, NamesEveryPackageWithItsOrigin) {
    const auto text = render_sbom(manifest("http://here/debian"), parse_status(kStatus), "ingot-agent");
    const auto document = json::parse(text);
    ASSERT_TRUE(document) << document.error().to_string();
    EXPECT_EQ(json::string_at(*document, "spdxVersion"), "SPDX-2.3");
    EXPECT_EQ(json::string_at(json::member(*document, "creationInfo"), "created"), "2023-11-14T22:13:20Z");
    const auto& packages = json::member(*document, "packages");
    ASSERT_EQ(packages.size(), 4U) << "the image, two packages, the agent";
    const auto& library = packages[1];
    EXPECT_EQ(json::string_at(library, "SPDXID"), "SPDXRef-Package-libstdc.2b..2b.6");
    EXPECT_EQ(json::string_at(library, "supplier"), "Organization: Debian");
    EXPECT_EQ(json::string_at(library, "originator"),
              "Organization: Debian GCC Maintainers (debian-gcc@lists.example)");
    EXPECT_EQ(json::string_at(library, "sourceInfo"), "built from the source package gcc-14 14.2.0-19");
    EXPECT_EQ(json::string_at(library, "licenseDeclared"), "NOASSERTION");
    const auto locator = [](const json::Json& package) {
        return *json::string_at(json::member(package, "externalRefs")[0], "referenceLocator");
    };
    EXPECT_EQ(locator(library), "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19%2Bb1?arch=amd64&distro=trixie");
    EXPECT_EQ(json::string_at(packages[2], "supplier"), "NOASSERTION");
    EXPECT_THAT(locator(packages[2]), HasSubstr("&repository_url=https%3A%2F%2Fpg.example%2Fapt"));
    EXPECT_EQ(json::string_at(packages[3], "originator"), "Person: Jane Doe (jane@example.org)");
    EXPECT_EQ(locator(packages[3]), "pkg:generic/ingot-agent@0.1.0");
    EXPECT_EQ(json::member(*document, "relationships").size(), 4U);
}

TEST(BillOfMaterials, IsTheSameOnAnyMirrorAndAnotherForOtherPackages) {
    const auto here = render_sbom(manifest("http://here/debian"), parse_status(kStatus), "");
    EXPECT_EQ(here, render_sbom(manifest("https://there/d"), parse_status(kStatus), ""));
    auto other = manifest("http://here/debian");
    other.packages[0].sha256 = std::string(64, 'c');
    const auto space = [](const std::string& text) {
        return *json::string_at(*json::parse(text), "documentNamespace");
    };
    EXPECT_NE(space(here), space(render_sbom(other, parse_status(kStatus), "")));
}

TEST(Licences, AreThoseOfAllFilesWhenSpdxKnowsThem) {
    constexpr auto kFormat = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n";
    const auto of = [&](std::string_view stanzas) { return licence_of(std::string(kFormat) + std::string(stanzas)); };
    EXPECT_EQ(of("Files: *\nLicense: GPL-2+\n text\n\nFiles: debian/*\nLicense: Expat\n").expression,
              "GPL-2.0-or-later AND MIT");
    EXPECT_EQ(of("Files: *\nLicense: LGPL-2.1+ or MPL-1.1, and zlib\n").expression,
              "(LGPL-2.1-or-later OR MPL-1.1) AND Zlib");
    EXPECT_EQ(of("Files: *\nLicense: Expat and ISC\n\nFiles: x\nLicense: Expat\n").expression, "ISC AND MIT");
    EXPECT_EQ(of("Files: *\nLicense: GPL-2.0+\n").expression, "GPL-2.0-or-later");
}

TEST(Licences, AreNotGuessed) {
    constexpr auto kFormat = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n";
    const auto unknown =
        licence_of(std::string(kFormat) + "Files: *\nLicense: GPL-2+\n\nFiles: x\nLicense: public-domain\n");
    EXPECT_EQ(unknown.expression, "");
    EXPECT_THAT(unknown.named, ElementsAre("GPL-2+", "public-domain"));
    EXPECT_EQ(licence_of("This is under the GPL, see the file COPYING.\nLicense: GPL-2+\n").expression, "");
    EXPECT_EQ(licence_of(std::string(kFormat) + "Files: *\nLicense: A\n\nLicense: GPL-2+\n text\n").expression, "");
    EXPECT_EQ(licence_of(std::string(kFormat) + "Files: *\nLicense: GPL-2+ or Expat and ISC\n").expression, "")
        << "without a comma, 'and' binds tighter";
}

TEST(Licences, AreNeverReadFromOutsideTheTree) {
    const auto folder = *files::TempDir::create();
    const auto documents = folder.path() / "root/usr/share/doc";
    ASSERT_TRUE(files::write(documents / "gcc-14-base/copyright", "inside"));
    ASSERT_TRUE(files::write(folder.path() / "copyright", "outside"));
    std::filesystem::create_symlink("gcc-14-base", documents / "libstdc++6");
    std::filesystem::create_symlink(folder.path(), documents / "absolute");
    std::filesystem::create_symlink("../../../..", documents / "upwards");
    std::filesystem::create_symlink("..", documents / "dots");
    const auto root = folder.path() / "root";
    EXPECT_EQ(copyright_of(root, "gcc-14-base"), "inside");
    EXPECT_EQ(copyright_of(root, "libstdc++6"), "inside");
    for (const auto* name : {"absolute", "upwards", "dots", "none"}) {
        EXPECT_EQ(copyright_of(root, name), "") << name;
    }
}

} // namespace
} // namespace ingot::builder::trust
