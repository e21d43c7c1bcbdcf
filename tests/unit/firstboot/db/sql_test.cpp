#include "firstboot/db/sql.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

namespace ingot::firstboot::db {
namespace {

TEST(Provisioning, ScriptIsAsAccepted) {
    const cloud_init::PostgresConfig config{
        .databases = {{.name = "app", .owner = "app"}, {.name = "my \"data\""}},
        .users = {{.name = "app", .password_verifier = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"},
                  {.name = "o'neil", .password_verifier = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy"}}};
    tests::expect_golden("db/provisioning.sql", render_provisioning(config));
}

TEST(Quoting, KeepsHostileNamesInsideTheirQuotes) {
    EXPECT_EQ(quote_identifier("plain"), "\"plain\"");
    EXPECT_EQ(quote_identifier("a\"; DROP ROLE postgres; --"), "\"a\"\"; DROP ROLE postgres; --\"");
    EXPECT_EQ(quote_literal("it's"), "'it''s'");
    EXPECT_EQ(quote_literal("back\\slash'"), " E'back\\\\slash'''");
}

} // namespace
} // namespace ingot::firstboot::db
