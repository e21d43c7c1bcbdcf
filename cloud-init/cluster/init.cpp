// A new cluster: the choices that nobody made get defaults, and everything random is drawn, once.
#include "cloud-init/cluster/cluster.hpp"

#include "cloud-init/userdata/network.hpp"
#include "cloud-init/userdata/rules.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

constexpr int kFounders = 3;
constexpr std::uint32_t kFirstFounder = 11;
constexpr std::size_t kSaltBytes = 16;

Result<std::map<std::string, std::string>> founders_in(const std::string& written) {
    const auto network = Network::parse(written);
    if (!network) {
        return fail(ErrorKind::invalid_input, text::format("'{}' is no network, as in 10.0.0.0/24", written));
    }
    if (network->written() != network->first()) {
        return fail(ErrorKind::invalid_input, text::format("'{}' has bits behind its prefix; did you mean '{}'?",
                                                           written, network->to_string()));
    }
    std::map<std::string, std::string> founders;
    for (int number = 1; number <= kFounders; ++number) {
        const auto address = network->first().plus(kFirstFounder + static_cast<std::uint32_t>(number) - 1);
        // The .20s and .30s are where the lab puts db and proxy machines, so a small network is too small.
        if (!network->contains(address.plus(kFirstFounder * 3))) {
            return fail(
                ErrorKind::invalid_input,
                text::format("'{}' is too small for the addresses of a cluster; use at least a /26", written));
        }
        founders[text::format("etcd-{}", number)] = address.to_string();
    }
    return founders;
}

Result<crypto::Identity> make_authority(std::string_view cluster, Role role, clock::WallTime now) {
    std::vector<std::string> also;
    if (role == authority_of(Role::backup)) { also.emplace_back(to_string(Role::backup)); }
    return crypto::make_ca(cluster, to_string(role), now, std::move(also));
}

RoleToken draw_token(int epoch) {
    constexpr std::size_t kTokenBytes = 32;
    return {.epoch = epoch, .secret = crypto::Secret(crypto::random_bytes(kTokenBytes))};
}

} // namespace

Result<int> rotate_token(Secrets& secrets, Role role) {
    const auto known = secrets.tokens.find(role);
    if (known == secrets.tokens.end() || known->second.empty()) {
        return fail(ErrorKind::invalid_input, text::format("role {} has no token", to_string(role)));
    }
    auto& tokens = known->second;
    const int epoch = tokens.front().epoch + 1;
    tokens.insert(tokens.begin(), draw_token(epoch));
    tokens.resize(2);
    ++secrets.generation;
    return epoch;
}

Result<RotationPhase> rotate_authority(Secrets& secrets, Role role, std::string_view cluster, clock::WallTime now) {
    auto& authority = secrets.authorities[role];
    ++secrets.generation;
    if (authority.previous_pem) {
        authority.previous_pem.reset();
        return RotationPhase::dropped;
    }
    if (authority.next) {
        authority.previous_pem = std::move(authority.current.certificate_pem);
        authority.current = *std::move(authority.next);
        authority.next.reset();
        return RotationPhase::switched;
    }
    INGOT_ASSIGN(authority.next, make_authority(cluster, role, now), "making the next CA");
    return RotationPhase::bundle;
}

std::string bundle_of(const Authority& authority) {
    return authority.current.certificate_pem + (authority.next ? authority.next->certificate_pem : "") +
           authority.previous_pem.value_or("");
}

Result<UserSecret> draw_user_secret() {
    UserSecret secret{.password = crypto::random_password(), .verifier = {}};
    INGOT_ASSIGN(secret.verifier, crypto::scram_verifier(secret.password, crypto::random_bytes(kSaltBytes)), "");
    return secret;
}

Result<NewCluster> init_cluster(const InitOptions& options, clock::WallTime now) {
    if (!is_cluster_name(options.name)) {
        return fail(
            ErrorKind::invalid_input,
            text::format("'{}' cannot name a cluster: a letter, then up to 30 lower-case letters, digits or '-', "
                         "not ending in '-'",
                         options.name));
    }
    NewCluster made;
    Cluster& cluster = made.cluster;
    cluster.name = options.name;
    cluster.id = crypto::random_uuid();
    cluster.network = options.network;
    INGOT_ASSIGN(cluster.topology.etcd, founders_in(options.network), "");
    cluster.ssh_authorized_keys = options.ssh_authorized_keys;
    cluster.postgres.synchronous = options.synchronous;
    cluster.postgres.databases = {{.name = "app", .owner = "app"}};
    cluster.postgres.users = {"app"};
    cluster.backup.repositories = {{.name = "posix", .path = "/var/lib/pgbackrest"}};

    Secrets& secrets = made.secrets;
    secrets.id = cluster.id;
    for (const Role role : {Role::etcd, Role::db, Role::proxy}) {
        INGOT_ASSIGN(auto authority, make_authority(cluster.name, role, now), "making the CAs");
        secrets.authorities.insert_or_assign(role, Authority{.current = std::move(authority)});
    }
    for (const Role role : kJoiningRoles) { secrets.tokens[role] = {draw_token(1)}; }
    for (const auto& user : cluster.postgres.users) {
        INGOT_ASSIGN(auto secret, draw_user_secret(), "drawing a password");
        secrets.users.insert_or_assign(user, std::move(secret));
    }
    constexpr std::size_t kCipherLength = 48; // 285 bits: more than the cipher's 256
    secrets.cipher_pass = crypto::random_password(kCipherLength);
    // Whatever was given is held to the same rules as a file that somebody wrote.
    INGOT_TRY(parse_cluster(render_cluster(cluster), kClusterFile), "");
    return made;
}

Status write_new_cluster(const std::filesystem::path& directory, const NewCluster& made) {
    const auto cluster_path = directory / kClusterFile;
    const auto secrets_path = directory / kSecretsFile;
    for (const auto& path : {cluster_path, secrets_path}) {
        if (files::exists(path)) {
            return fail(ErrorKind::refused,
                        text::format("{} is there already; a cluster's secrets are never replaced", path.string()));
        }
    }
    // Secrets first: a cluster.yaml without its secrets would look complete.
    INGOT_TRY(files::write(secrets_path, render_secrets(made.secrets).reveal(), {.mode = 0600}), "");
    INGOT_TRY(files::write(cluster_path, render_cluster(made.cluster)), "");
    return {};
}

} // namespace ingot::cloud_init
