#include <limits>

#include <gtest/gtest.h>

#include "firstboot/metrics/exporters.hpp"
#include "firstboot/metrics/node_metrics.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::metrics {
namespace {

TEST(MetricsText, IsAsPrometheusReadsIt) {
    const Families families = {
        {.name = "a_total",
         .help = "Line\nbreak.",
         .counter = true,
         .samples = {{.labels = {{"x", "q\"\\\n"}}, .value = 3}}},
        {.name = "b",
         .help = "B.",
         .samples = {{.labels = {}, .value = 0.25}, {.labels = {{"y", "1"}}, .value = 1e18}}},
        {.name = "c", .help = "C.", .samples = {}},
        {.name = "d", .help = "D.", .samples = {{.labels = {}, .value = std::numeric_limits<double>::quiet_NaN()}}},
    };
    EXPECT_EQ(to_text(families),
              "# HELP a_total Line\\nbreak.\n# TYPE a_total counter\na_total{x=\"q\\\"\\\\\\n\"} 3\n"
              "# HELP b B.\n# TYPE b gauge\nb 0.25\nb{y=\"1\"} 1e+18\n"
              "# HELP d D.\n# TYPE d gauge\nd NaN\n");
}

TEST(NodeMetrics, SayStateStepsDutiesAndTheCertificatesEnd) {
    const NodeStatus status{
        .node = "db-1",
        .role = "db",
        .cluster = "orders",
        .state = NodeState::ready,
        .steps = {{.name = "db.start", .state = "done"}},
        .duties = {{.name = "db.serve", .state = "failing"}, {.name = "db.backup", .state = "ok"}}};
    const auto text = to_text(node_families(status, clock::WallTime(std::chrono::seconds(1800000000))));
    for (const auto* line :
         {"ingot_node_info{cluster=\"orders\",node=\"db-1\",role=\"db\"} 1\n",
          "ingot_node_state{state=\"ready\"} 1\n", "ingot_node_state{state=\"failed\"} 0\n",
          "ingot_step_done{step=\"db.start\"} 1\n", "ingot_duty_ok{duty=\"db.serve\"} 0\n",
          "ingot_duty_ok{duty=\"db.backup\"} 1\n", "ingot_certificate_not_after_seconds 1800000000\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
    EXPECT_EQ(to_text(node_families(status, std::nullopt)).find("certificate"), std::string::npos);
}

TEST(MetricsPort, PassesExportersOnAndNothingElse) {
    test::World world;
    world.answers = {{"http://127.0.0.1:9100/metrics", {.status = 200, .body = "node_load1 1\n"}}};
    NodeSpec node{.name = "db-1", .address = "127.0.0.1"};
    node.config.role = cloud_init::Role::db;
    const StatusBoard board(world.environment.root.at("/status.json"), world.clock);
    const Metrics served(node, world.environment, board, {[] { return std::string("own 1\n"); }});
    EXPECT_EQ(served.answer({.method = "GET", .path = "/node"}).body, "node_load1 1\n");
    EXPECT_NE(served.answer({.method = "GET", .path = "/metrics"}).body.find("own 1\n"), std::string::npos);
    EXPECT_EQ(served.answer({.method = "GET", .path = "/postgres"}).status, 502);
    EXPECT_EQ(served.answer({.method = "GET", .path = "/etcd"}).status, 404);
    EXPECT_EQ(served.answer({.method = "GET", .path = "/../etc/passwd"}).status, 404);
    EXPECT_EQ(served.answer({.method = "POST", .path = "/node"}).status, 404);
}

} // namespace
} // namespace ingot::firstboot::metrics
