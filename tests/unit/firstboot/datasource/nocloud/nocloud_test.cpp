#include "firstboot/datasource/nocloud/nocloud.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::nocloud {
namespace {

TEST(NoCloudLine, HasShortAndLongKeys) {
    const auto line = parse_line("nocloud;s=http://10.0.0.1/x?a=b;i=abc;h=db-1;dsmode=net").value();
    EXPECT_EQ(line.seed, "http://10.0.0.1/x?a=b");
    EXPECT_EQ(line.instance_id, "abc");
    EXPECT_EQ(line.hostname, "db-1");
    const auto long_form = parse_line("nocloud-net;seedfrom=file:///seed;instance-id=i;local-hostname=h").value();
    EXPECT_EQ(long_form.seed, "/seed");
    EXPECT_EQ(long_form.instance_id, "i");
    EXPECT_EQ(long_form.hostname, "h");
    EXPECT_FALSE(parse_line("hetzner").has_value());
    EXPECT_FALSE(parse_line("").has_value());
}

TEST(NoCloudLine, OfTheSerialNumberWinsOverTheCommandLineKeyByKey) {
    const auto line =
        find_line({.command_line = {"ds=nocloud;i=line;h=line"}, .serial = "ds=nocloud;i=serial"}).value();
    EXPECT_EQ(line.instance_id, "serial");
    EXPECT_EQ(line.hostname, "line");
    EXPECT_FALSE(find_line({.serial = "4711"}).has_value());
}

TEST(NoCloudSeedUrl, IsAFolderUnlessItSaysWhereTheNameGoes) {
    EXPECT_EQ(seed_url("http://s/x", "meta-data"), "http://s/x/meta-data");
    EXPECT_EQ(seed_url("http://s/x/", "meta-data"), "http://s/x/meta-data");
    EXPECT_EQ(seed_url("http://s/x?file=", "meta-data"), "http://s/x?file=meta-data");
    EXPECT_EQ(seed_url("http://s/%s.txt", "meta-data"), "http://s/meta-data.txt");
}

TEST(NoCloudMetadata, HasTwoNamesForTheHostName) {
    EXPECT_EQ(parse({.meta_data = "hostname: a\n"})->hostname, "a");
    EXPECT_EQ(parse({.meta_data = "hostname: a\nlocal-hostname: b\n"})->hostname, "b");
    EXPECT_EQ(parse({.meta_data = "- a list\n"}).error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(parse({.meta_data = "a: [\n"}).error().kind, ErrorKind::invalid_input);
}

class ReadSeed : public testing::Test {
  protected:
    Result<std::optional<Metadata>> read_by(std::string_view line) {
        return read(world_.environment, {}, parse_line(line));
    }
    void seed(const std::string& folder) {
        world_.write(folder + "/meta-data", "instance-id: i-1\nlocal-hostname: of-seed\n");
        world_.write(folder + "/user-data", "#cloud-config\n");
    }
    test::World world_{};
};

TEST_F(ReadSeed, FromAFolderWithWhatTheLineSaysFirst) {
    seed("/seed");
    world_.write("/seed/vendor-data", "#cloud-config\nlocale: C\n");
    world_.write("/seed/network-config", "version: 2\n");
    const auto metadata = read_by("nocloud;s=/seed;h=of-line").value().value();
    EXPECT_EQ(metadata.instance_id, "i-1");
    EXPECT_EQ(metadata.hostname, "of-line");
    EXPECT_EQ(metadata.vendor_data, "#cloud-config\nlocale: C\n");
    EXPECT_EQ(metadata.network->text, "version: 2\n");
    EXPECT_EQ(metadata.place, "/seed");
}

TEST_F(ReadSeed, NeedsBothFilesAndHasADefaultId) {
    world_.write("/var/lib/cloud/seed/nocloud-net/meta-data", "");
    EXPECT_FALSE(read_by("nocloud")->has_value());
    world_.write("/var/lib/cloud/seed/nocloud-net/user-data", "");
    EXPECT_EQ(read_by("nocloud").value()->instance_id, "nocloud");
}

TEST_F(ReadSeed, FromAUrlThatTheFirmwareCompletes) {
    world_.write("/sys/class/dmi/id/product_serial", "4711\n");
    world_.answers["http://192.0.2.1/4711/meta-data"] = {.status = 200, .body = "instance-id: far\n"};
    world_.answers["http://192.0.2.1/4711/user-data"] = {.status = 200, .body = "#cloud-config\n"};
    world_.answers["http://192.0.2.1/4711/vendor-data"] = {.status = 404, .body = ""};
    world_.answers["http://192.0.2.1/4711/network-config"] = {.status = 404, .body = ""};
    world_.answers["http://192.0.2.1/4711/user-data.sig"] = {.status = 200, .body = "beside it"};
    const auto metadata = read_by("nocloud;s=http://192.0.2.1/__dmi.system-serial-number__");
    ASSERT_TRUE(metadata.has_value()) << metadata.error().to_string();
    EXPECT_EQ((*metadata)->instance_id, "far");
    EXPECT_EQ((*metadata)->signature, "beside it");
}

TEST_F(ReadSeed, OfAUrlThatHasNoUserDataYetIsWaitedFor) {
    world_.answers["http://192.0.2.1/meta-data"] = {.status = 200, .body = "instance-id: far\n"};
    world_.answers["http://192.0.2.1/user-data"] = {.status = 404, .body = ""};
    const auto metadata = read_by("nocloud;s=http://192.0.2.1/");
    ASSERT_FALSE(metadata.has_value());
    EXPECT_EQ(metadata.error().kind, ErrorKind::transient);
    EXPECT_EQ(metadata.error().to_string(), "reading the NoCloud seed: GET http://192.0.2.1/user-data: HTTP 404");
}

TEST_F(ReadSeed, DoesNotFollowARedirectAndSaysWhereItLeads) {
    world_.answers["http://192.0.2.1/meta-data"] = {
        .status = 302, .headers = {{"location", "http://192.0.2.2/meta-data"}}, .body = ""};
    EXPECT_EQ(read_by("nocloud;s=http://192.0.2.1/").error().to_string(),
              "reading the NoCloud seed: GET http://192.0.2.1/meta-data: HTTP 302, which leads to "
              "http://192.0.2.2/meta-data; redirects are not followed");
}

TEST_F(ReadSeed, WithAnAddressOfAnotherKindIsAMistake) {
    EXPECT_EQ(read_by("nocloud;s=ftp://192.0.2.1/").error().kind, ErrorKind::invalid_input);
}

} // namespace
} // namespace ingot::firstboot::nocloud
