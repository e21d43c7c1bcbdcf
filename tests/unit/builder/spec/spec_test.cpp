#include "builder/spec/spec.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::spec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> faults_of(std::string_view text) {
    Faults faults;
    static_cast<void>(parse(text, "roles/x.yaml", "x", faults));
    return faults.lines();
}

TEST(RoleSpec, ReadsEverythingThatAFileMaySay) {
    Faults faults;
    const auto file = parse(R"(
extends: base
suite: trixie
packages: [postgresql-17, g++]
overlays: [db]
formats: [tar.zst, raw]
kernel:
  flavour: metal
  command_line: rw quiet
disk: { free: 2G }
before_packages:
  /etc/x.conf: |
    off
units:
  enable: [a.service]
  disable: [b.timer]
  mask: [c@.service]
trim:
  drop: [/usr/share/man/*]
  keep: [/usr/share/man/man1/*]
sources:
  pgdg:
    uris: [https://apt.example.org/pub]
    suites: ["{suite}-pgdg"]
    components: [main, "17"]
    signed_by: keys/pgdg.asc
)",
                            "roles/db.yaml", "db", faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    EXPECT_EQ(file.extends.text, "base");
    EXPECT_EQ(file.suite, "trixie");
    EXPECT_THAT(file.formats, ElementsAre(Format::tar_zst, Format::raw));
    EXPECT_EQ(file.flavour, Flavour::metal);
    EXPECT_EQ(file.command_line, "rw quiet");
    EXPECT_EQ(file.free_bytes, 2ULL << 30U);
    const auto& layer = file.layer;
    EXPECT_EQ(layer.name, "db");
    ASSERT_EQ(layer.packages.size(), 2U);
    EXPECT_EQ(layer.packages[1].text, "g++");
    EXPECT_EQ(layer.packages[1].position.to_string(), "roles/db.yaml:4:27");
    ASSERT_EQ(layer.before_packages.size(), 1U);
    EXPECT_EQ(layer.before_packages[0].content, "off\n");
    EXPECT_EQ(layer.units.mask.at(0).text, "c@.service");
    EXPECT_THAT(layer.trim.keep, ElementsAre("/usr/share/man/man1/*"));
    ASSERT_EQ(layer.sources.size(), 1U);
    EXPECT_THAT(layer.sources[0].components, ElementsAre("main", "17"));
    EXPECT_EQ(layer.sources[0].signed_by.text, "keys/pgdg.asc");
}

TEST(RoleSpec, AnEmptyFileIsAnEmptyLayer) {
    Faults faults;
    const auto file = parse("", "roles/x.yaml", "x", faults);
    EXPECT_TRUE(faults.empty());
    EXPECT_TRUE(file.layer.packages.empty());
}

struct FaultCase {
    const char* name;
    const char* text;
    const char* message;
};

class RoleSpecFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(RoleSpecFaults, AreReportedWithTheirPlace) {
    EXPECT_THAT(faults_of(GetParam().text), ElementsAre(HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RoleSpecFaults,
    testing::Values(
        FaultCase{"unknown_key", "pakages: [a]\n", "roles/x.yaml:1:1: "},
        FaultCase{"nearest_key", "pakages: [a]\n", "packages"},
        FaultCase{"package_name", "packages: [Postgres]\n",
                  "1:12: packages: 'Postgres' is not the name of a package"},
        FaultCase{"package_option", "packages: [--force]\n", "is not the name of a package"},
        FaultCase{"package_version", "packages: [patroni=4.0]\n", "is not the name of a package"},
        FaultCase{"package_twice", "packages: [apt, apt]\n", "1:17: packages: 'apt' stands here twice"},
        FaultCase{"packages_no_list", "packages: apt\n", "packages: expected a list"},
        FaultCase{"unit_without_kind", "units: { enable: [ssh] }\n",
                  "units.enable: 'ssh' is not the full name of a unit"},
        FaultCase{"unit_key", "units: { enabled: [ssh.service] }\n", "enable"},
        FaultCase{"format", "formats: [iso]\n",
                  "1:11: formats: 'iso' is not a format; there are: raw, raw.zst, qcow2, netboot, squashfs, tar.zst"},
        FaultCase{"format_nearest", "formats: [raw, qcow]\n", "1:16: formats: 'qcow' is not a format"},
        FaultCase{"format_hint", "formats: [qcow]\n", "(did you mean 'qcow2'?)"},
        FaultCase{
            "kernel_flavour", "kernel: { flavour: clod }\n",
            "1:20: kernel.flavour: 'clod' is not a kernel; there are: cloud, metal, none (did you mean 'cloud'?)"},
        FaultCase{"kernel_key", "kernel: { flavor: cloud }\n", "flavour"},
        FaultCase{"kernel_line", "kernel: { command_line: 'a; reboot \"x\"' }\n",
                  "a boot loader would take as its own"},
        FaultCase{"kernel_root", "kernel: { command_line: root=/dev/sda1 }\n", "root= is set by the builder"},
        FaultCase{"disk_free", "disk: { free: 12 }\n", "1:15: disk.free: '12' is not a size such as 512M or 2G"},
        FaultCase{"overlay_path", "overlays: [../etc]\n", "is not the name of a folder of overlays/"},
        FaultCase{"suite", "suite: 'a b'\n", "is not the name of a suite"},
        FaultCase{"pattern", "trim: { drop: [usr/share] }\n", "is not an absolute path pattern"},
        FaultCase{"pattern_lines", "trim: { drop: [\"/a\\nforce\"] }\n", "is not an absolute path pattern"},
        FaultCase{"early_path", "before_packages: { etc/x: y }\n", "is not an absolute path of a file"},
        FaultCase{"early_climbs", "before_packages: { /etc/../x: y }\n", "is not an absolute path of a file"},
        FaultCase{"source_without_key", "sources: { a: { uris: [u], suites: [s], components: [c] } }\n",
                  "sources.a.signed_by' is missing"},
        FaultCase{"source_empty_list", "sources: { a: { uris: [], suites: [s], components: [c], signed_by: k } }\n",
                  "sources.a.uris: the list is empty"},
        FaultCase{"source_injection",
                  "sources: { a: { uris: [\"u\\nTrusted: yes\"], suites: [s], components: [c], signed_by: k } }\n",
                  "is not one word"}),
    [](const auto& test) { return test.param.name; });

TEST(RoleSpec, ReportsAllIndependentFaultsAtOnce) {
    EXPECT_EQ(faults_of("suite: '?'\npackages: [A, B]\nunits: { mask: [x] }\nfoo: 1\n").size(), 5U);
}

TEST(RoleSpec, WhatARoleKeepsWordForWordIsNotDroppedBelow) {
    Faults faults;
    const auto db = parse("trim:\n  drop: [/usr/lib/llvm-*, /usr/share/i18n/*]\n", "db.yaml", "db", faults);
    const auto jit = parse("extends: db\ntrim:\n  keep: ['/usr/lib/llvm-*']\n", "jit.yaml", "jit", faults);
    ASSERT_TRUE(faults.empty());
    const auto combined = combine({db, jit});
    EXPECT_THAT(combined.layers.at(0).trim.drop, ElementsAre("/usr/share/i18n/*"));
    EXPECT_THAT(combine({db}).layers.at(0).trim.drop, ElementsAre("/usr/lib/llvm-*", "/usr/share/i18n/*"));
}

TEST(RoleSpec, AChainAddsUpAndTheLastSuiteWins) {
    Faults faults;
    const auto base =
        parse("suite: trixie\npackages: [apt]\nformats: [tar.zst]\nkernel: { flavour: cloud, command_line: rw }\n",
              "b", "base", faults);
    const auto role =
        parse("suite: forky\npackages: [etcd-server]\nkernel: { flavour: metal }\n", "r", "etcd", faults);
    const auto combined = combine({base, role});
    EXPECT_EQ(combined.name, "etcd");
    EXPECT_EQ(combined.suite, "forky");
    EXPECT_THAT(combined.formats, ElementsAre(Format::tar_zst));
    EXPECT_EQ(combined.kernel.flavour, Flavour::metal);
    EXPECT_EQ(combined.kernel.command_line, "rw") << "each part by itself";
    ASSERT_EQ(combined.layers.size(), 2U);
    EXPECT_TRUE(std::ranges::any_of(combined.layers[0].packages, [](const Word& word) {
        return word.text == "linux-image-amd64" && word.position.to_string() == "r:3:20";
    })) << "the kernel is part of the first layer, at the place of the words that chose it";
    EXPECT_EQ(combined.layers[0].name, "base");
}

TEST(RoleSpec, ARoleThatExtendsAnotherHasNodesOfThatRole) {
    Faults faults;
    const auto base = parse("suite: trixie\n", "b", "base", faults);
    const auto db = parse("extends: base\n", "d", "db", faults);
    const auto more = parse("extends: db\npackages: [postgresql-15]\n", "m", "db15", faults);
    EXPECT_EQ(combine({base, db, more}).name, "db15");
    EXPECT_EQ(combine({base, db, more}).node_role, "db") << "the agent is told so in its user-data";
    EXPECT_EQ(combine({base, db}).node_role, "db");
    EXPECT_EQ(combine({base, parse("extends: base\n", "w", "web", faults)}).node_role, "web");
}

TEST(RoleSpec, AnotherSuiteHasItsOwnPackagesOfTheKernel) {
    Faults faults;
    auto role = combine({parse("suite: trixie\npackages: [apt]\nkernel: { flavour: cloud }\n", "b", "base", faults)});
    const auto names = [&role] {
        std::vector<std::string> all;
        for (const auto& word : role.layers[0].packages) { all.push_back(word.text); }
        return all;
    };
    EXPECT_THAT(names(), testing::Contains("systemd-repart"));
    change_suite(role, "bookworm");
    EXPECT_EQ(role.suite, "bookworm");
    EXPECT_THAT(names(), testing::Not(testing::Contains("systemd-repart"))) << "Debian 12 has it in systemd";
    EXPECT_THAT(names(), testing::IsSupersetOf({"apt", "busybox", "linux-image-cloud-amd64"}));
    change_suite(role, "forky");
    EXPECT_THAT(names(), testing::Contains("systemd-repart").Times(1));
}

} // namespace
} // namespace ingot::builder::spec
