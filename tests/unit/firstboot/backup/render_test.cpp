#include "firstboot/backup/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace ingot::firstboot::backup {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHostKey = "SHA256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

NodeSpec node_with(std::vector<cloud_init::Repository> repositories) {
    NodeSpec node{.name = "db-1",
                  .instance_id = "i-1",
                  .address = "10.0.0.21",
                  .cpus = 4,
                  .config = {.cluster = "orders",
                             .cluster_id = "6f1c2d3e-0000-4000-8000-000000000000",
                             .role = cloud_init::Role::db,
                             .network = "10.0.0.0/24"}};
    node.config.backup.repositories = std::move(repositories);
    return node;
}

NodeSpec everywhere() {
    auto node = node_with({{.path = "/var/lib/pgbackrest", .store = cloud_init::HostStore{.address = "10.0.0.41"}},
                           {.name = "s3",
                            .path = "/pg/",
                            .store = cloud_init::S3Store{.endpoint = "s3.example.org",
                                                         .port = 9000,
                                                         .bucket = "backups",
                                                         .region = "eu-1",
                                                         .path_style = true,
                                                         .ca = "-----BEGIN CERTIFICATE-----\n",
                                                         .key = "AKIA1",
                                                         .secret = crypto::Secret("geheim")}},
                           {.name = "far",
                            .path = "/srv/pg",
                            .store = cloud_init::SftpStore{.host = "10.9.0.1",
                                                           .port = 23,
                                                           .user = "pg",
                                                           .host_key = std::string(kHostKey),
                                                           .private_key = crypto::Secret("PRIVATE KEY")}},

                           {.path = "/mnt/nfs"}});
    node.config.backup.cipher_pass = crypto::Secret("correct horse");
    node.config.backup.retention = {.days = 30, .diff = 7, .archive = 2};
    return node;
}

constexpr std::uint64_t kDisk = 160ULL << 30U;
Place place() {
    return {
        .data_directory = "/var/lib/postgresql/17/main", .socket_folder = "/var/run/postgresql", .disk_bytes = kDisk};
}

TEST(PgBackRestConfig, WithEveryKindOfRepositoryIsAsAccepted) {
    tests::expect_golden("db/pgbackrest-everywhere.conf", render_config(everywhere(), place()));
}

TEST(PgBackRestConfig, WithoutBackupHostsKeepsTheNumbers) {
    const auto direct = render_config(everywhere(), place(), Scope::direct);
    EXPECT_THAT(direct, Not(HasSubstr("repo1-")));
    EXPECT_THAT(direct, HasSubstr("repo2-type=s3\n"));
    EXPECT_THAT(direct, HasSubstr("repo4-path=/mnt/nfs/orders-6f1c2d3e\n"));
}

TEST(PgBackRestConfig, NeverDropsWal) {
    EXPECT_THAT(render_config(everywhere(), place()), Not(HasSubstr("archive-push-queue-max")));
}

TEST(PgBackRestConfig, OfABackupHostHoldsItsOwnRepositoryOnly) {
    auto host = everywhere();
    host.address = "10.0.0.41";
    const auto config = render_host_config(host).value();
    tests::expect_golden("db/pgbackrest-host.conf", config);
    EXPECT_THAT(config, Not(HasSubstr("geheim")));
    EXPECT_THAT(config, Not(HasSubstr("pg1-")));
    host.address = "10.0.0.42";
    EXPECT_THAT(render_host_config(host).error().to_string(), HasSubstr("this node has the address 10.0.0.42"));
}

TEST(PgBackRestFiles, AreSecretUnlessTheyAreCertificates) {
    const auto files = repository_files(everywhere());
    ASSERT_EQ(files.size(), 2U);
    EXPECT_EQ(files[0].path, "/etc/pgbackrest/repo2-ca.crt");
    EXPECT_FALSE(files[0].secret);
    EXPECT_EQ(files[1].path, "/etc/pgbackrest/repo3.key");
    EXPECT_TRUE(files[1].secret);
    EXPECT_EQ(files[1].content, "PRIVATE KEY\n");
}

TEST(PgBackRestClients, AreTheDbNodesThatAnnouncedThemselves) {
    EXPECT_THAT(render_clients(everywhere(), {"db-2", "db-1", "db-2"}),
                HasSubstr("[global]\ntls-server-auth=db-1=orders\ntls-server-auth=db-2=orders\n"));
}

TEST(RepositoryPaths, GiveANewClusterOfTheSameNameAnotherPath) {
    auto other = everywhere();
    other.config.cluster_id = "11111111-0000-4000-8000-000000000000";
    const cloud_init::Repository repository{.path = "/repo/"};
    EXPECT_EQ(repository_path(everywhere(), repository), "/repo/orders-6f1c2d3e");
    EXPECT_EQ(repository_path(other, repository), "/repo/orders-11111111");
}

TEST(RepositoryPlaces, AreForPeople) {
    const auto node = everywhere();
    const auto& repositories = node.config.backup.repositories;
    EXPECT_EQ(repository_place(node, repositories[1]), "s3 s3.example.org/backups/pg/orders-6f1c2d3e");
    EXPECT_EQ(repository_place(node, repositories[2]), "sftp pg@10.9.0.1:/srv/pg/orders-6f1c2d3e");
    EXPECT_EQ(repository_place(node, repositories[0]), "backup host 10.0.0.41");
    EXPECT_EQ(repository_place(node, repositories[3]), "/mnt/nfs/orders-6f1c2d3e");
}

} // namespace
} // namespace ingot::firstboot::backup
