// Users, databases and extensions of the user-data, made on the leader; and the mark in etcd that says so.
#pragma once

#include <string>

#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// Makes what is missing, sets what is said, and marks it as done for the database with this system identifier. Only
/// on the leader; may be repeated.
Status provision(const Database& database, const std::string& system_id);

} // namespace ingot::firstboot::db
