// pgbackrest.conf of a db node: what firstboot/backup renders, for PostgreSQL as it is here.
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

std::string render_pgbackrest(const NodeSpec& node, const Machine& machine, backup::Scope scope) {
    return backup::render_config(node,
                                 {.data_directory = data_directory(node),
                                  .socket_folder = std::string(kSocketFolder),
                                  .port = kPostgresPort,
                                  .disk_bytes = machine.disk_bytes},
                                 scope);
}

} // namespace ingot::firstboot::db
