// ingot user-data: the #cloud-config of a role, on standard output.
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "builder/trust/keys.hpp"
#include "cloud-init/cluster/cluster.hpp"
#include "cloud-init/signature/signature.hpp"
#include "cloud-init/userdata/sections.hpp"
#include "common/clock/clock.hpp"
#include "common/crypto/crypto.hpp"
#include "common/gzip/gzip.hpp"

namespace ingot::builder::cli {

namespace {

constexpr std::size_t kLimit = std::size_t{32} << 10U; // Hetzner's; Amazon takes half of it

struct UserDataArguments {
    std::string role;
    std::string cluster{cloud_init::kClusterFile};
    std::string secrets; ///< beside the cluster file if empty
    bool gzip = false;
    bool base64 = false;
    std::string delayed;
    std::string key{}; ///< signs what is printed, if given
};

Result<int> user_data(const UserDataArguments& arguments) {
    const std::filesystem::path cluster_path = arguments.cluster;
    const auto secrets_path = arguments.secrets.empty() ? cluster_path.parent_path() / cloud_init::kSecretsFile
                                                        : std::filesystem::path(arguments.secrets);
    INGOT_ASSIGN(auto cluster, cloud_init::read_cluster(cluster_path), "");
    if (!arguments.delayed.empty()) {
        cluster.postgres.delayed = cloud_init::duration_from(arguments.delayed);
        if (!cluster.postgres.delayed) {
            return fail(ErrorKind::invalid_input, "--delayed: expected a duration, as in 30s, 10min, 1h, 2d");
        }
    }
    INGOT_ASSIGN(const auto secrets, cloud_init::read_secrets(secrets_path), "");
    const auto role = cloud_init::role_from(arguments.role).value_or(cloud_init::Role::db); // CLI11 has checked it
    INGOT_ASSIGN(auto text, cloud_init::render_user_data(cluster, secrets, role, clock::SystemClock().now()), "");
    if (!arguments.key.empty()) {
        INGOT_ASSIGN(const auto key, trust::read_private_key(arguments.key), "");
        INGOT_ASSIGN(text, cloud_init::sign_user_data(text, key), "");
    }
    // Every agent and cloud-init take gzip; it is used where the plain text would be refused by a provider.
    const bool compressed = arguments.gzip || text.size() > kLimit;
    std::string form = compressed ? gzip::compress(text) : text;
    if (arguments.base64) { form = crypto::base64_encode(form); }
    if (std::fwrite(form.data(), 1, form.size(), stdout) != form.size() || std::fflush(stdout) != 0) {
        return fail(ErrorKind::tool_failed, "writing the user-data to standard output");
    }
    std::fprintf(stderr, "ingot: user-data of role %s: %zu bytes%s%s of at most %zu\n", arguments.role.c_str(),
                 form.size(), compressed ? ", gzip" : "", arguments.base64 ? ", base64" : "", kLimit);
    if (form.size() > kLimit) { std::fprintf(stderr, "ingot: warning: that is more than Hetzner takes\n"); }
    return 0;
}

} // namespace

void add_user_data(CLI::App& app, Action& action) {
    auto arguments = std::make_shared<UserDataArguments>();
    auto* command = app.add_subcommand("user-data", "Print the user-data of a role (it holds secrets)");
    command->add_option("ROLE", arguments->role, "db, etcd, proxy or backup")
        ->required()
        ->check(CLI::IsMember({"db", "etcd", "proxy", "backup"}));
    command->add_option("--cluster", arguments->cluster, "The cluster file")->capture_default_str();
    command->add_option("--secrets", arguments->secrets,
                        "The secrets file (default: secrets.yaml beside the cluster file)");
    command->add_flag("--gzip", arguments->gzip, "Compress it (done anyhow above 32 KiB)");
    command->add_flag("--base64", arguments->base64, "Encode it, for APIs that take user-data so");
    command->add_option("--delayed", arguments->delayed,
                        "db: a replica that stays behind by this much (1h); it never leads and takes no reads");
    command->add_option("--sign", arguments->key,
                        "Sign it with this private key, for images that carry the public one");
    command->callback([arguments, &action] { action = [arguments] { return user_data(*arguments); }; });
}

} // namespace ingot::builder::cli
