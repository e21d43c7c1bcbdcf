#include "firstboot/etcd/founding.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot {
namespace {

const Founders kTwoFounders{{"etcd-1", "10.0.0.11"}, {"etcd-2", "fd00::12"}};

TEST(Founding, SurvivesItsJson) {
    const Founding founding{.cluster_id = "c",
                            .name = "etcd-1",
                            .instance_id = "i",
                            .phase = Phase::committed,
                            .token = "t",
                            .initial_cluster = "etcd-1=https://10.0.0.11:2380",
                            .nonce = "n",
                            .joined = true,
                            .member_id = 0xfedcba9876543210,
                            .etcd_cluster = 0x8e9e05c52164694d,
                            .leaving = true,
                            .recovered_from = {0xffffffffffffffff, 7}};
    EXPECT_EQ(founding_from_json(to_json_text(founding)).value(), founding);
    EXPECT_FALSE(founding_from_json("{}").has_value());
    EXPECT_FALSE(founding_from_json("").has_value());
}

TEST(Attestation, SurvivesItsJsonAndRefusesOther) {
    const Attestation attestation{.cluster_id = "c",
                                  .name = "etcd-1",
                                  .instance_id = "i",
                                  .phase = Phase::member,
                                  .token = "t",
                                  .has_data = true,
                                  .nonce = "n"};
    EXPECT_EQ(attestation_from_json(to_json_line(attestation)).value(), attestation);
    for (const auto* const text :
         {"", "[]", "{}", R"({"cluster_id":"c","name":"n","instance_id":"i","phase":"odd","token":""})",
          R"({"cluster_id":"c","name":"n","instance_id":7,"phase":"virgin","token":""})"}) {
        EXPECT_FALSE(attestation_from_json(text).has_value()) << text;
    }
}

TEST(FoundingToken, IsTheSameForTheSameMachinesAndNoOthers) {
    const std::map<std::string, std::string> instances{{"etcd-1", "i-1"}, {"etcd-2", "i-2"}};
    const auto token = founding_token("c", kTwoFounders, instances);
    EXPECT_EQ(token.size(), 32U);
    EXPECT_EQ(founding_token("c", kTwoFounders, instances), token);
    EXPECT_NE(founding_token("d", kTwoFounders, instances), token);
    EXPECT_NE(founding_token("c", kTwoFounders, {{"etcd-1", "i-1"}, {"etcd-2", "i-3"}}), token);
    EXPECT_NE(founding_token("c", {{"etcd-1", "10.0.0.11"}, {"etcd-2", "fd00::13"}}, instances), token);
}

TEST(Urls, PutBracketsAroundIpv6) {
    EXPECT_EQ(initial_cluster(kTwoFounders), "etcd-1=https://10.0.0.11:2380,etcd-2=https://[fd00::12]:2380");
    EXPECT_EQ(url_of("10.0.0.11", 2379), "https://10.0.0.11:2379");
}

} // namespace
} // namespace ingot::firstboot
