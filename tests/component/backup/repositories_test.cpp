// Our configuration of pgBackRest against the real thing: pgBackRest and PostgreSQL of the db image, an S3 server
// over TLS with path style, OpenSSH's sshd, pgBackRest's TLS server. One world, see world.sh; its checks are in
// checks.sh.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/backup/render.hpp"
#include "firstboot/backup/repository.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::firstboot;

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

process::Output run(std::vector<std::string> argv, std::chrono::seconds timeout = 60s) {
    process::PosixProcesses processes;
    auto output = processes.run({.argv = std::move(argv), .timeout = timeout});
    return output ? *std::move(output) : process::Output{.exit_code = -1, .err = output.error().to_string()};
}

class Repositories : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) { GTEST_SKIP() << "needs root for its namespaces"; }
        if (!files::exists(image())) { GTEST_SKIP() << "INGOT_IMAGES names no db image; ./dev test builds it"; }
        if (!files::exists(variable("INGOT_S3") + "/@20minutes/s3rver")) {
            GTEST_SKIP() << "INGOT_S3 names no S3 server; ./dev test fetches it";
        }
    }
    static fs::path image() { return fs::path(variable("INGOT_IMAGES")) / "db/root.squashfs"; }
    [[nodiscard]] fs::path in(std::string_view path) const { return folder.path() / path; }
    void write(std::string_view path, std::string_view content) const {
        const auto written = files::write(in(path), content);
        ASSERT_TRUE(written) << written.error().to_string();
    }
    std::string read(std::string_view path) const { return files::read(in(path)).value_or("<missing>"); }

    /// A key of its own for ssh; the private one.
    std::string make_ssh_key(const std::string& name) const {
        EXPECT_EQ(run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", in(name)}).exit_code, 0);
        return read(name);
    }

    NodeSpec node{.name = "db-1",
                  .instance_id = "i-1",
                  .address = "127.0.0.21",
                  .cpus = 2,
                  .config = {.cluster = "orders",
                             .cluster_id = "6f1c2d3e-0000-4000-8000-000000000000",
                             .role = cloud_init::Role::db,
                             .network = "127.0.0.0/24"}};
    files::TempDir folder = files::TempDir::create("ingot-backup-").value();
};

} // namespace

TEST_F(Repositories, OfEveryKindTakeWalAndBackupsAndGiveThemBack) {
    const auto now = clock::SystemClock().now();
    const auto ca = crypto::make_ca("orders", "db", now, {"backup"}).value();
    const auto other_ca = crypto::make_ca("elsewhere", "s3", now).value();
    const auto identity = [&](const char* place, const char* role, const char* name, const char* address) {
        const auto leaf =
            crypto::issue_leaf(
                ca, {.cluster = "orders", .role = role, .common_name = name, .ip_addresses = {address}}, now)
                .value();
        const auto pki = std::string(place) + "/etc/ingot/pki/";
        write(pki + "node.crt", leaf.certificate_pem);
        write(pki + "node.key", leaf.key_pem.reveal());
        write(pki + "ca-db.crt", ca.certificate_pem);
    };
    identity("db", "db", "db-1", "127.0.0.21");
    identity("host", "backup", "backup-1", "127.0.0.41");
    const auto s3_leaf =
        crypto::issue_leaf(other_ca,
                           {.cluster = "elsewhere", .role = "s3", .common_name = "s3", .dns_names = {"s3.test"}}, now)
            .value();
    write("s3.crt", s3_leaf.certificate_pem);
    write("s3.key", s3_leaf.key_pem.reveal());
    write("s3.account", "AK1 geheim\n");
    write("db/etc/hosts", "127.0.0.1 localhost\n127.0.0.61 s3.test\n");
    write("db/etc/ssh/host_key", make_ssh_key("host_key"));
    const auto client_key = make_ssh_key("client_key");
    write("db/etc/ssh/client.pub", read("client_key.pub"));
    const auto fingerprint = text::split(run({"ssh-keygen", "-lf", in("host_key.pub")}).out, ' ');
    ASSERT_GT(fingerprint.size(), 1U);

    node.config.backup.repositories = {
        {.path = "/var/lib/pgbackrest", .store = cloud_init::HostStore{.address = "127.0.0.41"}},
        {.name = "s3",
         .path = "/pg",
         .store = cloud_init::S3Store{.endpoint = "s3.test",
                                      .port = 9000,
                                      .bucket = "backups",
                                      .region = "eu-1",
                                      .path_style = true,
                                      .ca = other_ca.certificate_pem,
                                      .key = "AK1",
                                      .secret = crypto::Secret("geheim")}},
        {.name = "sftp",
         .path = "/srv/backups",
         .store = cloud_init::SftpStore{.host = "127.0.0.51",
                                        .user = "postgres",
                                        .host_key = fingerprint[1],
                                        .private_key = crypto::Secret(client_key)}},
        {.path = "/var/lib/pgbackrest"}};
    node.config.backup.cipher_pass = crypto::Secret("correct-horse-battery");
    for (const auto& file : backup::repository_files(node)) { write("db" + file.path, file.content); }
    write("db/etc/pgbackrest/pgbackrest.conf",
          backup::render_config(node, {.data_directory = "/var/lib/postgresql/17/main",
                                       .socket_folder = "/var/run/postgresql",
                                       .disk_bytes = 10ULL << 30U}));
    write("db/etc/pgbackrest/conf.d/clients.conf", backup::render_clients(node, {"db-1"}));
    auto host = node;
    host.name = "backup-1";
    host.address = "127.0.0.41";
    std::erase_if(host.config.backup.repositories, [](const auto& repository) { // as its user-data has it
        return !std::holds_alternative<cloud_init::HostStore>(repository.store);
    });
    write("host/etc/pgbackrest/pgbackrest.conf", backup::render_host_config(host).value());
    write("host/etc/pgbackrest/conf.d/clients.conf", backup::render_clients(host, {"db-1"}));

    const auto here = tests::source_dir() / "tests";
    const auto output = run({here / "component/backup/world.sh", folder.path(), image(), variable("INGOT_S3"),
                             here / "support/s3_server.js", here / "component/backup/checks.sh"},
                            600s);
    EXPECT_EQ(output.exit_code, 0) << output.out << output.err;
    EXPECT_THAT(output.out, HasSubstr("check: done"));

    const auto unknown = backup::repositories_from_json(read("info-unknown-client.json"), "orders", 1);
    ASSERT_TRUE(unknown.has_value()) << read("info-unknown-client.json");
    EXPECT_TRUE(unknown->back().unreachable()) << unknown->back().message;
    EXPECT_THAT(read("foreign.txt"), HasSubstr("[028]"));
    const auto wrong = backup::repositories_from_json(read("info-wrong-secret.json"), "orders", 2);
    ASSERT_TRUE(wrong.has_value()) << read("info-wrong-secret.json");
    EXPECT_TRUE(wrong->back().unreachable());
    EXPECT_THAT(wrong->back().message, HasSubstr("the S3"));
}
