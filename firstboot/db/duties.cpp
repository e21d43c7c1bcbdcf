#include "firstboot/db/duties.hpp"

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/provisioning.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/db/source.hpp"

namespace ingot::firstboot::db {

namespace {

constexpr std::string_view kCertificate = "/etc/ingot/pki/node.crt";

bool runs(std::string_view unit_state) { return unit_state == "active" || unit_state == "activating"; }

std::string with_line_end(std::string pem) {
    if (!pem.ends_with('\n')) { pem += '\n'; }
    return pem;
}

} // namespace

Status Provisioning::operator()(const Database& database) {
    if (done_) { return {}; }
    INGOT_ASSIGN(const auto leader, ask_whether_leader(database), "");
    if (!leader) { return {}; }
    auto etcd = database.etcd();
    INGOT_ASSIGN(const auto mark, etcd->get(provisioned_key(database)), "");
    if (mark) {
        const auto value = json::parse(mark->value);
        if (value && json::string_at(*value, "system_id") == leader->system_id) {
            done_ = true;
            return {};
        }
    }
    INGOT_TRY(provision(database, leader->system_id), "");
    done_ = true;
    return {};
}

Status BootstrapJanitor::operator()(const Database& database) {
    auto etcd = database.etcd();
    INGOT_ASSIGN(const auto view, observe_bootstrap(database, etcd), "");
    const auto now = database.environment.clock.monotonic();
    if (view.initialize_revision != revision_) {
        revision_ = view.initialize_revision;
        since_ = now;
    }
    if (!is_abandoned(view, std::chrono::duration_cast<std::chrono::milliseconds>(now - since_))) { return {}; }
    INGOT_ASSIGN(const bool removed,
                 etcd->remove_if(patroni_key(database.node.config.cluster, "initialize"), view.initialize_revision),
                 "freeing a bootstrap that was cut off");
    if (removed) { log::warning("a bootstrap was cut off before it made a database; another one may begin"); }
    return {};
}

Result<bool> write_trusted_cas(const Database& database) {
    const auto& root = database.environment.root;
    INGOT_ASSIGN(const auto db_ca, files::read(root.at(text::format("{}/ca-db.crt", paths::kPki))), "");
    INGOT_ASSIGN(const auto proxy_ca, files::read(root.at(text::format("{}/ca-proxy.crt", paths::kPki))), "");
    auto cas = with_line_end(db_ca) + proxy_ca;
    if (streams_from_source(database.node)) {
        const auto& standby = *database.node.config.standby_of;
        INGOT_TRY(files::write_if_different(root.at(kSourceCaFile), with_line_end(db_ca) + standby.ca), "");
        // A standby's members show each other what they show the source.
        cas = with_line_end(cas) + standby.ca;
    }
    return files::write_if_different(root.at(kClientCaFile), cas);
}

Status CertificateWatch::begin(const Database& database) {
    const auto& root = database.environment.root;
    if (files::exists(root.at(data_directory(database.node) + "/PG_VERSION"))) { return {}; } // it may run already
    INGOT_ASSIGN(const auto state, database.environment.services.state(kPatroniUnit), "");
    if (state != "inactive") { return {}; }
    INGOT_ASSIGN(loaded_, files::read(root.at(kCertificate)), "");
    return {};
}

Status CertificateWatch::operator()(const Database& database) {
    INGOT_ASSIGN(auto present, files::read(database.environment.root.at(kCertificate)), "");
    if (present == loaded_) { return {}; }
    INGOT_TRY(write_trusted_cas(database), "writing whose certificates PostgreSQL accepts");
    INGOT_TRY(database.environment.services.reload(kPatroniUnit), "making Patroni read the certificate again");
    // Patroni reloads PostgreSQL only for changed settings, and these are the same files.
    INGOT_TRY(run_sql(database, "SELECT pg_reload_conf();\n"), "making PostgreSQL read the certificate again");
    loaded_ = std::move(present);
    return {};
}

Status check_patroni(const Database& database) {
    INGOT_ASSIGN(const auto status, ask_patroni(database), "");
    const auto readiness = judge(status);
    if (!readiness.ready) { return fail(ErrorKind::transient, readiness.waiting); }
    return {};
}

Status check_service(const Database& database) {
    if (files::exists(database.environment.root.at(kRetiredFile))) { return {}; } // `ingot-agent retire` is at work
    INGOT_ASSIGN(const auto state, database.environment.services.state(kPatroniUnit), "");
    if (!runs(state) && state != "reloading" && state != "deactivating") {
        INGOT_TRY(database.environment.services.start(kPatroniUnit), "starting Patroni again");
        return fail(ErrorKind::transient, text::format("Patroni was {}; it is started again", state));
    }
    return check_patroni(database);
}

} // namespace ingot::firstboot::db
