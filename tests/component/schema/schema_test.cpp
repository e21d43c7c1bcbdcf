// What an editor does with the schema: the examples of all roles are clean, and mistakes are found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/places/places.hpp"

namespace ingot {
namespace {

using testing::HasSubstr;

/// validate.py SCHEMA: reads YAML from standard input, prints a line for each fault; "clean" if there is none.
constexpr std::string_view kValidate = R"(
import json, sys
import jsonschema, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
faults = list(jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(sys.stdin)))
for fault in faults:
    print("/".join(map(str, fault.absolute_path)) + ": " + fault.message[:300])
if not faults:
    print("clean")
)";
/// examples.py SCHEMA: every example of the schema is held against its own key.
constexpr std::string_view kExamples = R"(
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
count = 0
for name, value in schema["properties"].items():
    for example in value.get("examples", []):
        jsonschema.Draft7Validator(value).validate(example)
        count += 1
print(count)
)";

class Schema : public testing::Test {
  protected:
    void SetUp() override {
        if (python("import jsonschema, yaml", "").exit_code != 0) {
            GTEST_SKIP() << "needs python3-jsonschema and python3-yaml, installed or unpacked in build/tools";
        }
        const auto printed = run({(tests::source_dir() / "build/bin/ingot").string(), "schema"});
        ASSERT_EQ(printed.exit_code, 0) << printed.err;
        ASSERT_TRUE(files::write(schema_, printed.out).has_value());
    }
    process::Output run(std::vector<std::string> argv, std::string input = {}) {
        const auto packages = (tests::source_dir() / "build/tools/usr/lib/python3/dist-packages").string();
        return processes_
            .run({.argv = std::move(argv),
                  .environment = {{"PYTHONPATH", packages}, {"PATH", "/usr/bin:/bin"}},
                  .input = std::move(input)})
            .value();
    }
    process::Output python(std::string_view program, const std::string& input) {
        return run({"python3", "-c", std::string(program), schema_.string()}, input);
    }
    std::string validate(const std::string& text) {
        const auto done = python(kValidate, text);
        EXPECT_EQ(done.exit_code, 0) << done.err;
        return done.out;
    }
    static std::filesystem::path example(const std::string& role) {
        return tests::source_dir() / "examples/user-data" / (role + ".yaml");
    }

    process::PosixProcesses processes_{};
    files::TempDir folder_ = files::TempDir::create().value();
    std::filesystem::path schema_ = folder_.path() / "schema.json";
};

TEST_F(Schema, FindsNothingInTheExampleOfEachRoleAndTheAgentPlansIt) {
    for (const std::string role : {"db", "etcd", "proxy", "backup"}) {
        SCOPED_TRACE(role);
        EXPECT_EQ(validate(files::read(example(role)).value()), "clean\n");
        const auto planned =
            run({(tests::source_dir() / "build/bin/ingot-agent").string(), "plan", example(role).string()});
        EXPECT_EQ(planned.exit_code, 0) << planned.out << planned.err;
        EXPECT_THAT(planned.out, HasSubstr(role + " of the cluster example"));
        EXPECT_THAT(planned.out, testing::Not(HasSubstr("warning:")));
    }
}

TEST_F(Schema, HasExamplesThatFitIt) {
    const auto done = python(kExamples, "");
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_GT(text::to_number(text::trim(done.out)).value_or(0), 20);
}

struct Mistake {
    std::string_view right;
    std::string_view wrong;
    std::string_view fault;
};

TEST_F(Schema, FindsMistakes) {
    const auto good = files::read(example("db")).value();
    for (const auto& [right, wrong, fault] : std::vector<Mistake>{
             {"  postgres:\n", "  postgress:\n", "ingot: Additional properties are not allowed ('postgress' was"},
             {"ntp:\n", "npt:\n", "'npt' was unexpected"},
             {"  servers:", "  server:", "ntp: Additional properties are not allowed ('server' was unexpected)"},
             {"version: 17", "version: 12", "ingot/postgres/version: 12 is less than the minimum of 13"},
             {"  role: db", "  role: database", "ingot/role: 'database' is not one of"},
             {"  cluster: example\n", "  cluster: Example\n", "ingot/cluster: 'Example' does not match"},
             {"  cluster: example\n", "", "ingot: 'cluster' is a required property"},
             {"incr: every 360m", "incr: sometimes", "ingot/backup/schedule/incr"},
             {"label: pgdata}", "lable: pgdata}", "fs_setup/0: Additional properties are not allowed ('lable' was"},
             {"type: s3", "type: gcs", "ingot/backup/repositories/1/type: 'gcs' is not one of"},
             {"network: 10.0.0.0/24", "network: 10.0.0.0", "ingot/network: '10.0.0.0' does not match"},
             {"      - 10.2.0.0/16", "      - anywhere", "ingot/firewall/ssh/0: 'anywhere' does not match"}}) {
        const auto place = good.find(right);
        ASSERT_NE(place, std::string::npos) << right;
        auto bad = good;
        bad.replace(place, right.size(), wrong);
        EXPECT_THAT(validate(bad), HasSubstr(std::string(fault)));
    }
}

TEST_F(Schema, TakesWhatTheReaderTakes) {
    EXPECT_EQ(validate("#cloud-config\n"
                       "users: [default, {name: ann, sudo: false, groups: 'a, b', expiredate: '2027-12-31'}]\n"
                       "groups: [ops, {dba: [ann]}]\n"
                       "runcmd: ['true', [touch, /x], null]\n"
                       "write_files: [{path: /a, permissions: 0644}, {path: /b, permissions: '0600', content: 5}]\n"
                       "manage_etc_hosts: true\nresize_rootfs: noblock\nssh_pwauth: 'Yes'\n"
                       "disk_setup: {/dev/sdb: {layout: [50, [50, 82]]}}\ngrowpart: {mode: off}\n"
                       "packages: [htop, [tmux, 3.3a-3], {apt: [vim]}]\nswap: {size: 1073741824}\n"
                       "apt: {sources: {mine: {source: 'deb http://x y z', keyid: abc}}}\nsnap: {}\n"),
              "clean\n");
    EXPECT_THAT(validate("write_files: [{path: /a, source: {uri: http://x}}]\n"), HasSubstr("write_files/0/source"));
}

} // namespace
} // namespace ingot
